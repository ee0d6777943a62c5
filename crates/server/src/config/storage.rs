use std::path::PathBuf;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// `[storage]`: where users, sessions and keys are kept. The command line opens it; the service itself never sees it.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct StorageConfig {
    /// The folder of the embedded database.
    pub data: PathBuf,
    /// Lets several `serve` processes of this machine use the folder at the same time, for a restart without a gap. Each of
    /// them has to say so, and the folder has to be on a local disk.
    pub share: bool,
    /// Reserved for a PostgreSQL URL, to use instead of the embedded database. This version refuses to start with one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub database_url: Option<String>,
}

impl Default for StorageConfig {
    fn default() -> Self {
        Self { data: PathBuf::from("handstamp-data"), share: false, database_url: None }
    }
}

impl StorageConfig {
    /// Returns the same without the password that a database URL carries, for `config show` and logs.
    pub(super) fn redacted(&self) -> Self {
        let database_url = self.database_url.as_deref().map(|text| match url::Url::parse(text) {
            Ok(mut url) => {
                if url.password().is_some() && url.set_password(Some("redacted")).is_err() {
                    return "[redacted]".to_owned();
                }
                // A query may carry `password=` as well.
                if url.query().is_some() {
                    url.set_query(None);
                }
                url.to_string()
            }
            Err(_) => "[redacted]".to_owned(),
        });
        Self { database_url, ..self.clone() }
    }
}

impl std::fmt::Debug for StorageConfig {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let shown = self.redacted();
        f.debug_struct("StorageConfig")
            .field("data", &shown.data)
            .field("share", &shown.share)
            .field("database_url", &shown.database_url)
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::StorageConfig;

    #[test]
    fn a_database_password_is_never_shown() {
        for url in ["postgres://u:hunter2@db/x", "postgres://db/x?password=hunter2", "not a url hunter2"] {
            let config = StorageConfig { database_url: Some(url.to_owned()), ..StorageConfig::default() };

            assert!(!format!("{config:?}").contains("hunter2"), "{url}");
        }
    }
}
