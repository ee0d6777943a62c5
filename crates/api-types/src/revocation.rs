//! The revocation feed: what the auth service tells every verifier about tokens that are over, or out of date.
//!
//! There is one kind of message, the [`RevocationBatch`], and it always travels as a signed JWT. A snapshot is the batches from
//! the log's beginning, a gap those from where the reader stands, a delta the next one, a heartbeat one without events.

use std::{fmt, str::FromStr};

use base64_simd::URL_SAFE_NO_PAD;
use handstamp_token::UnixTime;
use serde::{Deserialize, Serialize, de};

use crate::Rev;

/// `typ` of a batch's header, so that no other token of the issuer can pass for news about revocations.
pub const BATCH_TYP: &str = "handstamp-rev+jwt";

/// `aud` of a batch: all verifiers.
pub const BATCH_AUDIENCE: &str = "handstamp-revocations";

/// The most events in one batch. More come as several batches.
pub const MAX_EVENTS_PER_BATCH: usize = 500;

/// The most batches in one [`RevocationSnapshot`]. A reader asks again from where it then stands.
pub const MAX_BATCHES_PER_SNAPSHOT: usize = 128;

/// The most epochs in [`RevocationBatch::earlier`].
pub const MAX_EARLIER_EPOCHS: usize = 8;

/// A request header by which a reader shows the newest batch it has, as it came. It is signed, so it proves how far the log once
/// was: an auth service whose database was put back to an older state hears of it.
pub const LAST_BATCH_HEADER: &str = "handstamp-last-batch";

/// A reader shows no batch longer than this: headers are not made for more.
pub const MAX_LAST_BATCH: usize = 4096;

/// A `seq` stays below this.
pub const MAX_SEQ: u64 = 1 << 48;

/// The seconds between two heartbeats of a quiet feed.
pub const HEARTBEAT_SECONDS: u64 = 2;

/// A stretch of the revocation log: the claims of a JWT with the header `typ` [`BATCH_TYP`].
///
/// It brings every event with `after < seq <= through` that anybody still has to know. Ranges touch, so a lost batch shows as
/// a gap, and a batch that was cut short cannot be made without the key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RevocationBatch {
    /// The issuer, as in its access tokens.
    pub iss: String,
    /// [`BATCH_AUDIENCE`].
    pub aud: String,
    /// When it was signed, in Unix seconds.
    pub iat: UnixTime,
    /// From this second on nobody takes it.
    pub exp: UnixTime,
    /// When it was signed, in Unix milliseconds.
    pub time_ms: u64,
    /// The log's epoch. Another one means that the log was rebuilt. A later epoch is a larger number.
    pub epoch: u32,
    /// The epochs before this one whose tokens may still live, oldest first, each with the last `seq` of it that this log goes on
    /// from. An event up to there is the very event that the earlier epoch had under its number, so a token of that epoch can be
    /// compared with it; every later event hits all tokens of that epoch.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub earlier: Vec<Rev>,
    /// The events begin after this `seq`.
    pub after: u64,
    /// The events end with this `seq`. Equal to `after` in a heartbeat.
    pub through: u64,
    /// The newest `seq` of the log when this was signed.
    pub head: u64,
    /// In the order of `seq`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub events: Vec<RevocationEvent>,
    /// What the reader sent along. Only the answer to its own request can carry it, so that batch is fresh whatever the
    /// clocks say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nonce: Option<String>,
    /// The HMAC key of all [`SelectorHash`]es. Only beside a nonce, so that what is recorded of a feed later names nobody.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub selector_key: Option<SelectorKeyText>,
}

/// One event of the log: tokens that match the selector and are older than `seq` are dead, or stale.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RevocationEvent {
    /// Its number in the log.
    pub seq: u64,
    /// What the selector is of.
    pub level: RevocationLevel,
    /// Which one, as a keyed hash. Absent for [`RevocationLevel::All`] alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sel: Option<SelectorHash>,
    /// What becomes of the tokens.
    pub kind: RevocationKind,
    /// Why, as a stable name such as `session_ended`. For people and logs; nothing is decided by it.
    pub reason: String,
    /// When it happened.
    pub at: UnixTime,
    /// The last token it can hit has expired by then, leeway included.
    pub forget_at: UnixTime,
    /// The subject that a token or session belongs to, where the issuer knows: a verifier without room for one more session
    /// then makes the subject's tokens stale, and not everybody's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sub: Option<SelectorHash>,
    /// The organisation that a token, session or subject belongs to, for the same use.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub org: Option<SelectorHash>,
}

/// What a selector is of, named like the claim or header parameter it is compared with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum RevocationLevel {
    /// One token.
    #[serde(rename = "jti")]
    Token,
    /// One session.
    #[serde(rename = "sid")]
    Session,
    /// One user or machine.
    #[serde(rename = "sub")]
    Subject,
    /// One organisation.
    #[serde(rename = "org_id")]
    Organization,
    /// One client.
    #[serde(rename = "client_id")]
    Client,
    /// One signing key. Hits whatever the token's `rev` says.
    #[serde(rename = "kid")]
    Key,
    /// Every token.
    #[serde(rename = "all")]
    All,
}

impl RevocationLevel {
    /// All there are, the narrowest first.
    pub const ALL: [Self; 7] =
        [Self::Token, Self::Session, Self::Subject, Self::Organization, Self::Client, Self::Key, Self::All];

    /// Returns the level's name on the wire, which is also the first part of what is hashed.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Token => "jti",
            Self::Session => "sid",
            Self::Subject => "sub",
            Self::Organization => "org_id",
            Self::Client => "client_id",
            Self::Key => "kid",
            Self::All => "all",
        }
    }
}

/// What becomes of the tokens an event means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RevocationKind {
    /// Their claims are out of date: refresh and repeat.
    Stale,
    /// They are over.
    Dead,
}

/// The first 16 bytes of HMAC-SHA-256 over `level NUL value`, under the feed's selector key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct SelectorHash(pub [u8; 16]);

/// The key of all selector hashes.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct SelectorKeyText(pub [u8; 32]);

/// Who knows the key can find out whom the hashes in a recorded feed mean.
impl fmt::Debug for SelectorKeyText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SelectorKeyText([redacted])")
    }
}

/// What `GET /revocations/snapshot` answers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RevocationSnapshot {
    /// Signed batches that follow on each other; the first one is a heartbeat and carries the reader's nonce.
    pub batches: Vec<String>,
}

/// `POST /revocations/report`: how far a verifier is, so that the operator sees who is behind.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RevocationReport {
    /// Random, new at each start: tells the processes of one service apart.
    pub instance: String,
    /// Where it stands.
    pub epoch: u32,
    /// Where it stands.
    pub seq: u64,
    /// The age of what it knows, in milliseconds.
    pub lag_ms: u64,
    /// The signing keys it can verify with, sorted.
    pub kids: Vec<String>,
}

macro_rules! base64url_text {
    ($type:ident, $len:literal, $what:literal) => {
        impl FromStr for $type {
            type Err = MalformedText;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                let bytes =
                    URL_SAFE_NO_PAD.decode_to_vec(text).map_err(|_| MalformedText { expected: $what })?;
                bytes.try_into().map(Self).map_err(|_| MalformedText { expected: $what })
            }
        }

        impl Serialize for $type {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(&URL_SAFE_NO_PAD.encode_to_string(self.0))
            }
        }

        impl<'de> Deserialize<'de> for $type {
            fn deserialize<D: de::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                struct Text;
                impl de::Visitor<'_> for Text {
                    type Value = $type;
                    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                        f.write_str($what)
                    }
                    fn visit_str<E: de::Error>(self, text: &str) -> Result<$type, E> {
                        text.parse().map_err(E::custom)
                    }
                }
                deserializer.deserialize_str(Text)
            }
        }
    };
}

base64url_text!(SelectorHash, 16, "16 bytes in base64url");
base64url_text!(SelectorKeyText, 32, "32 bytes in base64url");

/// The text is not the base64url spelling of the right number of bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MalformedText {
    expected: &'static str,
}

impl fmt::Display for MalformedText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "expected {}", self.expected)
    }
}

impl std::error::Error for MalformedText {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_reads_like_its_documentation() {
        let event = RevocationEvent {
            seq: 43,
            level: RevocationLevel::Session,
            sel: Some(SelectorHash([7; 16])),
            kind: RevocationKind::Dead,
            reason: "session_ended".to_owned(),
            at: UnixTime::from_secs(1_800_000_000),
            forget_at: UnixTime::from_secs(1_800_000_660),
            sub: None,
            org: None,
        };

        let json = serde_json::to_string(&event).unwrap();

        assert_eq!(
            json,
            r#"{"seq":43,"level":"sid","sel":"BwcHBwcHBwcHBwcHBwcHBw","kind":"dead","reason":"session_ended","at":1800000000,"forget_at":1800000660}"#
        );
        assert_eq!(serde_json::from_str::<RevocationEvent>(&json).unwrap(), event);
    }

    #[test]
    fn a_hash_has_one_spelling_and_one_length() {
        for wrong in [
            "",
            "BwcHBwcHBwcHBwcHBwcHB",
            "BwcHBwcHBwcHBwcHBwcHBx",
            "BwcHBwcHBwcHBwcHBwcHBw==",
            "BwcHBwcHBwcHBwcHBwcHBwcH",
        ] {
            assert!(wrong.parse::<SelectorHash>().is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn every_level_is_hashed_under_the_name_it_travels_by() {
        for level in RevocationLevel::ALL {
            assert_eq!(serde_json::to_value(level).unwrap(), level.as_str());
        }
    }

    #[test]
    fn the_selector_key_does_not_print() {
        assert_eq!(format!("{:?}", SelectorKeyText([1; 32])), "SelectorKeyText([redacted])");
    }
}
