use std::io;
use std::time::Duration;

use http::{Request, Response, Version};
use hyper::body::Incoming;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::{self, connect::HttpConnector};
use hyper_util::rt::{TokioExecutor, TokioTimer};

use crate::body::RequestBody;

pub(crate) use legacy::Error as ClientError;

/// An idle connection to a service is used no more after this. Node and uvicorn close theirs after five seconds, most others later, so that
/// it is us who do: a request that crosses a close is lost, and may not be sent again.
const IDLE: Duration = Duration::from_secs(4);

/// So many idle connections are kept for a target.
const MOST_IDLE: usize = 256;

/// A peer that went away without a word is noticed.
const KEEPALIVE: Duration = Duration::from_secs(30);

/// Speaks to services. Clones share the connections.
#[derive(Debug, Clone)]
pub(crate) struct Client {
    /// HTTP/1.1, or HTTP/2 where TLS agrees on it.
    usual: legacy::Client<HttpsConnector<HttpConnector>, RequestBody>,
    /// HTTP/2 without asking.
    http2: legacy::Client<HttpsConnector<HttpConnector>, RequestBody>,
    /// HTTP/1.1 and nothing else: what becomes a WebSocket.
    upgrades: legacy::Client<HttpsConnector<HttpConnector>, RequestBody>,
}

/// How a service is spoken to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Speak {
    /// As it likes: HTTP/1.1, or HTTP/2 where TLS agrees on it.
    Usual,
    /// HTTP/2 without asking.
    Http2,
    /// HTTP/1.1, on a connection that will be taken over.
    Upgrade,
}

impl Client {
    /// Returns a client that trusts the certificates that the machine trusts.
    pub(crate) fn new(connect_timeout: Duration) -> io::Result<Self> {
        let connector = || {
            let mut tcp = HttpConnector::new();
            tcp.enforce_http(false);
            tcp.set_nodelay(true);
            tcp.set_connect_timeout(Some(connect_timeout));
            tcp.set_keepalive(Some(KEEPALIVE));
            tcp
        };
        let provider = rustls::crypto::aws_lc_rs::default_provider;
        let tls = || HttpsConnectorBuilder::new().with_provider_and_platform_verifier(provider());
        let usual = tls()?.https_or_http().enable_all_versions().wrap_connector(connector());
        let http2 = tls()?.https_or_http().enable_http2().wrap_connector(connector());
        let upgrades = tls()?.https_or_http().enable_http1().wrap_connector(connector());
        let mut builder = legacy::Client::builder(TokioExecutor::new());
        builder
            .timer(TokioTimer::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(IDLE)
            .pool_max_idle_per_host(MOST_IDLE);
        Ok(Self {
            usual: builder.build(usual),
            http2: builder.clone().http2_only(true).build(http2),
            upgrades: builder.build(upgrades),
        })
    }

    /// Sends a request and returns the reply once it begins.
    pub(crate) async fn send(
        &self,
        mut request: Request<RequestBody>,
        speak: Speak,
    ) -> Result<Response<Incoming>, ClientError> {
        // What the client spoke to us says nothing about how we speak to the service.
        *request.version_mut() = if speak == Speak::Http2 { Version::HTTP_2 } else { Version::HTTP_11 };
        match speak {
            Speak::Usual => self.usual.request(request).await,
            Speak::Http2 => self.http2.request(request).await,
            Speak::Upgrade => self.upgrades.request(request).await,
        }
    }
}
