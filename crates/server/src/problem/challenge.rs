use handstamp_api_types::ErrorCode;
use http::HeaderValue;

/// Returns the `WWW-Authenticate` header that goes with a code ([RFC 6750 §3](https://www.rfc-editor.org/rfc/rfc6750#section-3)).
///
/// Without credentials there is no `error` at all: the client did nothing wrong yet.
pub(super) fn of(code: ErrorCode) -> Option<HeaderValue> {
    use ErrorCode as Code;
    let text = match code {
        Code::TokenMissing | Code::InvalidCredentials => "Bearer".to_owned(),
        Code::TokenMalformed
        | Code::TokenExpired
        | Code::TokenRevoked
        | Code::TokenStale
        | Code::TokenInvalid
        | Code::SessionEnded => format!("Bearer error=\"invalid_token\", error_description=\"{code}\""),
        // RFC 9470 has a word of its own for this one.
        Code::StepUpRequired => {
            format!("Bearer error=\"insufficient_user_authentication\", error_description=\"{code}\"")
        }
        Code::RoleRequired | Code::ScopeRequired | Code::CallerMismatch | Code::OrgMismatch => {
            format!("Bearer error=\"insufficient_scope\", error_description=\"{code}\"")
        }
        _ => return None,
    };
    HeaderValue::try_from(text).ok()
}

#[cfg(test)]
mod tests {
    use handstamp_api_types::ErrorCode;

    use super::of;

    #[test]
    fn rfc6750_every_401_carries_a_challenge() {
        for code in ErrorCode::ALL {
            if code.status() == 401 {
                assert!(of(*code).is_some(), "{code}");
            }
        }
    }

    #[test]
    fn rfc6750_too_few_rights_are_named() {
        for code in [ErrorCode::RoleRequired, ErrorCode::ScopeRequired, ErrorCode::CallerMismatch] {
            let expected = format!("Bearer error=\"insufficient_scope\", error_description=\"{code}\"");
            assert_eq!(of(code).unwrap(), expected.as_str());
        }
    }

    #[test]
    fn rfc6750_no_credentials_means_no_error() {
        assert_eq!(of(ErrorCode::TokenMissing).unwrap(), "Bearer");
        assert_eq!(
            of(ErrorCode::TokenExpired).unwrap(),
            "Bearer error=\"invalid_token\", error_description=\"token_expired\""
        );
    }
}
