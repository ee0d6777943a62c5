use serde::{Deserialize, Serialize};

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
}
