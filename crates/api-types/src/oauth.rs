use serde::{Deserialize, Serialize};

/// The grant of token exchange ([RFC 8693 §2.1](https://www.rfc-editor.org/rfc/rfc8693#section-2.1)).
pub const TOKEN_EXCHANGE_GRANT: &str = "urn:ietf:params:oauth:grant-type:token-exchange";

/// The type of what token exchange takes and issues here ([RFC 8693 §3](https://www.rfc-editor.org/rfc/rfc8693#section-3)).
pub const ACCESS_TOKEN_TYPE: &str = "urn:ietf:params:oauth:token-type:access_token";

/// How a client says that it authenticates by a signature ([RFC 7523 §2.2](https://www.rfc-editor.org/rfc/rfc7523#section-2.2)).
pub const CLIENT_ASSERTION_TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// An error reply of an OAuth endpoint ([RFC 6749 §5.2](https://www.rfc-editor.org/rfc/rfc6749#section-5.2)).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OAuthError {
    /// The registered code, such as `invalid_grant`.
    pub error: OAuthErrorCode,
    /// This occurrence, for a person.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error_description: Option<String>,
}

/// The codes of [`OAuthError`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum OAuthErrorCode {
    /// A parameter is missing, unknown or repeated.
    InvalidRequest,
    /// The client is unknown, or could not prove who it is.
    InvalidClient,
    /// The refresh token (or code) is not good, or belongs to another client.
    InvalidGrant,
    /// The client may not use this grant.
    UnauthorizedClient,
    /// There is no such grant here.
    UnsupportedGrantType,
    /// The scope is unknown, or more than the client may have.
    InvalidScope,
    /// The audience is unknown, or one that the client may not ask for ([RFC 8693 §2.2.2](https://www.rfc-editor.org/rfc/rfc8693#section-2.2.2)).
    InvalidTarget,
}
