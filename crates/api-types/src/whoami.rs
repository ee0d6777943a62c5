use std::borrow::Cow;

use handstamp_token::UnixTime;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// Who the caller is, as the access token says it.
///
/// What `GET /auth/whoami`, sign-in and refresh by cookie, and `POST /auth/session` answer. Whoever writes one may borrow what it
/// says: this is asked for all the time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Whoami<'a> {
    /// The user's stable id.
    pub sub: Cow<'a, str>,
    /// The user name, for show.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub preferred_username: Option<Cow<'a, str>>,
    /// The e-mail address.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub email: Option<Cow<'a, str>>,
    /// System-wide roles, sorted.
    pub roles: Cow<'a, [String]>,
    /// The user's organisation, `null` for none.
    pub org_id: Option<Cow<'a, str>>,
    /// The session.
    pub sid: Option<Cow<'a, str>>,
    /// When the user last proved who they are, in Unix seconds.
    pub auth_time: Option<UnixTime>,
    /// How they proved it.
    pub amr: Cow<'a, [String]>,
    /// Seconds until the access token expires: relative, because browsers' clocks are wrong.
    pub expires_in: u64,
    /// Configured custom claims.
    #[serde(flatten)]
    pub custom: Map<String, Value>,
}
