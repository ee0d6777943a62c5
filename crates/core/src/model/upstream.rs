use std::{fmt, str::FromStr};

use jiff::Timestamp;

use super::{IdError, SessionId, UserId, ids::is_configured_name};

/// The name of an upstream: another sign-in server, as the operator calls it in the configuration.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct UpstreamName(Box<str>);

/// Who somebody is at an upstream: the issuer and its `sub`, which together never mean anybody else
/// ([OpenID Connect Core §5.7](https://openid.net/specs/openid-connect-core-1_0.html#ClaimStability)).
///
/// The issuer is part of it, so that an upstream whose address is changed does not bring other people into old accounts.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct UpstreamSubject {
    issuer: Box<str>,
    sub: Box<str>,
}

/// An upstream's own id of a session (`sid`), by which it says that it ended.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct UpstreamSid(Box<str>);

/// What an upstream said cannot be taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "the {what} of an upstream must have 1 to {at_most} bytes and no control characters, and has {length} bytes"
)]
pub struct UpstreamTextError {
    /// What it should have been.
    pub what: &'static str,
    /// The most that we take.
    pub at_most: usize,
    /// What was given.
    pub length: usize,
}

/// Somebody at an upstream is a user here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UpstreamLink {
    /// Where.
    pub upstream: UpstreamName,
    /// Who they are there.
    pub subject: UpstreamSubject,
    /// Who they are here.
    pub user_id: UserId,
    /// Since when.
    pub linked_at: Timestamp,
}

/// What stands beside a session that began at an upstream. It goes when the session ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UpstreamSession {
    /// Our session.
    pub session_id: SessionId,
    /// Where it began.
    pub upstream: UpstreamName,
    /// Whose it is there.
    pub subject: UpstreamSubject,
    /// What the upstream calls the session, where it has said so.
    pub sid: Option<UpstreamSid>,
    /// Whether it began with a token of the upstream's that somebody held, and not with a person who signed in there.
    pub exchanged: bool,
    /// What to ask the upstream with whether the session goes on, where it gave us something.
    pub secret: Option<SealedSecret>,
    /// When the upstream was asked.
    pub check: UpstreamCheck,
}

/// When an upstream was asked whether a session goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UpstreamCheck {
    /// When it last said yes.
    pub checked_at: Timestamp,
    /// When somebody last began to ask, if that was later.
    pub asked_at: Option<Timestamp>,
}

/// A secret of an upstream's, encrypted under the root key.
#[derive(Clone, PartialEq, Eq)]
pub struct SealedSecret(Vec<u8>);

/// Which sessions of an upstream are meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum UpstreamSelector {
    /// One of its sessions: there may be several of ours in it.
    Session {
        /// The upstream's issuer.
        issuer: String,
        /// Its session.
        sid: UpstreamSid,
    },
    /// All of one person there.
    Subject(UpstreamSubject),
}

impl UpstreamName {
    /// The longest name.
    pub const MAX_LEN: usize = 32;

    /// Returns the name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for UpstreamName {
    type Err = IdError;

    fn from_str(text: &str) -> Result<Self, IdError> {
        if is_configured_name(text, Self::MAX_LEN) {
            Ok(Self(text.into()))
        } else {
            Err(IdError::Upstream { text: text.chars().take(80).collect() })
        }
    }
}

impl fmt::Display for UpstreamName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl UpstreamSubject {
    /// The longest `sub` ([OpenID Connect Core §2](https://openid.net/specs/openid-connect-core-1_0.html#IDToken)).
    pub const MAX_SUB: usize = 255;

    /// The longest issuer that we take.
    pub const MAX_ISSUER: usize = 512;

    /// Takes an issuer and what it calls somebody. For a server without an issuer, it is the address that said who it is.
    pub fn new(issuer: &str, sub: &str) -> Result<Self, UpstreamTextError> {
        Ok(Self { issuer: text("issuer", issuer, Self::MAX_ISSUER)?, sub: text("sub", sub, Self::MAX_SUB)? })
    }

    /// Returns the issuer.
    pub fn issuer(&self) -> &str {
        &self.issuer
    }

    /// Returns what the issuer calls them.
    pub fn sub(&self) -> &str {
        &self.sub
    }
}

impl UpstreamSid {
    /// The longest `sid` that we take.
    pub const MAX_LEN: usize = 255;

    /// Returns the id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for UpstreamSid {
    type Err = UpstreamTextError;

    fn from_str(sid: &str) -> Result<Self, UpstreamTextError> {
        text("sid", sid, Self::MAX_LEN).map(Self)
    }
}

impl UpstreamSession {
    /// Returns whether this is one of those.
    pub fn is_one_of(&self, upstream: &UpstreamName, selector: &UpstreamSelector) -> bool {
        self.upstream == *upstream
            && match selector {
                UpstreamSelector::Session { issuer, sid } => {
                    self.subject.issuer() == issuer && self.sid.as_ref() == Some(sid)
                }
                UpstreamSelector::Subject(subject) => self.subject == *subject,
            }
    }
}

impl SealedSecret {
    /// Wraps sealed bytes.
    pub fn from_bytes(bytes: Vec<u8>) -> Self {
        Self(bytes)
    }

    /// Returns the sealed bytes.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for SealedSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[sealed]")
    }
}

fn text(what: &'static str, text: &str, at_most: usize) -> Result<Box<str>, UpstreamTextError> {
    if text.is_empty() || text.len() > at_most || text.chars().any(char::is_control) {
        return Err(UpstreamTextError { what, at_most, length: text.len() });
    }
    Ok(text.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_short_and_plain() {
        for name in ["corp", "a", "0-9", &"x".repeat(32)] {
            assert_eq!(name.parse::<UpstreamName>().map(|name| name.to_string()), Ok(name.to_owned()));
        }
        for wrong in ["", "-corp", "Corp", "corp_1", "corp/x", "corp.x", "über", &"x".repeat(33)] {
            assert!(wrong.parse::<UpstreamName>().is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn a_subject_is_somebody_of_one_issuer() {
        let here = UpstreamSubject::new("https://id.example", "1").unwrap();
        let elsewhere = UpstreamSubject::new("https://other.example", "1").unwrap();
        assert_ne!(here, elsewhere);
        assert_eq!((here.issuer(), here.sub()), ("https://id.example", "1"));
    }

    #[test]
    fn a_subject_that_is_empty_endless_or_unprintable_is_refused() {
        let long = "x".repeat(256);
        for sub in ["", "a\nb", "\u{0}", &long] {
            let refused = UpstreamSubject::new("https://id.example", sub).unwrap_err();
            assert_eq!((refused.what, refused.length), ("sub", sub.len()));
        }
        assert!(UpstreamSubject::new("", "1").is_err());
        assert!(UpstreamSubject::new("https://id.example", &long[..255]).is_ok());
        assert!("".parse::<UpstreamSid>().is_err());
        assert!(long.parse::<UpstreamSid>().is_err());
    }
}
