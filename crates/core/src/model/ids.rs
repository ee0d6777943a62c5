use std::{fmt, str::FromStr};

use handstamp_token::Entropy;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// The text is not an id of this kind.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum IdError {
    /// Not a UUID.
    #[error("{text:?} is not a user id: expected a UUID")]
    User {
        /// What was given.
        text: String,
    },
    /// Not 32 lower-case hexadecimal digits.
    #[error("{text:?} is not a session id: expected 32 lower-case hexadecimal digits")]
    Session {
        /// What was given.
        text: String,
    },
    /// Not 16 lower-case hexadecimal digits.
    #[error("{text:?} is not the id of a status list: expected 16 lower-case hexadecimal digits")]
    StatusList {
        /// What was given, its beginning at least.
        text: String,
    },
    /// Not the name of an upstream.
    #[error(
        "{text:?} is not a valid name of an upstream: expected 1 to 32 of a-z, 0-9 and '-', starting with a letter or digit"
    )]
    Upstream {
        /// What was given, its beginning at least.
        text: String,
    },
    /// Not the name of a site.
    #[error(
        "{text:?} is not a valid name of a site: expected 1 to 32 of a-z, 0-9 and '-', starting with a letter or digit"
    )]
    Site {
        /// What was given, its beginning at least.
        text: String,
    },
    /// Not a short lower-case name.
    #[error(
        "{text:?} is not a valid {what}: expected 1 to 64 of a-z, 0-9, '-', '_' and '.', starting with a letter or digit"
    )]
    Slug {
        /// Which kind of id.
        what: &'static str,
        /// What was given.
        text: String,
    },
}

/// A user's stable id: the `sub` of tokens. Never reused, never the name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct UserId(Uuid);

impl UserId {
    /// Draws a new id: a version 4 UUID.
    pub fn random(entropy: &dyn Entropy) -> Self {
        let mut bytes = [0; 16];
        entropy.fill(&mut bytes);
        Self(uuid::Builder::from_random_bytes(bytes).into_uuid())
    }

    /// Returns the id made of these bytes.
    pub const fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(Uuid::from_bytes(bytes))
    }

    /// Returns the id's bytes.
    pub const fn as_bytes(&self) -> &[u8; 16] {
        self.0.as_bytes()
    }
}

impl fmt::Display for UserId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for UserId {
    type Err = IdError;

    fn from_str(text: &str) -> Result<Self, IdError> {
        // One id, one spelling: `Uuid` alone also takes braces, URNs and capitals.
        let id = Uuid::try_parse(text).map_err(|_| IdError::User { text: text.to_owned() })?;
        if id.hyphenated().to_string() != text {
            return Err(IdError::User { text: text.to_owned() });
        }
        Ok(Self(id))
    }
}

/// A session's id: the `sid` of tokens, 128 random bits. Naming a session gives no power over it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SessionId([u8; 16]);

impl SessionId {
    /// Draws a new id.
    pub fn random(entropy: &dyn Entropy) -> Self {
        let mut bytes = [0; 16];
        entropy.fill(&mut bytes);
        Self(bytes)
    }

    /// Returns the id made of these bytes.
    pub const fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    /// Returns the id's bytes.
    pub const fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }
}

impl fmt::Display for SessionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl FromStr for SessionId {
    type Err = IdError;

    fn from_str(text: &str) -> Result<Self, IdError> {
        let wrong = || IdError::Session { text: text.to_owned() };
        let digits: &[u8; 32] = text.as_bytes().try_into().map_err(|_| wrong())?;
        let mut bytes = [0; 16];
        for (byte, [high, low]) in bytes.iter_mut().zip(digits.as_chunks().0) {
            *byte = hex_digit(*high).ok_or_else(wrong)? << 4 | hex_digit(*low).ok_or_else(wrong)?;
        }
        Ok(Self(bytes))
    }
}

/// Reads a lower-case hexadecimal digit.
fn hex_digit(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        _ => None,
    }
}

impl Serialize for SessionId {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// Returns whether this may be a name in the configuration that also stands in addresses: a-z, 0-9 and '-', not at its start.
pub(super) fn is_configured_name(text: &str, at_most: usize) -> bool {
    let is_plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit();
    let first = text.bytes().next().is_some_and(is_plain);
    first && text.len() <= at_most && text.bytes().all(|b| is_plain(b) || b == b'-')
}

fn slug(what: &'static str, text: &str) -> Result<Box<str>, IdError> {
    let first = text.bytes().next().is_some_and(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
    let rest = text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b"-_.".contains(&b));
    if first && rest && text.len() <= 64 {
        Ok(text.into())
    } else {
        Err(IdError::Slug { what, text: text.chars().take(80).collect() })
    }
}

macro_rules! slug_id {
    ($(#[$doc:meta])* $name:ident, $what:literal) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
        #[serde(transparent)]
        pub struct $name(Box<str>);

        impl $name {
            /// Returns the id as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl FromStr for $name {
            type Err = IdError;

            fn from_str(text: &str) -> Result<Self, IdError> {
                slug($what, text).map(Self)
            }
        }
    };
}

slug_id! {
    /// An organisation's id: the `org_id` of tokens.
    OrgId, "organisation id"
}

slug_id! {
    /// An OAuth2 client's id: the `client_id` of tokens.
    ClientId, "client id"
}

impl ClientId {
    /// Returns the client that stands for Handstamp's own sign-in, by page, browser module or body delivery.
    pub fn first_party() -> Self {
        Self("handstamp".into())
    }
}
