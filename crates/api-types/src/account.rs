use serde::{Deserialize, Serialize};

/// `POST /auth/change-password`.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ChangePasswordRequest {
    /// The password so far: whoever finds an open browser must not be able to lock its owner out.
    pub current_password: String,
    /// The password from now on.
    pub new_password: String,
}

impl std::fmt::Debug for ChangePasswordRequest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ChangePasswordRequest { current_password: [redacted], new_password: [redacted] }")
    }
}

/// `POST /auth/setup`: makes the first administrator.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SetupRequest {
    /// The secret that the service showed its operator at start.
    pub setup_secret: String,
    /// The administrator's user name.
    pub username: String,
    /// Their e-mail address.
    #[serde(default)]
    pub email: Option<String>,
    /// Their password.
    pub password: String,
}

impl std::fmt::Debug for SetupRequest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SetupRequest")
            .field("setup_secret", &"[redacted]")
            .field("username", &self.username)
            .field("email", &self.email)
            .field("password", &"[redacted]")
            .finish()
    }
}

/// What `POST /auth/setup` answers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SetupReply {
    /// The administrator's stable id.
    pub sub: String,
    /// Their user name.
    pub username: String,
}

/// What `POST /auth/change-password` answers. Every access token of before is dead: callers by cookie get a fresh one in
/// theirs, callers by bearer token find it here.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PasswordChangedReply {
    /// How many other sessions were active and are over now.
    pub ended: u64,
    /// The fresh access token, for callers by bearer token.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub access_token: Option<String>,
    /// Seconds until it expires.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_in: Option<u64>,
}

impl std::fmt::Debug for PasswordChangedReply {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PasswordChangedReply").field("ended", &self.ended).finish_non_exhaustive()
    }
}
