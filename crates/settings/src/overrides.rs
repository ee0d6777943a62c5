use crate::keys::{self, Keys, Kind};
use crate::{ConfigError, Problems};

/// What every variable that overrides a setting starts with.
pub const VARIABLE_PREFIX: &str = "HANDSTAMP_";

/// Returns the variable that may hold a secret of an entry: `HANDSTAMP_UPSTREAMS_CORP_CLIENT_SECRET`.
pub fn secret_variable(section: &str, entry: &str, secret: &str) -> String {
    keys::variable(&format!("{section}.{entry}.{secret}"))
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
    /// Variables of other names are not ours. One of ours that names no setting of any program of ours is an error, unless it is
    /// `reserved`: secrets, which have no place in a file that everybody reads. `HANDSTAMP_UPSTREAMS_*_CLIENT_SECRET` reserves one
    /// for every entry.
    pub fn from_variables(
        known: &[&Keys],
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
            let keys = known.iter().flat_map(|keys| keys.iter());
            let candidates = keys.filter_map(|key| Some((key.name.len(), key.set_by(&name)?)));
            if let Some((_, key)) = candidates.max() {
                overrides.push(Self { key, value, place: name });
                continue;
            }
            if reserved.iter().any(|reserved| fits(reserved, &name)) {
                continue;
            }
            let hint = match nearest_variable(known, &name) {
                Some(near) => format!("the variable {name} names no setting: did you mean {near}?"),
                None => format!("the variable {name} names no setting"),
            };
            problems.add(None, None, hint);
        }
        problems.into_result()?;
        Ok(overrides)
    }

    /// Returns the value as the setting's type wants it, or what is wrong with it.
    pub(crate) fn to_value(&self, kind: Kind) -> Result<toml::Value, String> {
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

/// Returns whether a variable is one that a pattern reserves.
fn fits(reserved: &str, variable: &str) -> bool {
    let Some((before, after)) = reserved.split_once('*') else { return reserved == variable };
    let name = variable.strip_prefix(before).and_then(|rest| rest.strip_suffix(after));
    name.is_some_and(|name| !name.is_empty())
}

/// Returns the variable that was most likely meant. The prefix they all share would make strangers look alike, and does
/// not count.
fn nearest_variable(known: &[&Keys], given: &str) -> Option<String> {
    let own_part = |name: &str| name.strip_prefix(VARIABLE_PREFIX).unwrap_or(name).to_owned();
    let variables = known.iter().flat_map(|keys| keys.iter()).filter_map(keys::Key::variable);
    let known: Vec<String> = variables.map(|variable| own_part(&keys::shown(&variable))).collect();
    let near = keys::nearest(&own_part(given), known.iter().map(String::as_str))?;
    Some(format!("{VARIABLE_PREFIX}{near}"))
}
