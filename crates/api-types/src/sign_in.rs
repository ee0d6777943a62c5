use serde::{Deserialize, Serialize};

/// `POST /auth/sign-in`.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SignInRequest {
    /// A user name or an e-mail address.
    pub login: String,
    /// The password, as typed.
    pub password: String,
    /// How the tokens are handed out. Default: cookies.
    #[serde(default)]
    pub delivery: Delivery,
}

impl std::fmt::Debug for SignInRequest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SignInRequest")
            .field("login", &self.login)
            .field("password", &"[redacted]")
            .field("delivery", &self.delivery)
            .finish()
    }
}

/// `POST /auth/exchange/{upstream}`. Without a body the tokens are handed out in cookies.
#[derive(Debug, Clone, Copy, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ExchangeRequest {
    /// How the tokens are handed out. Default: cookies.
    #[serde(default)]
    pub delivery: Delivery,
}

/// How tokens are handed out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Delivery {
    /// In `HttpOnly` cookies: for browsers.
    #[default]
    Cookie,
    /// In the reply's body: for mobile and machine clients.
    Body,
}

/// What body delivery answers ([RFC 6749 §5.1](https://www.rfc-editor.org/rfc/rfc6749#section-5.1)).
#[derive(Clone, Serialize, Deserialize)]
pub struct TokenReply {
    /// The access token, a JWT.
    pub access_token: String,
    /// The refresh token, opaque to clients. Absent where the client keeps the newer one that it holds already
    /// ([RFC 6749 §6](https://www.rfc-editor.org/rfc/rfc6749#section-6)).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refresh_token: Option<String>,
    /// Always `Bearer`.
    pub token_type: String,
    /// Seconds until the access token expires.
    pub expires_in: u64,
    /// The scopes that a client's own token was granted, side by side.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scope: Option<String>,
    /// What token exchange has issued ([RFC 8693 §2.2.1](https://www.rfc-editor.org/rfc/rfc8693#section-2.2.1)).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub issued_token_type: Option<String>,
}

impl std::fmt::Debug for TokenReply {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TokenReply")
            .field("access_token", &"[redacted]")
            .field("refresh_token", &"[redacted]")
            .field("token_type", &self.token_type)
            .field("expires_in", &self.expires_in)
            .field("scope", &self.scope)
            .field("issued_token_type", &self.issued_token_type)
            .finish()
    }
}

/// `POST /auth/refresh`. Without a refresh token, as without a body, the cookies are used.
#[derive(Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RefreshRequest {
    /// The newest refresh token the client holds, where it came in a body.
    #[serde(default)]
    pub refresh_token: Option<String>,
    /// How the new tokens are handed out: as the old ones came. It need not be said, but must not say anything else.
    #[serde(default)]
    pub delivery: Option<Delivery>,
}

impl std::fmt::Debug for RefreshRequest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RefreshRequest")
            .field("refresh_token", &self.refresh_token.as_ref().map(|_| "[redacted]"))
            .field("delivery", &self.delivery)
            .finish()
    }
}

/// `POST /auth/sign-out`. An empty body ends this session.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SignOutRequest {
    /// How far the sign-out reaches.
    #[serde(default)]
    pub scope: SignOutScope,
}

/// How far a sign-out reaches.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SignOutScope {
    /// This device alone.
    #[default]
    Session,
    /// Every device of the user.
    Everywhere,
}
