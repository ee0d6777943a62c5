use super::{
    ConfigError,
    error::Problems,
    keys::{self, Kind},
};

/// What every variable that overrides a setting starts with.
pub const VARIABLE_PREFIX: &str = "HANDSTAMP_";

/// Secrets of entries that have names. They have no place in a file that everybody reads, so that they are no settings.
const SECRETS_OF_ENTRIES: [(&str, &str); 1] = [("upstreams", "client_secret")];

/// Returns the variable that may hold a secret of an entry: `HANDSTAMP_UPSTREAMS_CORP_CLIENT_SECRET`.
pub fn secret_variable(section: &str, entry: &str, secret: &str) -> String {
    keys::variable(&format!("{section}.{entry}.{secret}"))
}

/// Returns whether a variable is one of those, of whatever entry.
fn is_secret_of_entry(variable: &str) -> bool {
    SECRETS_OF_ENTRIES.iter().any(|(section, secret)| {
        let pattern = keys::variable(&format!("{section}.*.{secret}"));
        let (before, after) = pattern.split_once('*').unwrap_or_default();
        variable
            .strip_prefix(before)
            .and_then(|rest| rest.strip_suffix(after))
            .is_some_and(|name| !name.is_empty())
    })
}

/// A setting given outside the file: by a variable or a flag. Later ones win.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Override {
    /// The setting, such as `tokens.lifetime`.
    pub key: String,
    /// Its value as text; a list is separated by commas.
    pub value: String,
    /// Who says so: `HANDSTAMP_TOKENS_LIFETIME`, `--listen`.
    pub place: String,
}

impl Override {
    /// Returns the override that a flag stands for.
    pub fn flag(flag: &str, key: &str, value: impl Into<String>) -> Self {
        Self { key: key.to_owned(), value: value.into(), place: flag.to_owned() }
    }

    /// Picks the overrides out of environment variables: `HANDSTAMP_` + section + key.
    ///
    /// Variables of other names are not ours. One of ours that names no setting is an error, unless it is `reserved`
    /// (secrets that have no place in a file).
    pub fn from_variables(
        variables: impl IntoIterator<Item = (String, String)>,
        reserved: &[&str],
    ) -> Result<Vec<Self>, ConfigError> {
        let mut problems = Problems::default();
        let mut overrides = Vec::new();
        for (name, value) in variables {
            if !name.starts_with(VARIABLE_PREFIX) || reserved.contains(&name.as_str()) {
                continue;
            }
            // The longest, where the name of an entry could end in several ways.
            let candidates = keys::all().iter().filter_map(|key| Some((key.name.len(), key.set_by(&name)?)));
            if let Some((_, key)) = candidates.max() {
                overrides.push(Self { key, value, place: name });
                continue;
            }
            if is_secret_of_entry(&name) {
                continue;
            }
            let hint = match nearest_variable(&name) {
                Some(near) => format!("the variable {name} names no setting: did you mean {near}?"),
                None => format!("the variable {name} names no setting"),
            };
            problems.add(None, None, hint);
        }
        problems.into_result()?;
        Ok(overrides)
    }

    /// Returns the value as the setting's type wants it, or what is wrong with it.
    pub(super) fn to_value(&self, kind: Kind) -> Result<toml::Value, String> {
        let text = self.value.trim();
        Ok(match kind {
            Kind::Text => toml::Value::String(text.to_owned()),
            Kind::Integer => text
                .parse()
                .map(toml::Value::Integer)
                .map_err(|_| format!("{text:?} is not a whole number"))?,
            Kind::Flag => match text {
                "true" => toml::Value::Boolean(true),
                "false" => toml::Value::Boolean(false),
                _ => return Err(format!("{text:?} is neither \"true\" nor \"false\"")),
            },
            Kind::List => {
                let items = text.split(',').map(str::trim).filter(|item| !item.is_empty());
                toml::Value::Array(items.map(|item| toml::Value::String(item.to_owned())).collect())
            }
            Kind::Table => return Err("this is a table: write it in the file".to_owned()),
        })
    }
}

/// Returns the variable that was most likely meant. The prefix they all share would make strangers look alike, and does
/// not count.
fn nearest_variable(given: &str) -> Option<String> {
    let own_part = |name: &str| name.strip_prefix(VARIABLE_PREFIX).unwrap_or(name).to_owned();
    let known: Vec<String> = keys::all().iter().map(|key| own_part(&keys::shown(&key.variable()))).collect();
    let near = keys::nearest(&own_part(given), known.iter().map(String::as_str))?;
    Some(format!("{VARIABLE_PREFIX}{near}"))
}
