use std::sync::Arc;
use std::time::Duration;

use url::Url;

use super::fetch::Endpoint;
use super::kept::Kept;
use super::{ClientCredentials, Inner, TokenSource};
use crate::clock::{Clock, SystemClock};
use crate::http_client::{HttpClient, PlainHttp};

/// A user waits for it.
const TIMEOUT: Duration = Duration::from_secs(5);
/// Some hundred bytes each, and a token: 20 MB.
const MAX_TOKENS: usize = 10_000;

/// Makes a [`TokenSource`].
#[must_use = "a builder does nothing until `build`"]
pub struct TokenSourceBuilder {
    issuer: String,
    credentials: ClientCredentials,
    clock: Arc<dyn Clock>,
    timeout: Duration,
    max_tokens: usize,
    plain_http: PlainHttp,
}

/// Why a source cannot be built. The developer's or the operator's fault.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SourceBuildError {
    /// A client's secret must not go over plain http, but within this machine.
    #[error("{given:?} cannot be asked for tokens: it must be an https address (http only on this machine)")]
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

impl TokenSourceBuilder {
    pub(super) fn new(issuer: String, credentials: ClientCredentials) -> Self {
        Self {
            issuer,
            credentials,
            clock: Arc::new(SystemClock),
            timeout: TIMEOUT,
            max_tokens: MAX_TOKENS,
            plain_http: PlainHttp::Loopback,
        }
    }

    /// Sets where the time comes from. Default: [`SystemClock`].
    pub fn clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = clock;
        self
    }

    /// Sets how long the auth service may take to answer. Default: 5 seconds.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// Sets how many tokens are kept at most. Default: 10,000. When there are more, those that end first are forgotten.
    pub fn max_tokens(mut self, tokens: usize) -> Self {
        self.max_tokens = tokens;
        self
    }

    /// Sends the client's secret and users' tokens over plain http to another machine: whoever stands between has them.
    pub fn dangerous_plain_http(mut self) -> Self {
        self.plain_http = PlainHttp::Anywhere;
        self
    }

    /// Builds the source. Nothing is asked before the first token is needed.
    pub fn build(self) -> Result<TokenSource, SourceBuildError> {
        let address = || SourceBuildError::Address { given: self.issuer.clone() };
        let url: Url =
            format!("{}/oauth2/token", self.issuer.trim_end_matches('/')).parse().map_err(|_| address())?;
        let http = HttpClient::new(self.timeout, self.plain_http)
            .map_err(|cause| SourceBuildError::HttpClient { problem: cause.to_string() })?;
        if !http.may_ask(&url) {
            return Err(address());
        }
        let endpoint = Endpoint { url, http, issuer: self.issuer, credentials: self.credentials };
        let inner = Inner { endpoint, kept: Kept::new(self.max_tokens), clock: self.clock };
        Ok(TokenSource { inner: Arc::new(inner) })
    }
}
