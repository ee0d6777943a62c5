use std::time::Duration;

use handstamp_api_types::profile::{KEEP_HEADER, ProfileSnapshot, REV_HEADER};
use handstamp_api_types::{ErrorCode, Rev};
use http::{HeaderMap, Method, StatusCode, header};
use serde::Deserialize;
use url::Url;

use super::ProfileError;
use crate::http_client::{self, FetchError, HttpClient};
use crate::token_source::{ServiceToken, TokenSource};

/// What the service's client must have been given.
const SCOPE: &str = "profiles.read";
/// A profile has 16 KiB; escapes and roles come on top.
const MAX_ANSWER: usize = 128 * 1024;
/// Longer than any tag of ours.
const MAX_ETAG: usize = 128;

/// Where profiles are, and what opens them.
#[derive(Debug)]
pub(super) struct Endpoint {
    pub(super) base: Url,
    pub(super) audience: String,
    pub(super) http: HttpClient,
    pub(super) tokens: TokenSource,
}

/// What the auth service says.
pub(super) enum Answer {
    Found { snapshot: Box<ProfileSnapshot>, etag: String, at: At },
    Unchanged(At),
    Nobody,
}

/// As of when an answer holds, and for how long the feed vouches for it.
#[derive(Clone, Copy)]
pub(super) struct At {
    pub(super) rev: Rev,
    pub(super) keep: Duration,
}

impl At {
    pub(super) fn within(self, max_age: Duration) -> Self {
        Self { keep: self.keep.min(max_age), ..self }
    }
}

#[derive(Deserialize)]
struct Refusal {
    code: String,
}

impl Endpoint {
    /// Asks for somebody; with the tag of what is known already, for news of them.
    pub(super) async fn ask(&self, sub: &str, known: Option<&str>) -> Result<Answer, ProfileError> {
        let token = self.tokens.own(&self.audience, SCOPE).await?;
        match self.ask_with(&token, sub, known).await {
            // It was good when it was issued: a key was revoked since, or the log was rebuilt. The next one is as good as new.
            Err(ProfileError::Refused { code }) if is_about_the_token(&code) => {
                self.tokens.forget_own(&self.audience, SCOPE, &token);
                let token = self.tokens.own(&self.audience, SCOPE).await?;
                self.ask_with(&token, sub, known).await
            }
            answer => answer,
        }
    }

    async fn ask_with(
        &self,
        token: &ServiceToken,
        sub: &str,
        known: Option<&str>,
    ) -> Result<Answer, ProfileError> {
        let mut url = self.base.clone();
        // An address that was parsed as http has a path.
        if let Ok(mut path) = url.path_segments_mut() {
            path.push(sub);
        }
        let mut request = self.http.request(Method::GET, &url).map_err(|error| self.unavailable(&error))?;
        request = request.header(header::AUTHORIZATION, token.authorization());
        if let Some(known) = known {
            request = request.header(header::IF_NONE_MATCH, known);
        }
        let response = request.send().await;
        let response =
            response.map_err(|cause| self.unavailable(&FetchError::transport(&self.base, cause)))?;
        let (status, headers) = (response.status(), response.headers().clone());
        let body = http_client::body_of(response, &self.base, MAX_ANSWER).await;
        let body = body.map_err(|error| self.unavailable(&error))?;
        match status {
            StatusCode::OK => self.found(sub, &headers, &body),
            StatusCode::NOT_MODIFIED if known.is_some() => Ok(Answer::Unchanged(self.at(&headers)?)),
            _ => self.other(status, &body),
        }
    }

    fn found(&self, sub: &str, headers: &HeaderMap, body: &[u8]) -> Result<Answer, ProfileError> {
        let snapshot: Box<ProfileSnapshot> =
            serde_json::from_slice(body).map_err(|_| self.unusable("it is no profile"))?;
        if snapshot.sub != sub {
            return Err(self.unusable("it is about somebody else"));
        }
        let etag = text(headers, header::ETAG.as_str()).filter(|etag| etag.len() <= MAX_ETAG);
        let etag = etag.ok_or_else(|| self.unusable("it has no usable ETag"))?.to_owned();
        Ok(Answer::Found { snapshot, etag, at: self.at(headers)? })
    }

    fn at(&self, headers: &HeaderMap) -> Result<At, ProfileError> {
        let rev = text(headers, REV_HEADER).and_then(|rev| rev.parse().ok());
        let keep = text(headers, KEEP_HEADER).and_then(|seconds| seconds.parse().ok());
        match (rev, keep) {
            (Some(rev), Some(seconds)) => Ok(At { rev, keep: Duration::from_secs(seconds) }),
            _ => {
                Err(self
                    .unusable("it does not say as of when it holds: a proxy may have left the headers out"))
            }
        }
    }

    fn other(&self, status: StatusCode, body: &[u8]) -> Result<Answer, ProfileError> {
        if status.is_server_error() || status == StatusCode::TOO_MANY_REQUESTS {
            return Err(ProfileError::Unavailable { problem: format!("{} answered {status}", self.base) });
        }
        // Only a problem of the auth service's own says that there is nobody; a proxy's 404 says nothing of the kind.
        let Ok(Refusal { code }) = serde_json::from_slice(body) else {
            return Err(self.unusable("it is neither a profile nor a problem"));
        };
        if status == StatusCode::NOT_FOUND && code == ErrorCode::NotFound.as_str() {
            return Ok(Answer::Nobody);
        }
        Err(ProfileError::Refused { code: code.chars().take(40).collect() })
    }

    fn unavailable(&self, error: &FetchError) -> ProfileError {
        match error {
            FetchError::TooLarge { .. } => self.unusable("it is too large"),
            error => ProfileError::Unavailable { problem: error.to_string() },
        }
    }

    fn unusable(&self, problem: &'static str) -> ProfileError {
        ProfileError::Answer { url: self.base.to_string(), problem }
    }
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}

fn is_about_the_token(code: &str) -> bool {
    let codes =
        [ErrorCode::TokenExpired, ErrorCode::TokenRevoked, ErrorCode::TokenStale, ErrorCode::TokenInvalid];
    codes.iter().any(|about| about.as_str() == code)
}
