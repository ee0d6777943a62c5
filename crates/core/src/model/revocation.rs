use std::fmt;

use handstamp_token::KeyId;
use jiff::Timestamp;
use serde::Serialize;

use super::{ClientId, OrgId, SessionId, UserId};

/// A position in the revocation log. Written into tokens as `epoch.seq`: the claim `rev`. A later one is larger.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LogPosition {
    /// Changes when the log is rebuilt, to a larger one: the time in Unix seconds, or one more than the epoch before.
    pub epoch: u32,
    /// The newest event; 0 before the first.
    pub seq: u64,
}

/// A new epoch begins so many numbers past what the database still knows: further than anything can have been lost.
///
/// Numbers stay below 2^48, so there is room for 65,000 epochs.
pub const EPOCH_STRIDE: u64 = 1 << 32;

impl fmt::Display for LogPosition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.epoch, self.seq)
    }
}

impl Serialize for LogPosition {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// One event of the log: tokens that match the selector and are older than it are dead, or stale.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RevocationEvent {
    /// Rises by one, without gaps, in the order of commits.
    pub seq: u64,
    /// The rest.
    pub event: NewEvent,
}

/// An event before the log has given it its number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewEvent {
    /// Which tokens.
    pub selector: Selector,
    /// What becomes of them.
    pub kind: EventKind,
    /// Why.
    pub reason: Reason,
    /// When it happened.
    pub at: Timestamp,
    /// The last token it can hit has expired by then, leeway included: everybody may forget it.
    pub forget_at: Timestamp,
    /// The user that all its tokens are of, where the selector is narrower: a verifier without room for one more session makes
    /// the user's tokens stale, and not everybody's.
    pub user: Option<UserId>,
    /// The organisation that all its tokens are of, for the same use. Tokens from before the user came into it do not matter:
    /// the move has made them stale.
    pub org_id: Option<OrgId>,
}

/// Which tokens an event means.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Selector {
    /// One token, by `jti`.
    Token(String),
    /// One session, by `sid`.
    Session(SessionId),
    /// One user or machine, by `sub`.
    Subject(UserId),
    /// One organisation, by `org_id`.
    Organization(OrgId),
    /// One client, by `client_id`.
    Client(ClientId),
    /// One signing key, by `kid`: hits whatever the token's `rev` says, which a thief of the key could forge.
    Key(KeyId),
    /// No token, but one user's profile, which services keep and know by the user's `sub`.
    Profile(UserId),
    /// Every token.
    Everything,
}

/// What becomes of the tokens an event means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum EventKind {
    /// Their claims are out of date: refresh and repeat.
    Stale,
    /// They are over.
    Dead,
}

/// Why an event was raised.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Reason {
    /// A session ended.
    SessionEnded,
    /// All sessions of a user ended.
    SignedOutEverywhere,
    /// The account was disabled.
    AccountDisabled,
    /// The password was changed.
    PasswordChanged,
    /// A refresh token was used twice.
    TokenReuse,
    /// One token was revoked (RFC 7009).
    TokenRevoked,
    /// Roles, organisation or claims changed.
    ClaimsChanged,
    /// What is told of somebody beside their tokens changed.
    ProfileChanged,
    /// The organisation was suspended.
    OrganizationSuspended,
    /// A machine client was removed.
    ClientRemoved,
    /// A signing key leaked.
    KeyLeaked,
    /// The log was rebuilt.
    LogRebuilt,
    /// An operator threw the switch.
    Operator,
}

impl Reason {
    /// Every reason.
    pub const ALL: &'static [Self] = &[
        Self::SessionEnded,
        Self::SignedOutEverywhere,
        Self::AccountDisabled,
        Self::PasswordChanged,
        Self::TokenReuse,
        Self::TokenRevoked,
        Self::ClaimsChanged,
        Self::ProfileChanged,
        Self::OrganizationSuspended,
        Self::ClientRemoved,
        Self::KeyLeaked,
        Self::LogRebuilt,
        Self::Operator,
    ];

    /// Returns the reason's stable name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::SessionEnded => "session_ended",
            Self::SignedOutEverywhere => "signed_out_everywhere",
            Self::AccountDisabled => "account_disabled",
            Self::PasswordChanged => "password_changed",
            Self::TokenReuse => "token_reuse",
            Self::TokenRevoked => "token_revoked",
            Self::ClaimsChanged => "claims_changed",
            Self::ProfileChanged => "profile_changed",
            Self::OrganizationSuspended => "organization_suspended",
            Self::ClientRemoved => "client_removed",
            Self::KeyLeaked => "key_leaked",
            Self::LogRebuilt => "log_rebuilt",
            Self::Operator => "operator",
        }
    }

    /// Returns the reason with this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|reason| reason.as_str() == name)
    }
}
