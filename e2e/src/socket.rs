//! The browser's road to a server that really runs.

use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};

use crate::browser::Transport;

/// Sends requests over TCP, as they are: no cookie store, no redirects, no retries of its own.
#[derive(Debug, Clone)]
pub struct Socket {
    client: reqwest::Client,
}

impl Socket {
    /// Returns a socket without any connection yet.
    ///
    /// # Panics
    /// When the client cannot be built, which depends on the machine alone.
    #[expect(
        clippy::new_without_default,
        reason = "it opens system resources: that should be visible where it happens"
    )]
    pub fn new() -> Self {
        let client = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .timeout(Duration::from_secs(30))
            .no_proxy()
            .build()
            .expect("a plain HTTP client can be built");
        Self { client }
    }

    /// Sends a request to a server that may not be there, or may go away.
    pub async fn try_send(&self, request: Request<Bytes>) -> Result<Response<Bytes>, reqwest::Error> {
        let request = reqwest::Request::try_from(request).expect("an absolute URL");
        let reply = self.client.execute(request).await?;
        let mut answer = Response::builder().status(reply.status());
        if let Some(headers) = answer.headers_mut() {
            headers.clone_from(reply.headers());
        }
        Ok(answer.body(reply.bytes().await?).expect("status and headers came from a reply"))
    }
}

impl Transport for Socket {
    async fn send(&self, request: Request<Bytes>) -> Response<Bytes> {
        let shown = format!("{} {}", request.method(), request.uri());
        self.try_send(request).await.unwrap_or_else(|cause| panic!("{shown}: {cause:?}"))
    }
}
