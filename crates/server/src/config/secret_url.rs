use std::fmt;

use serde::{Deserialize, Serialize, Serializer};
use url::Url;

/// What a setting may say in the place of an address.
const OFF: &str = "off";

/// An address that may have a password in it. It is shown without, in messages and as a setting.
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub struct SecretUrl(String);

impl SecretUrl {
    /// Returns all of it.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns whether it says that there is none.
    pub fn is_off(&self) -> bool {
        self.0 == OFF
    }

    /// Returns whether there is a password in it. Where one has a character in it that ends it early, so that this is no URL, there is
    /// all the same.
    pub fn has_password(&self) -> bool {
        let is_parameter = |pair: &str| pair.starts_with("password=");
        // An @ before the query is the end of who it is; one within the query is so only where there is none before.
        let before_query = self.rest().split('?').next().filter(|rest| rest.contains('@'));
        let is_before_host = before_query.map_or_else(|| self.has_password_before_host(), ends_with_password);
        is_before_host || self.rest().split(['?', '&']).skip(1).any(is_parameter)
    }

    /// Returns it without the password. What cannot be read may hold one anywhere.
    fn shown(&self) -> String {
        if self.is_off() {
            return OFF.to_owned();
        }
        let Ok(mut url) = Url::parse(&self.0) else { return "[redacted]".to_owned() };
        let is_hidden = match url.password() {
            Some(_) => url.set_password(Some("redacted")).is_ok(),
            // One that begins like a port, and has a character in it that ends a host.
            None => !self.has_password_before_host(),
        };
        let goes_on = [url.path(), url.fragment().unwrap_or_default()].iter().any(|part| part.contains('@'));
        if !is_hidden || goes_on {
            return "[redacted]".to_owned();
        }
        // A query may carry `password=` as well.
        if url.query().is_some() {
            url.set_query(None);
        }
        url.to_string()
    }

    fn has_password_before_host(&self) -> bool {
        ends_with_password(self.rest())
    }

    /// Returns what comes after the scheme.
    fn rest(&self) -> &str {
        self.0.split_once("://").map_or(self.as_str(), |(_, rest)| rest)
    }
}

/// Returns whether what stands before the last @ is more than a name.
fn ends_with_password(text: &str) -> bool {
    text.rsplit_once('@').is_some_and(|(who, _)| who.contains(':'))
}

impl From<&str> for SecretUrl {
    fn from(text: &str) -> Self {
        Self(text.to_owned())
    }
}

impl Serialize for SecretUrl {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.shown())
    }
}

impl fmt::Debug for SecretUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.shown())
    }
}

#[cfg(test)]
mod tests {
    use super::SecretUrl;

    #[test]
    fn a_password_is_never_shown() {
        for url in [
            "redis://:hunter2@cache/0",
            "redis://cache/?password=hunter2",
            "rediss//hunter2@cache",
            "postgres://ann:hunter2@db/x",
            "postgres://ann:hunter2@db:5432,other:5432/x",
            "postgres://db/x?password=hunter2",
            "postgres://ann:hun?ter2@db/hunter2",
            "postgres://ann:2024?hunter2@db/x",
            "postgres://ann:2024/hunter2@db/x",
            "postgres://ann:2024#hunter2@db/x",
            "postgres://ann:hunter@2024/hunter2@db/x",
            "not a url hunter2",
        ] {
            let (url, json) = (SecretUrl::from(url), serde_json::to_string(&SecretUrl::from(url)).unwrap());
            let shown = format!("{url:?} {json}");
            assert!(!shown.contains("hun") && !shown.contains("2024"), "{shown}");
        }
        assert_eq!(
            format!("{:?}", SecretUrl::from("redis://ann:hunter2@cache/0")),
            "redis://ann:redacted@cache/0"
        );
    }

    #[test]
    fn a_password_is_found_wherever_it_stands() {
        for url in [
            "redis://:hunter2@cache/0",
            "postgres://ann:hunter2@db/x",
            "postgres://ann:hunter2@db:5432,other:5432/x",
            "postgres://ann:hun?ter/2@db/x",
            "postgres://ann:hun@ter?2@db/x",
            "postgres://ann@db/x?sslmode=disable&password=hunter2",
            "postgres://ann@db?password=hunter2",
        ] {
            assert!(SecretUrl::from(url).has_password(), "{url}");
        }
    }

    #[test]
    fn an_address_without_a_password_has_none() {
        for url in [
            "redis://cache:6379/0",
            "rediss://ann@cache.internal",
            "postgres://ann@db/x",
            "postgres://ann@db:5432,other:5432/x?sslmode=disable",
            "postgres://ann@[::1]:5432/x",
            "postgres://ann@db:5432/x?application_name=auth:1@home",
        ] {
            assert!(!SecretUrl::from(url).has_password(), "{url}");
        }
    }
}
