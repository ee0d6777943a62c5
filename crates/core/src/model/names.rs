use std::{fmt, str::FromStr};

use serde::Serialize;

/// The text cannot be a name of this kind.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NameError {
    /// Not a user name.
    #[error(
        "{text:?} is not a valid user name: expected 1 to 64 letters, digits, '-', '_' or '.', and no '@'"
    )]
    Username {
        /// What was given.
        text: String,
    },
    /// Not an e-mail address.
    #[error(
        "{text:?} is not an e-mail address: expected something like ann@example.org, 254 characters at most"
    )]
    Email {
        /// What was given.
        text: String,
    },
    /// Not a role.
    #[error("{text:?} is not a valid role: expected 1 to 64 of a-z, A-Z, 0-9, '-', '_', '.' and ':'")]
    Role {
        /// What was given.
        text: String,
    },
}

fn shown(text: &str) -> String {
    text.chars().take(80).collect()
}

/// A user name, lower-cased: `Ann` and `ann` are one user.
///
/// It never holds `@`, so that a user name and an e-mail address cannot be taken for each other.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(transparent)]
pub struct Username(String);

/// An e-mail address, lower-cased.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(transparent)]
pub struct Email(String);

/// A system-wide role, compared exactly.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(transparent)]
pub struct Role(String);

/// What a person types to say who they are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Login {
    /// A user name.
    Username(Username),
    /// An e-mail address.
    Email(Email),
}

impl FromStr for Username {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        let fits = (1..=64).contains(&text.chars().count())
            && text.chars().all(|c| c.is_alphanumeric() || matches!(c, '-' | '_' | '.'));
        if fits { Ok(Self(text.to_lowercase())) } else { Err(NameError::Username { text: shown(text) }) }
    }
}

impl FromStr for Email {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        // Only delivery proves an address; this keeps out what could not be one, and what could break a header or a log line.
        let fits = text.len() <= 254
            && !text
                .chars()
                .any(|c| c.is_control() || c.is_whitespace() || matches!(c, '<' | '>' | '"' | ','))
            && text.split_once('@').is_some_and(|(local, domain)| {
                !local.is_empty() && !domain.is_empty() && !domain.contains('@') && !domain.starts_with('.')
            });
        if fits { Ok(Self(text.to_lowercase())) } else { Err(NameError::Email { text: shown(text) }) }
    }
}

impl FromStr for Role {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        let fits = (1..=64).contains(&text.len())
            && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.:".contains(&b));
        if fits { Ok(Self(text.to_owned())) } else { Err(NameError::Role { text: shown(text) }) }
    }
}

impl FromStr for Login {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        // Password managers and phones leave spaces around what they fill in.
        let text = text.trim();
        if text.contains('@') { text.parse().map(Self::Email) } else { text.parse().map(Self::Username) }
    }
}

macro_rules! text_type {
    ($($name:ident)+) => {$(
        impl $name {
            /// Returns the text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    )+};
}

text_type! { Username Email Role }
