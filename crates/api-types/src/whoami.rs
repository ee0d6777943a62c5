use handstamp_token::UnixTime;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// Who the caller is, as the access token says it.
///
/// What `GET /auth/whoami`, sign-in and refresh by cookie, and `POST /auth/session` answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Whoami {
    /// The user's stable id.
    pub sub: String,
    /// The user name, for show.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub preferred_username: Option<String>,
    /// The e-mail address.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// System-wide roles, sorted.
    pub roles: Vec<String>,
    /// The user's organisation, `null` for none.
    pub org_id: Option<String>,
    /// The session.
    pub sid: Option<String>,
    /// When the user last proved who they are, in Unix seconds.
    pub auth_time: Option<UnixTime>,
    /// How they proved it.
    pub amr: Vec<String>,
    /// Seconds until the access token expires: relative, because browsers' clocks are wrong.
    pub expires_in: u64,
    /// Configured custom claims.
    #[serde(flatten)]
    pub custom: Map<String, Value>,
}
