use std::{path::PathBuf, time::Duration};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Problems, SecretUrl, duration};

/// `[storage]`: where users, sessions and keys are kept. The command line opens it; the service itself never sees it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
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
    #[schemars(with = "Option<String>")]
    pub database_url: Option<SecretUrl>,
    /// A file with the password for `database_url`, for those who keep it apart.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub database_password_file: Option<PathBuf>,
    /// Where to listen for what other replicas have done, if not at `database_url`: the database itself, past a pooler that gives each
    /// transaction another connection. `off`: nowhere, and what others have done is found by asking.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    pub listen_url: Option<SecretUrl>,
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
        let urls = [
            ("storage.database_url", self.database_url.as_ref()),
            ("storage.listen_url", self.listen_url.as_ref().filter(|url| !url.is_off())),
        ];
        for (name, url) in urls {
            let is_one = |url: &str| url.starts_with("postgres://") || url.starts_with("postgresql://");
            if url.is_some_and(|url| !is_one(url.as_str())) {
                problems.wrong(name, "must begin with postgres:// or postgresql://");
            }
        }
        if self.database_password_file.is_some()
            && self.database_url.as_ref().is_some_and(SecretUrl::has_password)
        {
            problems.wrong(
                "storage.database_password_file",
                "is for a storage.database_url that has no password in it",
            );
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
}
