use handstamp_token::UnixTime;
use serde::{Deserialize, Serialize};

/// `GET /auth/sessions`: the caller's devices, newest first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SessionList {
    /// Active sessions only.
    pub sessions: Vec<SessionSummary>,
}

/// One sign-in on one device.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SessionSummary {
    /// The session's id.
    pub sid: String,
    /// Whether the request came from this session.
    pub current: bool,
    /// The device in words, such as `Firefox on Linux`; the user may rename it.
    pub device: String,
    /// The session at home from which this one was carried to another domain. Ending one of them ends all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub carried_from: Option<String>,
    /// The name of the site to which it was carried.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub site: Option<String>,
    /// When the user signed in, in Unix seconds.
    pub created_at: UnixTime,
    /// When the device was last seen, in Unix seconds; to the nearest few minutes.
    pub last_seen_at: UnixTime,
    /// When the session ends at the latest, in Unix seconds.
    pub expires_at: UnixTime,
}

/// What ending several sessions answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct EndedSessions {
    /// How many were active and are over now.
    pub ended: u64,
}

/// What `POST /auth/sign-out` answers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignedOut {
    /// How many sessions were active and are over now.
    pub ended: u64,
    /// Where the user ends the session at the upstream as well, by which they had signed in: an address to go to, not to fetch
    /// ([OpenID Connect RP-Initiated Logout](https://openid.net/specs/openid-connect-rpinitiated-1_0.html)).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub end_session_url: Option<String>,
}

/// `PATCH /auth/sessions/{sid}`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RelabelRequest {
    /// The device in the user's own words.
    pub device: String,
}
