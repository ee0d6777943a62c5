use std::time::Duration;

use handstamp_api_types::{ACCESS_TOKEN_TYPE, TOKEN_EXCHANGE_GRANT, TokenReply};
use http::{HeaderValue, Method, StatusCode, header};
use serde::Deserialize;
use url::Url;

use super::{ClientCredentials, ServiceToken, TokenSourceError};
use crate::clock::Clock;
use crate::http_client::{self, FetchError, HttpClient};

const FORM: &str = "application/x-www-form-urlencoded";
/// A token and a few words.
const MAX_ANSWER: usize = 64 * 1024;
/// What is shown of the auth service's own words.
const MAX_DESCRIPTION: usize = 300;

/// The token endpoint, and who asks it.
#[derive(Debug)]
pub(super) struct Endpoint {
    pub(super) url: Url,
    pub(super) http: HttpClient,
    pub(super) issuer: String,
    pub(super) credentials: ClientCredentials,
}

/// What is asked for.
#[derive(Clone, Copy)]
pub(super) enum Wanted<'a> {
    Own { audience: &'a str, scope: &'a str },
    OnBehalf { users_token: &'a str, audience: &'a str },
}

#[derive(Deserialize)]
struct Refusal {
    error: String,
    #[serde(default)]
    error_description: String,
}

impl Endpoint {
    /// Asks for a token. Its end counts from before the question: counted from the answer it could die on its way to a service.
    pub(super) async fn fetch(
        &self,
        wanted: Wanted<'_>,
        clock: &dyn Clock,
    ) -> Result<ServiceToken, TokenSourceError> {
        let now = clock.now();
        let mut form = wanted.form();
        let request = self.http.request(Method::POST, &self.url).map_err(|error| unavailable(&error))?;
        let request = self.credentials.prove(&self.issuer, request, &mut form, now)?;
        let request = request.header(header::CONTENT_TYPE, FORM).body(encoded(&form));
        let response =
            request.send().await.map_err(|cause| unavailable(&FetchError::transport(&self.url, cause)))?;
        let status = response.status();
        let body = http_client::body_of(response, &self.url, MAX_ANSWER)
            .await
            .map_err(|error| unavailable(&error))?;
        if !status.is_success() {
            return Err(self.refusal(wanted, status, &body));
        }
        let reply: TokenReply =
            serde_json::from_slice(&body).map_err(|_| self.unusable("it is no token reply"))?;
        if !reply.token_type.eq_ignore_ascii_case("bearer") {
            return Err(self.unusable("the token is not of the type Bearer"));
        }
        let mut authorization = HeaderValue::try_from(format!("Bearer {}", reply.access_token))
            .map_err(|_| self.unusable("the token does not fit a header"))?;
        authorization.set_sensitive(true);
        let expires_at = now.saturating_add(Duration::from_secs(reply.expires_in));
        Ok(ServiceToken { authorization, expires_at })
    }

    fn refusal(&self, wanted: Wanted<'_>, status: StatusCode, body: &[u8]) -> TokenSourceError {
        if status.is_server_error() || status == StatusCode::TOO_MANY_REQUESTS {
            return TokenSourceError::Unavailable { problem: format!("{} answered {status}", self.url) };
        }
        let Ok(Refusal { error, error_description }) = serde_json::from_slice(body) else {
            return self.unusable("it is neither a token reply nor an OAuth error");
        };
        let description: String = error_description.chars().take(MAX_DESCRIPTION).collect();
        match wanted {
            // RFC 8693 §2.2.2 and what others send.
            Wanted::OnBehalf { .. } if error == "invalid_request" || error == "invalid_grant" => {
                TokenSourceError::SubjectRefused { description }
            }
            _ => TokenSourceError::ClientRefused { error: error.chars().take(40).collect(), description },
        }
    }

    fn unusable(&self, problem: &'static str) -> TokenSourceError {
        TokenSourceError::Answer { url: self.url.to_string(), problem }
    }
}

impl Wanted<'_> {
    fn form(self) -> Vec<(&'static str, String)> {
        match self {
            Self::Own { audience, scope } => {
                let mut form =
                    vec![("grant_type", "client_credentials".to_owned()), ("audience", audience.to_owned())];
                form.extend((!scope.is_empty()).then(|| ("scope", scope.to_owned())));
                form
            }
            Self::OnBehalf { users_token, audience } => vec![
                ("grant_type", TOKEN_EXCHANGE_GRANT.to_owned()),
                ("audience", audience.to_owned()),
                ("subject_token", users_token.to_owned()),
                ("subject_token_type", ACCESS_TOKEN_TYPE.to_owned()),
            ],
        }
    }
}

fn encoded(form: &[(&'static str, String)]) -> String {
    url::form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish()
}

fn unavailable(error: &FetchError) -> TokenSourceError {
    TokenSourceError::Unavailable { problem: error.to_string() }
}
