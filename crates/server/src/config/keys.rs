//! Every key there is, read off the schema: one list for the file, the variables and the suggestions.

use std::sync::LazyLock;

use serde_json::Value;

use super::Config;

/// Stands in a section for a name that the operator chooses: `upstreams.*`.
const ANY: &str = "*";

/// One setting.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Key {
    /// Where it stands: `tokens`, or `upstreams.*` where entries have names.
    pub(super) section: String,
    pub(super) name: String,
    pub(super) kind: Kind,
}

/// What a setting's value is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Text,
    Integer,
    Flag,
    List,
    /// A table whose keys the operator chooses, taken as a whole.
    Table,
}

impl Key {
    /// Returns `section.name`.
    pub(super) fn dotted(&self) -> String {
        format!("{}.{}", self.section, self.name)
    }

    /// Returns the section as people write it: `upstreams.NAME`.
    pub(super) fn shown_section(&self) -> String {
        shown(&self.section)
    }

    /// Returns whether it is the setting at this place of the file.
    pub(super) fn is_at(&self, path: &[&str]) -> bool {
        path.split_last().is_some_and(|(name, section)| *name == self.name && fits(&self.section, section))
    }

    /// Returns whether it is a setting of this section, or of one below.
    pub(super) fn is_below(&self, section: &[&str]) -> bool {
        let own: Vec<&str> = self.section.split('.').collect();
        own.len() >= section.len() && own.iter().zip(section).all(|(own, given)| *own == ANY || own == given)
    }

    /// Returns whether it is a setting of this very section.
    pub(super) fn is_in(&self, section: &[&str]) -> bool {
        fits(&self.section, section)
    }

    /// Returns the name of the variable that overrides the setting, with `*` for a name that the operator chooses.
    pub(super) fn variable(&self) -> String {
        variable(&self.dotted())
    }

    /// Returns which setting a variable overrides, if it is this one or one of these.
    pub(super) fn set_by(&self, given: &str) -> Option<String> {
        let own = self.variable();
        if self.kind == Kind::Table {
            return None;
        }
        let Some((before, after)) = own.split_once(ANY) else {
            return (own == given).then(|| self.dotted());
        };
        let name = given.strip_prefix(before)?.strip_suffix(after).filter(|name| !name.is_empty())?;
        // Variables have no hyphens, and names no underscores.
        Some(self.dotted().replacen(ANY, &name.to_ascii_lowercase().replace('_', "-"), 1))
    }
}

/// Returns a place of the file, or a variable, as people write it.
pub(super) fn shown(pattern: &str) -> String {
    pattern.replace(ANY, "NAME")
}

/// Returns the variable for something at this place of the file.
pub(super) fn variable(dotted: &str) -> String {
    format!("{}{}", super::VARIABLE_PREFIX, dotted.replace(['.', '-'], "_")).to_ascii_uppercase()
}

fn fits(pattern: &str, section: &[&str]) -> bool {
    let pattern: Vec<&str> = pattern.split('.').collect();
    pattern.len() == section.len()
        && pattern.iter().zip(section).all(|(pattern, given)| *pattern == ANY || pattern == given)
}

/// Returns the JSON Schema of the configuration file.
pub(super) fn schema() -> Value {
    let settings =
        schemars::generate::SchemaSettings::draft2020_12().with(|settings| settings.inline_subschemas = true);
    settings.into_generator().into_root_schema_for::<Config>().to_value()
}

/// Returns every setting.
pub(super) fn all() -> &'static [Key] {
    static KEYS: LazyLock<Vec<Key>> = LazyLock::new(|| {
        let schema = schema();
        let mut keys = Vec::new();
        for (section, definition) in members(&schema) {
            match entries(definition) {
                Some(entry) => collect(&format!("{section}.{ANY}"), entry, &mut keys),
                None => collect(section, definition, &mut keys),
            }
        }
        keys
    });
    &KEYS
}

fn collect(section: &str, definition: &Value, keys: &mut Vec<Key>) {
    for (name, value) in members(definition) {
        if members(value).next().is_some() {
            collect(&format!("{section}.{name}"), value, keys);
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
pub(super) fn nearest<'a>(given: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    candidates
        .into_iter()
        .map(|candidate| (strsim::damerau_levenshtein(given, candidate), candidate))
        .min_by_key(|(distance, _)| *distance)
        .filter(|(distance, candidate)| *distance <= (candidate.len().max(given.len()) / 2).max(2))
        .map(|(_, candidate)| candidate)
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::{Kind, all, nearest};

    #[test]
    fn every_kind_of_setting_is_recognised() {
        let kind = |dotted: &str| all().iter().find(|key| key.dotted() == dotted).map(|key| key.kind);

        assert_eq!(kind("tokens.lifetime"), Some(Kind::Text));
        assert_eq!(kind("tokens.algorithm"), Some(Kind::Text));
        assert_eq!(kind("cookies.access_same_site"), Some(Kind::Text));
        assert_eq!(kind("server.public_url"), Some(Kind::Text));
        assert_eq!(kind("server.max_body"), Some(Kind::Integer));
        assert_eq!(kind("sessions.max_per_user"), Some(Kind::Integer));
        assert_eq!(kind("server.insecure_http"), Some(Kind::Flag));
        assert_eq!(kind("server.trusted_proxies"), Some(Kind::List));
        assert_eq!(kind("cookies.clear_site_data"), Some(Kind::List));
        assert_eq!(kind("upstreams.*.client_id"), Some(Kind::Text));
        assert_eq!(kind("upstreams.*.claims.username"), Some(Kind::Text));
        assert_eq!(kind("upstreams.*.roles"), Some(Kind::Table));
    }

    #[test]
    fn no_two_settings_share_a_variable() {
        let variables: HashSet<_> = all().iter().map(super::Key::variable).collect();

        assert_eq!(variables.len(), all().len());
    }

    #[test]
    fn a_variable_finds_the_entry_that_it_names() {
        let set = |variable: &str| all().iter().find_map(|key| key.set_by(variable));

        assert_eq!(set("HANDSTAMP_TOKENS_LIFETIME").as_deref(), Some("tokens.lifetime"));
        assert_eq!(
            set("HANDSTAMP_UPSTREAMS_OUR_IDP_CLIENT_ID").as_deref(),
            Some("upstreams.our-idp.client_id")
        );
        assert_eq!(
            set("HANDSTAMP_UPSTREAMS_IDP_CLAIMS_ROLES").as_deref(),
            Some("upstreams.idp.claims.roles")
        );
        assert_eq!(set("HANDSTAMP_UPSTREAMS_CLIENT_ID"), None);
        assert_eq!(set("HANDSTAMP_UPSTREAMS_IDP_ROLES"), None, "a table has no variable");
    }

    #[test]
    fn a_suggestion_is_made_only_when_something_is_near() {
        assert_eq!(nearest("lifetim", ["lifetime", "leeway"]), Some("lifetime"));
        assert_eq!(nearest("zzzzzzzzzz", ["lifetime", "leeway"]), None);
    }
}
