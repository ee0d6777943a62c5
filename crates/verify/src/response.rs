//! Turns an [`AuthError`] into the reply every Handstamp service gives: problem JSON and `WWW-Authenticate`.

use std::time::Duration;

use bytes::Bytes;
use handstamp_api_types::{ErrorCode, PROBLEM_JSON, Problem};
use http::{HeaderValue, Response, StatusCode, header};

use crate::AuthError;

impl AuthError {
    /// Returns the reply's body ([RFC 9457](https://www.rfc-editor.org/rfc/rfc9457)).
    pub fn problem(&self) -> Problem {
        let mut problem = Problem::new(self.code());
        problem.detail = self.detail();
        problem
    }

    /// Returns the challenge that goes with the status ([RFC 6750 §3](https://www.rfc-editor.org/rfc/rfc6750#section-3)).
    ///
    /// No credentials: no `error`. Refused credentials: `invalid_token`. Too few rights: `insufficient_scope`. The
    /// `error_description` is the [`code`](Self::code). A 503, a forged request and a route that is closed to everybody are
    /// not about credentials and challenge nobody.
    pub fn www_authenticate(&self) -> Option<String> {
        let max_age = match self {
            Self::StepUpRequired { max_age } => format!(", max_age=\"{}\"", max_age.as_secs()),
            _ => String::new(),
        };
        challenge(self.code()).map(|challenge| challenge + &max_age)
    }

    /// Returns the whole reply, for any body type that can be made from bytes.
    ///
    /// The error itself stands in the reply's extensions, so that an outer layer can log it or add to the body.
    pub fn response<B: From<Bytes>>(self) -> Response<B> {
        let mut response = of(&self.problem(), self.www_authenticate(), self.retry_after());
        response.extensions_mut().insert(self);
        response
    }

    /// What a client may read about this occurrence: what to do, never what a token held or what the service expects.
    fn detail(&self) -> Option<String> {
        match self {
            Self::Rejected(rejection) if self.code() == ErrorCode::TokenInvalid => {
                Some(format!("Rule {}; the service's log has the particulars.", rejection.code()))
            }
            Self::TwoCredentials | Self::TokenInQuery | Self::MalformedAuthorization => Some(sentence(self)),
            Self::Cookie(error) => Some(sentence(error)),
            Self::Csrf(rejection) => Some(sentence(rejection)),
            Self::RoleRequired { needed } => {
                Some(format!("Needs one of these roles: {}.", needed.join(", ")))
            }
            Self::ScopeRequired { needed } => Some(format!("Needs the scope {needed}.")),
            Self::PersonRequired => Some("This is for people who are signed in.".to_owned()),
            Self::ClientRequired => Some("This is for machine clients.".to_owned()),
            Self::StepUpRequired { max_age } => {
                Some(format!("The sign-in must not be older than {} seconds.", max_age.as_secs()))
            }
            _ => None,
        }
    }
}

/// Returns the challenge that goes with a code.
pub(crate) fn challenge(code: ErrorCode) -> Option<String> {
    let error = match code {
        ErrorCode::TokenMissing => return Some("Bearer".to_owned()),
        ErrorCode::RoleRequired
        | ErrorCode::OrgMismatch
        | ErrorCode::ScopeRequired
        | ErrorCode::CallerMismatch => "insufficient_scope",
        // RFC 9470 §3.
        ErrorCode::StepUpRequired => "insufficient_user_authentication",
        _ if code.status() == StatusCode::UNAUTHORIZED.as_u16() => "invalid_token",
        _ => return None,
    };
    Some(format!("Bearer error=\"{error}\", error_description=\"{code}\""))
}

/// Returns the problem as a reply, with its challenge and when to come back.
pub(crate) fn of<B: From<Bytes>>(
    problem: &Problem,
    challenge: Option<String>,
    retry_after: Option<Duration>,
) -> Response<B> {
    // A `Problem` is strings and numbers: serialising it cannot fail.
    let body = serde_json::to_vec(problem).unwrap_or_default();
    let mut response = Response::new(B::from(Bytes::from(body)));
    *response.status_mut() =
        StatusCode::from_u16(problem.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(PROBLEM_JSON));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if let Some(challenge) = challenge.and_then(|text| HeaderValue::try_from(text).ok()) {
        headers.insert(header::WWW_AUTHENTICATE, challenge);
    }
    if let Some(wait) = retry_after {
        // Whole seconds, rounded up: coming back too early helps nobody.
        let seconds = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
        headers.insert(header::RETRY_AFTER, seconds.into());
    }
    response
}

fn sentence(error: &dyn std::error::Error) -> String {
    let text = error.to_string();
    let mut chars = text.chars();
    match chars.next() {
        Some(first) => format!("{}{}.", first.to_uppercase(), chars.as_str()),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use bytes::Bytes;
    use handstamp_token::{Rejection, UnixTime};
    use http::Response;

    use crate::AuthError;

    fn rendered(error: AuthError) -> (u16, Option<String>, serde_json::Value) {
        let response: Response<Bytes> = error.response();
        let challenge =
            response.headers().get("www-authenticate").map(|value| value.to_str().unwrap().to_owned());
        (response.status().as_u16(), challenge, serde_json::from_slice(response.body()).unwrap())
    }

    #[test]
    fn no_credentials_challenge_without_an_error() {
        let (status, challenge, body) = rendered(AuthError::Missing);

        assert_eq!((status, challenge.as_deref()), (401, Some("Bearer")));
        assert_eq!(body["code"], "token_missing");
    }

    #[test]
    fn a_refused_token_is_an_invalid_token_with_the_code_as_description() {
        let now = UnixTime::from_secs(1000);
        let expired = Rejection::Expired { exp: UnixTime::from_secs(900), now, leeway: Duration::ZERO };
        let (status, challenge, body) = rendered(expired.into());

        assert_eq!(status, 401);
        assert_eq!(challenge.unwrap(), r#"Bearer error="invalid_token", error_description="token_expired""#);
        assert_eq!(body["status"], 401);
    }

    #[test]
    fn a_missing_role_is_insufficient_scope() {
        let (status, challenge, body) =
            rendered(AuthError::RoleRequired { needed: vec!["buyer".to_owned()] });

        assert_eq!(status, 403);
        assert_eq!(
            challenge.unwrap(),
            r#"Bearer error="insufficient_scope", error_description="role_required""#
        );
        assert_eq!(body["detail"], "Needs one of these roles: buyer.");
    }

    #[test]
    fn an_old_sign_in_says_how_fresh_it_must_be() {
        let (status, challenge, _) = rendered(AuthError::StepUpRequired { max_age: Duration::from_mins(5) });

        assert_eq!(status, 403);
        let expected = r#"Bearer error="insufficient_user_authentication", error_description="step_up_required", max_age="300""#;
        assert_eq!(challenge.unwrap(), expected);
    }

    #[test]
    fn missing_keys_are_unavailable_and_say_when_to_come_back() {
        let response: Response<Bytes> =
            AuthError::KeysUnavailable { retry_after: Duration::from_millis(1200) }.response();

        assert_eq!(response.status(), 503);
        assert_eq!(response.headers()["retry-after"], "2");
        assert!(!response.headers().contains_key("www-authenticate"));
    }

    #[test]
    fn no_reply_may_be_cached_and_none_quotes_the_token() {
        let secret = "secret-subject";
        let rejection =
            Rejection::WrongIssuer { expected: "https://a".to_owned(), actual: secret.to_owned() };
        let response: Response<Bytes> = AuthError::from(rejection).response();

        assert_eq!(response.headers()["cache-control"], "no-store");
        assert_eq!(response.headers()["content-type"], "application/problem+json");
        let body = String::from_utf8_lossy(response.body()).into_owned();
        assert!(!body.contains(secret) && body.contains("token_wrong_issuer"), "{body}");
    }
}
