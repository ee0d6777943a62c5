use std::{path::PathBuf, time::Duration};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Problems, SecretUrl, duration};

/// `[redis]`: a Redis or Valkey server that the replicas share. It holds only what may be lost; without one, each replica counts
/// for itself, or all of them in PostgreSQL where that is the store.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct RedisConfig {
    /// `redis://` or, for TLS, `rediss://`, with user, password, host, port and number of the database. One with a password belongs
    /// into the variable `HANDSTAMP_REDIS_URL`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    pub url: Option<SecretUrl>,
    /// A file with the password for `url`, for those who keep it apart.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub password_file: Option<PathBuf>,
    /// The certificates, as PEM, that the server's must be signed by, in the place of those that the system trusts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ca_file: Option<PathBuf>,
    /// What the name of everything that this installation keeps there begins with.
    pub prefix: String,
    /// How long a request may wait for the server before it goes on without.
    #[serde(with = "duration")]
    #[schemars(with = "String")]
    pub timeout: Duration,
}

/// Past that, a server that does not answer would be felt by everybody.
const LONGEST_TIMEOUT: Duration = Duration::from_secs(1);

impl Default for RedisConfig {
    fn default() -> Self {
        let (prefix, timeout) = ("handstamp".to_owned(), Duration::from_millis(50));
        Self { url: None, password_file: None, ca_file: None, prefix, timeout }
    }
}

impl RedisConfig {
    pub(super) fn check(&self, problems: &mut Problems) {
        let Self { url, password_file, ca_file, prefix, timeout } = self;
        let text = url.as_ref().map(SecretUrl::as_str);
        if let Some(wrong) = text.and_then(wrong_url) {
            problems.wrong("redis.url", wrong);
        }
        if password_file.is_some() && url.as_ref().is_none_or(SecretUrl::has_password) {
            problems.wrong(
                "redis.password_file",
                "is for a redis.url that names a server and has no password in it",
            );
        }
        let is_tls = text.is_some_and(|url| url.starts_with("rediss:") || url.starts_with("valkeys:"));
        if ca_file.is_some() && !is_tls {
            problems.wrong("redis.ca_file", "certificates are for TLS: redis.url must begin with rediss://");
        }
        if !(1..=64).contains(&prefix.len()) || !prefix.bytes().all(|byte| byte.is_ascii_graphic()) {
            problems.wrong("redis.prefix", "must be 1 to 64 characters of ASCII without spaces");
        }
        if timeout.is_zero() || *timeout > LONGEST_TIMEOUT {
            problems.wrong("redis.timeout", "must be between \"1ms\" and \"1s\": people wait for it");
        }
    }
}

/// What is wrong with a URL, without a word of it: it holds a password.
fn wrong_url(text: &str) -> Option<&'static str> {
    let Ok(url) = url::Url::parse(text) else {
        return Some("is not a URL, such as redis://cache.internal:6379/0");
    };
    if !["redis", "rediss", "valkey", "valkeys"].contains(&url.scheme())
        || url.host_str().is_none_or(str::is_empty)
    {
        return Some("must begin with redis://host or, for TLS, with rediss://host");
    }
    url.fragment().is_some().then_some("must have no #…: the server's certificate is always checked")
}
