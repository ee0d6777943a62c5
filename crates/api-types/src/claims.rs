use std::{fmt, str::FromStr};

use handstamp_token::UnixTime;
use serde::{Deserialize, Serialize, de};

use crate::status_list::StatusClaim;

/// The claims of an access token ([RFC 9068 §2.2](https://www.rfc-editor.org/rfc/rfc9068#section-2.2) and our own).
///
/// Custom claims stand beside these in the same JSON object; read them with a struct of your own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccessTokenClaims {
    /// Who issued the token: the auth service's public URL.
    pub iss: String,
    /// The user's (or machine client's) stable id.
    pub sub: String,
    /// Who may accept the token.
    pub aud: Vec<String>,
    /// From this second on the token is dead.
    pub exp: UnixTime,
    /// When it was issued.
    pub iat: UnixTime,
    /// The token's own id.
    pub jti: String,
    /// The OAuth2 client the token was issued to.
    pub client_id: String,
    /// The session it belongs to. Machine clients have none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sid: Option<String>,
    /// When the user last proved who they are; unchanged by refresh.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub auth_time: Option<UnixTime>,
    /// How they proved it ([RFC 8176](https://www.rfc-editor.org/rfc/rfc8176)): `pwd`, …
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub amr: Vec<String>,
    /// The user name, for show. Never a key: `sub` is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub preferred_username: Option<String>,
    /// The e-mail address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// System-wide roles.
    #[serde(default)]
    pub roles: Vec<String>,
    /// The user's organisation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub org_id: Option<String>,
    /// Position of the revocation log when these claims were read.
    pub rev: Rev,
    /// What a machine client's own token may be used for, side by side.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scope: Option<String>,
    /// Who acts on the user's behalf. Only in exchanged tokens.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub act: Option<Actor>,
    /// Where the token's status stands, for verifiers that do not follow the log. Only where status lists are on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<StatusClaim>,
}

/// The claim `act`: who acts on the user's behalf ([RFC 8693 §4.1](https://www.rfc-editor.org/rfc/rfc8693#section-4.1)).
///
/// Only the outermost one counts when somebody decides what is allowed; those inside are for the log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Actor {
    /// The client that acts.
    pub sub: String,
    /// The one that acted before it, and handed the token on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub act: Option<Box<Actor>>,
}

impl Actor {
    /// Returns the clients of the chain, the one that acts now first.
    pub fn chain(&self) -> impl Iterator<Item = &str> {
        std::iter::successors(Some(self), |actor| actor.act.as_deref()).map(|actor| actor.sub.as_str())
    }
}

/// A position in the revocation log: `epoch.seq`, such as `1.42`.
///
/// A later event in the same epoch has a larger `seq`. Positions of different epochs do not compare.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Rev {
    /// Changes when the log is rebuilt.
    pub epoch: u32,
    /// Rises by one with each event, without gaps.
    pub seq: u64,
}

impl fmt::Display for Rev {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.epoch, self.seq)
    }
}

/// The text is not `epoch.seq` in plain decimal digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RevParseError;

impl fmt::Display for RevParseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a log position is `epoch.seq` in decimal digits, such as 1.42")
    }
}

impl std::error::Error for RevParseError {}

impl FromStr for Rev {
    type Err = RevParseError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (epoch, seq) = text.split_once('.').ok_or(RevParseError)?;
        // `parse` alone takes "+1" and "007": one position must have one spelling.
        let canonical = |digits: &str| {
            digits.bytes().all(|b| b.is_ascii_digit()) && (digits == "0" || !digits.starts_with('0'))
        };
        if !canonical(epoch) || !canonical(seq) {
            return Err(RevParseError);
        }
        Ok(Self {
            epoch: epoch.parse().map_err(|_| RevParseError)?,
            seq: seq.parse().map_err(|_| RevParseError)?,
        })
    }
}

impl Serialize for Rev {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Rev {
    fn deserialize<D: de::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Text;
        impl de::Visitor<'_> for Text {
            type Value = Rev;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a log position such as \"1.42\"")
            }
            fn visit_str<E: de::Error>(self, text: &str) -> Result<Rev, E> {
                text.parse().map_err(E::custom)
            }
        }
        deserializer.deserialize_str(Text)
    }
}

#[cfg(test)]
mod tests {
    use super::{Rev, RevParseError};

    #[test]
    fn a_log_position_has_one_spelling() {
        assert_eq!("1.42".parse(), Ok(Rev { epoch: 1, seq: 42 }));
        for wrong in ["", ".", "1", "1.", ".1", "+1.2", "1.+2", "01.2", "1.02", "1.2.3", "1.-2", " 1.2"] {
            assert_eq!(wrong.parse::<Rev>(), Err(RevParseError), "{wrong:?}");
        }
    }
}
