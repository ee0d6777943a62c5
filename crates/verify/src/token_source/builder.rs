use std::sync::Arc;
use std::time::Duration;

use super::fetch::Endpoint;
use super::kept::Kept;
use super::{ClientCredentials, Inner, TokenSource};
use crate::clock::{Clock, SystemClock};
use crate::http_client::PlainHttp;
use crate::source::{self, SourceBuildError};

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
        let (url, http) = source::below(&self.issuer, "/oauth2/token", self.timeout, self.plain_http)?;
        let endpoint = Endpoint { url, http, issuer: self.issuer, credentials: self.credentials };
        let inner = Inner { endpoint, kept: Kept::new(self.max_tokens), clock: self.clock };
        Ok(TokenSource { inner: Arc::new(inner) })
    }
}
