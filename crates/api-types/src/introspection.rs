use handstamp_token::UnixTime;
use serde::{Deserialize, Serialize};

use crate::Actor;

/// What `POST /oauth2/introspect` answers ([RFC 7662 §2.2](https://www.rfc-editor.org/rfc/rfc7662#section-2.2)).
///
/// An inactive token is `{"active":false}` and nothing more, so that the answer tells nothing of why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Introspection {
    /// Whether the token is good now.
    pub active: bool,
    /// `access_token` or `refresh_token`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token_type: Option<String>,
    /// Who issued it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub iss: Option<String>,
    /// The user's or machine client's stable id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sub: Option<String>,
    /// The user name, for show.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub username: Option<String>,
    /// The client it was issued to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_id: Option<String>,
    /// The session it belongs to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sid: Option<String>,
    /// The user's organisation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub org_id: Option<String>,
    /// System-wide roles.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub roles: Vec<String>,
    /// From this second on the token is dead.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exp: Option<UnixTime>,
    /// When it was issued; for a refresh token, when its session began.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub iat: Option<UnixTime>,
    /// The access token's own id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub jti: Option<String>,
    /// Who may accept the access token.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub aud: Vec<String>,
    /// What a machine client's own token may be used for, side by side.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scope: Option<String>,
    /// Who acts on the user's behalf.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub act: Option<Actor>,
}

impl Introspection {
    /// Returns the answer for every token that is not good.
    pub const fn inactive() -> Self {
        Self {
            active: false,
            token_type: None,
            iss: None,
            sub: None,
            username: None,
            client_id: None,
            sid: None,
            org_id: None,
            roles: Vec::new(),
            exp: None,
            iat: None,
            jti: None,
            aud: Vec::new(),
            scope: None,
            act: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Introspection;

    #[test]
    fn rfc7662_an_inactive_token_tells_nothing() {
        assert_eq!(serde_json::to_string(&Introspection::inactive()).unwrap(), r#"{"active":false}"#);
    }
}
