use handstamp_token::UnixTime;
use serde::{Deserialize, Serialize};

/// `typ` of a revocation frame's header: no other token of the issuer can pass for one.
pub const REVOCATION_TYP: &str = "handstamp-rev+jwt";

/// `aud` of every revocation frame.
pub const REVOCATION_AUDIENCE: &str = "handstamp-revocations";

/// Seconds from a frame's `iat` to its `exp`.
pub const FRAME_LIFETIME_SECS: u64 = 60;

/// The most events in one frame, so that it stays within what verifiers read of any token.
pub const MAX_EVENTS_PER_FRAME: usize = 48;

/// Seconds between two heartbeats of the feed.
pub const HEARTBEAT_SECS: u64 = 2;

/// The claims of a revocation frame: a stretch of the log, signed.
///
/// It says: of the events from `first` to `last`, those that are not forgotten yet are exactly `events`. An empty stretch
/// (`first` is `last + 1`) is a heartbeat: it says how far the log goes and that the feed is alive.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RevocationFrame {
    /// The issuer whose tokens the events are about.
    pub iss: String,
    /// Always [`REVOCATION_AUDIENCE`].
    pub aud: Vec<String>,
    /// When the frame was signed.
    pub iat: UnixTime,
    /// [`FRAME_LIFETIME_SECS`] later.
    pub exp: UnixTime,
    /// Changes when the log is rebuilt.
    pub epoch: u32,
    /// The key of the selectors' hash: 32 bytes, base64url.
    pub selector_key: String,
    /// Whether the frame stands for the whole log or for a stretch of it.
    pub content: FrameContent,
    /// The first position it speaks of.
    pub first: u64,
    /// The last position it speaks of.
    pub last: u64,
    /// Which part of a snapshot this is, from 0. A delta has one.
    #[serde(default)]
    pub part: u32,
    /// How many parts the snapshot has. A delta has one.
    #[serde(default = "one")]
    pub parts: u32,
    /// The events, by rising position.
    pub events: Vec<RevocationEvent>,
}

fn one() -> u32 {
    1
}

/// What a frame stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum FrameContent {
    /// The whole log, in as many parts as it needs.
    Snapshot,
    /// A stretch of the log.
    Delta,
}

/// One event: tokens that match the selector and are older than `seq` are dead, or stale.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RevocationEvent {
    /// Its position in the log.
    pub seq: u64,
    /// Which claim of a token the selector is about.
    pub level: RevocationLevel,
    /// The claim's value: the first 128 bits of its keyed hash, base64url. For [`RevocationLevel::Key`] the `kid` itself, for
    /// [`RevocationLevel::Everything`] nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub selector: Option<String>,
    /// Coarser selectors that cover it, finer ones first. A verifier that runs out of memory falls back to them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub within: Vec<CoarserSelector>,
    /// What becomes of the tokens.
    pub kind: RevocationKind,
    /// Why, as a stable name.
    pub reason: String,
    /// When it happened.
    pub at: UnixTime,
    /// When the last token it can hit has expired, leeway included: from then on everybody may forget it.
    pub forget_at: UnixTime,
}

/// A selector that covers another one: the session's user, the user's organisation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CoarserSelector {
    /// Which claim it is about.
    pub level: RevocationLevel,
    /// The claim's value, hashed.
    pub selector: String,
}

/// Which tokens an event is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
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
    /// One signing key: hits whatever a token's `rev` says, which a thief of the key could forge.
    #[serde(rename = "kid")]
    Key,
    /// All of them.
    #[serde(rename = "everything")]
    Everything,
}

impl RevocationLevel {
    /// Every level, finest first.
    pub const ALL: &'static [Self] = &[
        Self::Token,
        Self::Session,
        Self::Subject,
        Self::Organization,
        Self::Client,
        Self::Key,
        Self::Everything,
    ];

    /// Returns the claim it is about, as it stands in JSON.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Token => "jti",
            Self::Session => "sid",
            Self::Subject => "sub",
            Self::Organization => "org_id",
            Self::Client => "client_id",
            Self::Key => "kid",
            Self::Everything => "everything",
        }
    }
}

/// What becomes of the tokens an event is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RevocationKind {
    /// Their claims are out of date: refresh and repeat.
    Stale,
    /// They are over.
    Dead,
}

/// What a verifier tells the issuer about itself, so that operators see who is behind.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct VerifierReport {
    /// The service, by a name its operator chose.
    pub service: String,
    /// The process: a random name it drew when it started.
    pub instance: String,
    /// The epoch of the log it holds.
    pub epoch: u32,
    /// The newest event it holds.
    pub seq: u64,
    /// How many events it knows to be missing.
    pub behind: u64,
    /// Milliseconds since the feed was last heard.
    pub silent_ms: u64,
    /// The ids of the signing keys it holds.
    pub kids: Vec<String>,
}

#[cfg(test)]
mod tests {
    use super::{RevocationEvent, RevocationLevel};

    #[test]
    fn levels_travel_as_the_claims_they_are_about() {
        for level in RevocationLevel::ALL {
            assert_eq!(serde_json::to_value(level).unwrap(), level.as_str());
        }
    }

    #[test]
    fn an_event_leaves_out_what_it_has_not() {
        let json =
            r#"{"seq":1,"level":"everything","kind":"stale","reason":"log_rebuilt","at":5,"forget_at":9}"#;
        let event: RevocationEvent = serde_json::from_str(json).unwrap();

        assert_eq!((event.selector.as_deref(), event.within.len()), (None, 0));
        assert_eq!(serde_json::to_string(&event).unwrap(), json);
    }
}
