//! Every key there is, read off the schema: one list for the file, the variables and the suggestions.

use schemars::JsonSchema;
use serde_json::Value;

use crate::VARIABLE_PREFIX;

/// Stands in a section for a name that the operator chooses: `upstreams.*`.
const ANY: &str = "*";

/// Stands in a section for one table of a list: `gateway.routes.[]`. In a file it is `[0]`, `[1]` and so on.
const ITEM: &str = "[]";

/// Every setting of a program.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Keys(Vec<Key>);

/// One setting.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Key {
    /// Where it stands: `tokens`, `upstreams.*` where entries have names, `gateway.routes.[]` where they do not.
    pub(crate) section: String,
    pub(crate) name: String,
    pub(crate) kind: Kind,
}

/// What a setting's value is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Text,
    Integer,
    Flag,
    List,
    /// A table whose keys the operator chooses, taken as a whole.
    Table,
}

impl Keys {
    /// Returns the settings that a type describes.
    pub fn of<T: JsonSchema>() -> Self {
        let mut keys = Vec::new();
        for (section, definition) in members(&schema::<T>()) {
            match entries(definition) {
                Some(entry) => collect(&format!("{section}.{ANY}"), entry, &mut keys),
                None => collect(section, definition, &mut keys),
            }
        }
        Self(keys)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Key> {
        self.0.iter()
    }

    /// Returns the sections that stand at the top of a file.
    pub(crate) fn sections(&self) -> impl Iterator<Item = &str> {
        let mut last = "";
        self.iter().map(Key::top).filter(move |section| std::mem::replace(&mut last, section) != *section)
    }

    pub(crate) fn has_section(&self, name: &str) -> bool {
        self.sections().any(|section| section == name)
    }
}

impl Key {
    /// Returns `section.name`.
    pub(crate) fn dotted(&self) -> String {
        format!("{}.{}", self.section, self.name)
    }

    /// Returns the section as people write it above its settings: `[upstreams.NAME]`, `[[gateway.routes]]`.
    pub(crate) fn header(&self) -> String {
        let shown = shown(&self.section);
        if self.section.ends_with(ITEM) { format!("[[{shown}]]") } else { format!("[{shown}]") }
    }

    fn top(&self) -> &str {
        self.section.split('.').next().unwrap_or_default()
    }

    /// Returns whether it is the setting at this place of the file.
    pub(crate) fn is_at(&self, path: &[&str]) -> bool {
        path.split_last().is_some_and(|(name, section)| *name == self.name && self.is_in(section))
    }

    /// Returns whether it is a setting of this section, or of one below.
    pub(crate) fn is_below(&self, section: &[&str]) -> bool {
        let own: Vec<&str> = self.section.split('.').collect();
        own.len() >= section.len() && own.iter().zip(section).all(|(own, given)| fits(own, given))
    }

    /// Returns whether it is a setting of this very section.
    pub(crate) fn is_in(&self, section: &[&str]) -> bool {
        self.section.split('.').count() == section.len() && self.is_below(section)
    }

    /// Returns whether what stands at this place is a list of tables, and the setting in one of them, or below.
    pub(crate) fn is_listed_at(&self, path: &[&str]) -> bool {
        self.is_below(path) && self.section.split('.').nth(path.len()) == Some(ITEM)
    }

    /// Returns the name of the variable that overrides the setting, with `*` for a name that the operator chooses; `None` where no
    /// variable could say which one is meant, or how it looks.
    pub(crate) fn variable(&self) -> Option<String> {
        (!self.section.contains(ITEM) && self.kind != Kind::Table).then(|| variable(&self.dotted()))
    }

    /// Returns which setting a variable overrides, if it is this one or one of these.
    pub(crate) fn set_by(&self, given: &str) -> Option<String> {
        let own = self.variable()?;
        let Some((before, after)) = own.split_once(ANY) else {
            return (own == given).then(|| self.dotted());
        };
        let name = given.strip_prefix(before)?.strip_suffix(after).filter(|name| !name.is_empty())?;
        // Variables have no hyphens, and names no underscores.
        Some(self.dotted().replacen(ANY, &name.to_ascii_lowercase().replace('_', "-"), 1))
    }
}

/// Returns a place of the file, or a variable, as people write it.
pub(crate) fn shown(pattern: &str) -> String {
    pattern.replace(&format!(".{ITEM}"), "").replace(ANY, "NAME")
}

/// Returns the variable for something at this place of the file.
pub(crate) fn variable(dotted: &str) -> String {
    format!("{VARIABLE_PREFIX}{}", dotted.replace(['.', '-'], "_")).to_ascii_uppercase()
}

fn fits(pattern: &str, given: &str) -> bool {
    match pattern {
        ANY => true,
        ITEM => given.starts_with('['),
        name => name == given,
    }
}

/// Returns the JSON Schema of the configuration file that a type describes.
pub fn schema<T: JsonSchema>() -> Value {
    let settings =
        schemars::generate::SchemaSettings::draft2020_12().with(|settings| settings.inline_subschemas = true);
    settings.into_generator().into_root_schema_for::<T>().to_value()
}

fn collect(section: &str, definition: &Value, keys: &mut Vec<Key>) {
    for (name, value) in members(definition) {
        if members(value).next().is_some() {
            collect(&format!("{section}.{name}"), value, keys);
        } else if members(&value["items"]).next().is_some() {
            collect(&format!("{section}.{name}.{ITEM}"), &value["items"], keys);
        } else {
            keys.push(Key { section: section.to_owned(), name: name.clone(), kind: kind(value) });
        }
    }
}

fn members(schema: &Value) -> impl Iterator<Item = (&String, &Value)> {
    schema["properties"].as_object().into_iter().flatten()
}

/// Returns what each entry looks like, where the operator chooses the names of entries.
fn entries(schema: &Value) -> Option<&Value> {
    schema.get("additionalProperties").filter(|entry| entry.is_object())
}

fn kind(schema: &Value) -> Kind {
    // An optional setting's type is a list: `["string", "null"]`.
    let types = match &schema["type"] {
        Value::Array(types) => types.as_slice(),
        one => std::slice::from_ref(one),
    };
    let is = |name: &str| types.iter().any(|t| t == name);
    if entries(schema).is_some() {
        Kind::Table
    } else if is("array") {
        Kind::List
    } else if is("integer") {
        Kind::Integer
    } else if is("boolean") {
        Kind::Flag
    } else {
        Kind::Text
    }
}

/// Returns the candidate that was most likely meant, unless none is near.
pub(crate) fn nearest<'a>(given: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    candidates
        .into_iter()
        .map(|candidate| (strsim::damerau_levenshtein(given, candidate), candidate))
        .min_by_key(|(distance, _)| *distance)
        .filter(|(distance, candidate)| *distance <= (candidate.len().max(given.len()) / 2).max(2))
        .map(|(_, candidate)| candidate)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use schemars::JsonSchema;

    use super::{Keys, Kind, nearest};

    #[derive(JsonSchema)]
    #[expect(dead_code, reason = "only its description is looked at")]
    struct Everything {
        plain: Plain,
        named: BTreeMap<String, Named>,
        listed: Listed,
    }

    #[derive(JsonSchema)]
    #[expect(dead_code, reason = "only its description is looked at")]
    struct Plain {
        text: Option<String>,
        number: u32,
        flag: bool,
        words: Vec<String>,
    }

    #[derive(JsonSchema)]
    #[expect(dead_code, reason = "only its description is looked at")]
    struct Named {
        client_id: String,
        claims: Claims,
        map: BTreeMap<String, Vec<String>>,
    }

    #[derive(JsonSchema)]
    #[expect(dead_code, reason = "only its description is looked at")]
    struct Claims {
        username: Option<String>,
    }

    #[derive(JsonSchema)]
    #[expect(dead_code, reason = "only its description is looked at")]
    struct Listed {
        items: Vec<Claims>,
    }

    fn keys() -> Keys {
        Keys::of::<Everything>()
    }

    #[test]
    fn every_kind_of_setting_is_recognised() {
        let keys = keys();
        let kind = |dotted: &str| keys.iter().find(|key| key.dotted() == dotted).map(|key| key.kind);

        assert_eq!(kind("plain.text"), Some(Kind::Text));
        assert_eq!(kind("plain.number"), Some(Kind::Integer));
        assert_eq!(kind("plain.flag"), Some(Kind::Flag));
        assert_eq!(kind("plain.words"), Some(Kind::List));
        assert_eq!(kind("named.*.client_id"), Some(Kind::Text));
        assert_eq!(kind("named.*.claims.username"), Some(Kind::Text));
        assert_eq!(kind("named.*.map"), Some(Kind::Table));
        assert_eq!(kind("listed.items.[].username"), Some(Kind::Text));
    }

    #[test]
    fn a_section_stands_once_among_the_sections() {
        let mut sections: Vec<_> = keys().sections().map(str::to_owned).collect();
        sections.sort_unstable();

        assert_eq!(sections, ["listed", "named", "plain"]);
    }

    #[test]
    fn a_variable_finds_the_entry_that_it_names() {
        let keys = keys();
        let set = |variable: &str| keys.iter().find_map(|key| key.set_by(variable));

        assert_eq!(set("HANDSTAMP_PLAIN_TEXT").as_deref(), Some("plain.text"));
        assert_eq!(set("HANDSTAMP_NAMED_OUR_IDP_CLIENT_ID").as_deref(), Some("named.our-idp.client_id"));
        assert_eq!(set("HANDSTAMP_NAMED_IDP_CLAIMS_USERNAME").as_deref(), Some("named.idp.claims.username"));
        assert_eq!(set("HANDSTAMP_NAMED_CLIENT_ID"), None);
        assert_eq!(set("HANDSTAMP_NAMED_IDP_MAP"), None, "a table has no variable");
        assert_eq!(set("HANDSTAMP_LISTED_ITEMS_0_USERNAME"), None, "nor has what stands in a list of tables");
    }

    #[test]
    fn a_place_in_a_list_of_tables_is_found() {
        let keys = keys();
        let item = keys.iter().find(|key| key.section == "listed.items.[]").unwrap();

        assert!(item.is_at(&["listed", "items", "[3]", "username"]));
        assert!(item.is_listed_at(&["listed", "items"]) && !item.is_listed_at(&["listed"]));
        assert_eq!(item.header(), "[[listed.items]]");
    }

    #[test]
    fn a_suggestion_is_made_only_when_something_is_near() {
        assert_eq!(nearest("lifetim", ["lifetime", "leeway"]), Some("lifetime"));
        assert_eq!(nearest("zzzzzzzzzz", ["lifetime", "leeway"]), None);
    }
}
