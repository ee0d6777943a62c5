//! What a source asks by: an address of the auth service, and a client that asks nothing else.

use std::time::Duration;

use url::Url;

use crate::http_client::{HttpClient, PlainHttp};

/// Why a source cannot be built. The developer's or the operator's fault.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SourceBuildError {
    /// A client's secret, tokens and profiles must not go over plain http, but within this machine.
    #[error("{given:?} cannot be asked: it must be an https address (http only on this machine)")]
    Address {
        /// The issuer.
        given: String,
    },
    /// The HTTP client cannot be set up, most often for lack of root certificates.
    #[error("the HTTP client cannot be set up: {problem}")]
    HttpClient {
        /// What is wrong.
        problem: String,
    },
}

/// Returns an address below the issuer, and a client that may ask it.
pub(crate) fn below(
    issuer: &str,
    path: &str,
    timeout: Duration,
    plain_http: PlainHttp,
) -> Result<(Url, HttpClient), SourceBuildError> {
    let refused = || SourceBuildError::Address { given: issuer.to_owned() };
    let url: Url = format!("{}{path}", issuer.trim_end_matches('/')).parse().map_err(|_| refused())?;
    let http = HttpClient::new(timeout, plain_http)
        .map_err(|cause| SourceBuildError::HttpClient { problem: cause.to_string() })?;
    if http.may_ask(&url) { Ok((url, http)) } else { Err(refused()) }
}
