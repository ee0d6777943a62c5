//! Every key there is, read off the schema: one list for the file, the variables and the suggestions.

use std::sync::LazyLock;

use serde_json::Value;

use super::Config;

/// One setting.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Key {
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
}

impl Key {
    /// Returns `section.name`.
    pub(super) fn dotted(&self) -> String {
        format!("{}.{}", self.section, self.name)
    }

    /// Returns the name of the variable that overrides the setting.
    pub(super) fn variable(&self) -> String {
        format!("{}{}_{}", super::VARIABLE_PREFIX, self.section, self.name).to_ascii_uppercase()
    }
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
            for (name, value) in members(definition) {
                keys.push(Key { section: section.clone(), name: name.clone(), kind: kind(value) });
            }
        }
        keys
    });
    &KEYS
}

fn members(schema: &Value) -> impl Iterator<Item = (&String, &Value)> {
    schema["properties"].as_object().into_iter().flatten()
}

fn kind(schema: &Value) -> Kind {
    // An optional setting's type is a list: `["string", "null"]`.
    let types = match &schema["type"] {
        Value::Array(types) => types.as_slice(),
        one => std::slice::from_ref(one),
    };
    let is = |name: &str| types.iter().any(|t| t == name);
    if is("array") {
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
    }

    #[test]
    fn no_two_settings_share_a_variable() {
        let variables: HashSet<_> = all().iter().map(super::Key::variable).collect();

        assert_eq!(variables.len(), all().len());
    }

    #[test]
    fn a_suggestion_is_made_only_when_something_is_near() {
        assert_eq!(nearest("lifetim", ["lifetime", "leeway"]), Some("lifetime"));
        assert_eq!(nearest("zzzzzzzzzz", ["lifetime", "leeway"]), None);
    }
}
