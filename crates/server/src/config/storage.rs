use std::{path::PathBuf, time::Duration};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Problems, duration, secret_url};

/// `[storage]`: where users, sessions and keys are kept. The command line opens it; the service itself never sees it.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct StorageConfig {
    /// The folder of the embedded database, and of the root key where no variable holds it.
    pub data: PathBuf,
    /// Lets several `serve` processes of this machine use the folder at the same time, for a restart without a gap. Each of
    /// them has to say so, and the folder has to be on a local disk.
    pub share: bool,
    /// A PostgreSQL database to use instead of the embedded one, for any number of replicas:
    /// `postgres://user:password@host:5432/database`. What goes to another machine is encrypted and the other end is checked, unless the
    /// URL says `?sslmode=disable`; `sslrootcert=FILE` names the certificates to trust. One with a password belongs into the variable
    /// `HANDSTAMP_STORAGE_DATABASE_URL`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub database_url: Option<String>,
    /// A file with the password for `database_url`, for those who keep it apart.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub database_password_file: Option<PathBuf>,
    /// Where to listen for what other replicas have done, if not at `database_url`: the database itself, past a pooler that gives each
    /// transaction another connection. `off`: nowhere, and what others have done is found by asking.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub listen_url: Option<String>,
    /// How many connections to PostgreSQL a replica opens at most, one that listens not counted.
    pub connections: usize,
    /// How long a request may wait for one of them to be free.
    #[serde(with = "duration")]
    #[schemars(with = "String")]
    pub connection_wait: Duration,
    /// How long making a connection may take.
    #[serde(with = "duration")]
    #[schemars(with = "String")]
    pub connect_timeout: Duration,
    /// How long PostgreSQL may take for one statement.
    #[serde(with = "duration")]
    #[schemars(with = "String")]
    pub statement_timeout: Duration,
    /// Whether the start brings an older PostgreSQL database up to date, as far as the version before this one can live with it.
    pub migrate: bool,
}

/// Past that, whoever waits has given up long ago.
const LONGEST: Duration = Duration::from_mins(1);
/// More than any PostgreSQL serves well.
const MOST_CONNECTIONS: usize = 500;

impl Default for StorageConfig {
    fn default() -> Self {
        Self {
            data: PathBuf::from("handstamp-data"),
            share: false,
            database_url: None,
            database_password_file: None,
            listen_url: None,
            connections: 16,
            connection_wait: Duration::from_secs(2),
            connect_timeout: Duration::from_secs(3),
            statement_timeout: Duration::from_secs(5),
            migrate: true,
        }
    }
}

impl StorageConfig {
    pub(super) fn check(&self, problems: &mut Problems) {
        let is_listen_url = |url: &&str| *url != "off";
        let urls = [
            ("storage.database_url", self.database_url.as_deref()),
            ("storage.listen_url", self.listen_url.as_deref().filter(is_listen_url)),
        ];
        for (name, url) in urls {
            let is_one = |url: &str| url.starts_with("postgres://") || url.starts_with("postgresql://");
            if url.is_some_and(|url| !is_one(url)) {
                problems.wrong(name, "must begin with postgres:// or postgresql://");
            }
        }
        if self.database_url.is_none() {
            for (name, is_set) in [
                ("storage.database_password_file", self.database_password_file.is_some()),
                ("storage.listen_url", self.listen_url.is_some()),
            ] {
                if is_set {
                    problems.wrong(name, "is for PostgreSQL, and storage.database_url names none");
                }
            }
        }
        if !(2..=MOST_CONNECTIONS).contains(&self.connections) {
            problems.wrong("storage.connections", format!("must be between 2 and {MOST_CONNECTIONS}"));
        }
        for (name, time) in [
            ("storage.connection_wait", self.connection_wait),
            ("storage.connect_timeout", self.connect_timeout),
            ("storage.statement_timeout", self.statement_timeout),
        ] {
            if time.is_zero() || time > LONGEST {
                problems.wrong(name, "must be between \"1ms\" and \"1m\": people wait for it");
            }
        }
    }

    /// Returns the same without the passwords that its URLs carry, for `config show` and logs.
    pub(super) fn redacted(&self) -> Self {
        Self {
            database_url: self.database_url.as_deref().map(secret_url::redacted),
            listen_url: self.listen_url.as_deref().map(|url| match url {
                "off" => url.to_owned(),
                url => secret_url::redacted(url),
            }),
            ..self.clone()
        }
    }
}

impl std::fmt::Debug for StorageConfig {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let shown = self.redacted();
        f.debug_struct("StorageConfig")
            .field("data", &shown.data)
            .field("share", &shown.share)
            .field("database_url", &shown.database_url)
            .field("database_password_file", &shown.database_password_file)
            .field("listen_url", &shown.listen_url)
            .field("connections", &shown.connections)
            .field("connection_wait", &shown.connection_wait)
            .field("connect_timeout", &shown.connect_timeout)
            .field("statement_timeout", &shown.statement_timeout)
            .field("migrate", &shown.migrate)
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::StorageConfig;

    #[test]
    fn a_database_password_is_never_shown() {
        for url in ["postgres://u:hunter2@db/x", "postgres://db/x?password=hunter2", "not a url hunter2"] {
            let url = Some(url.to_owned());
            let config = StorageConfig {
                database_url: url.clone(),
                listen_url: url.clone(),
                ..StorageConfig::default()
            };

            assert!(!format!("{config:?}").contains("hunter2"), "{url:?}");
        }
    }
}
