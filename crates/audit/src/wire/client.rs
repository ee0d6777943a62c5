use std::io;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http::{HeaderValue, Request, Uri, header};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::{self, connect::HttpConnector};
use hyper_util::rt::{TokioExecutor, TokioTimer};
use tokio::time::{Instant, timeout, timeout_at};

use super::pace::Pace;
use super::resolve::Resolver;
use super::{Answer, Reply, Shot, Target};

/// How much of a body is read. What a refusal says is in its beginning.
const MAX_BODY: usize = 256 * 1024;

/// How long a body is read after its head came. Streams never end.
const BODY_PATIENCE: Duration = Duration::from_millis(1500);

/// How often a request that asked us to come back later is repeated.
const REPEATS: u32 = 3;

/// Nobody waits longer than this for one request, whatever `Retry-After` says.
const MAX_RETRY_AFTER: u64 = 5;

/// Why no client could be made.
#[derive(Debug, thiserror::Error)]
#[error("the certificates that this machine trusts cannot be read")]
pub struct WireError(#[from] io::Error);

/// Sends requests to one target and to nobody else.
pub(crate) struct Wire {
    client: legacy::Client<HttpsConnector<HttpConnector<Resolver>>, Full<Bytes>>,
    target: Target,
    pace: Pace,
    patience: Duration,
    sent: AtomicU64,
}

impl Wire {
    pub(crate) fn new(
        target: Target,
        per_second: Option<u32>,
        patience: Duration,
    ) -> Result<Self, WireError> {
        let mut tcp = HttpConnector::new_with_resolver(Resolver::new());
        tcp.enforce_http(false);
        tcp.set_nodelay(true);
        tcp.set_connect_timeout(Some(patience));
        let connector = HttpsConnectorBuilder::new()
            .with_provider_and_platform_verifier(rustls::crypto::aws_lc_rs::default_provider())?
            .https_or_http()
            .enable_http1()
            .wrap_connector(tcp);
        let client = legacy::Client::builder(TokioExecutor::new())
            .timer(TokioTimer::new())
            .pool_timer(TokioTimer::new())
            .build(connector);
        Ok(Self { client, target, pace: Pace::new(per_second), patience, sent: AtomicU64::new(0) })
    }

    pub(crate) fn target(&self) -> &Target {
        &self.target
    }

    /// Returns how many requests went out.
    pub(crate) fn sent(&self) -> u64 {
        self.sent.load(Ordering::Relaxed)
    }

    /// Sends a request, and once more where a connection that had been kept was cut: that says nothing about the service.
    pub(crate) async fn send(&self, shot: &Shot) -> Answer {
        let mut answer = self.patiently(shot).await;
        if matches!(answer, Answer::Cut) {
            answer = self.patiently(shot).await;
        }
        answer
    }

    /// Sends a request, and again where the service asks us to come back later.
    async fn patiently(&self, shot: &Shot) -> Answer {
        let mut answer = self.once(shot).await;
        for _ in 0..REPEATS {
            let Some(reply) = answer.reply().filter(|reply| reply.asks_for_patience()) else { break };
            let wait = reply.retry_after().unwrap_or(1).min(MAX_RETRY_AFTER);
            tokio::time::sleep(Duration::from_secs(wait)).await;
            answer = self.once(shot).await;
        }
        answer
    }

    async fn once(&self, shot: &Shot) -> Answer {
        let Some(request) = self.request(shot) else { return Answer::Unsendable };
        self.pace.wait().await;
        self.sent.fetch_add(1, Ordering::Relaxed);
        match timeout(self.patience, self.client.request(request)).await {
            Err(_) => Answer::Silent,
            Ok(Err(error)) if error.is_connect() => Answer::Nobody,
            Ok(Err(error)) if is_our_fault(&error) => Answer::Unsendable,
            Ok(Err(_)) => Answer::Cut,
            Ok(Ok(response)) => read(response).await,
        }
    }

    fn request(&self, shot: &Shot) -> Option<Request<Full<Bytes>>> {
        // Not by `Url`, which would tidy up what is meant to be untidy.
        let uri: Uri = format!("{}{}", self.target.origin(), shot.target).parse().ok()?;
        let mut request = Request::new(Full::new(shot.body.clone()));
        *request.method_mut() = shot.method.clone();
        *request.uri_mut() = uri;
        *request.headers_mut() = shot.headers.clone();
        let agent = HeaderValue::from_static(concat!("handstamp-audit/", env!("CARGO_PKG_VERSION")));
        request.headers_mut().entry(header::USER_AGENT).or_insert(agent);
        request.headers_mut().entry(header::ACCEPT).or_insert(HeaderValue::from_static("*/*"));
        Some(request)
    }
}

/// A request that hyper does not write is no verdict on the service.
fn is_our_fault(error: &legacy::Error) -> bool {
    let mut cause = std::error::Error::source(error);
    while let Some(error) = cause {
        if error.downcast_ref::<hyper::Error>().is_some_and(hyper::Error::is_user) {
            return true;
        }
        cause = error.source();
    }
    false
}

async fn read(response: http::Response<Incoming>) -> Answer {
    let (head, mut body) = response.into_parts();
    let deadline = Instant::now() + BODY_PATIENCE;
    let mut read = BytesMut::new();
    // A stream of events is not over when its first one came: its head is all there is to judge.
    while !is_stream(&head.headers) && read.len() < MAX_BODY {
        match timeout_at(deadline, body.frame()).await {
            Ok(Some(Ok(frame))) => {
                if let Some(data) = frame.data_ref() {
                    read.extend_from_slice(
                        data.get(..data.len().min(MAX_BODY - read.len())).unwrap_or_default(),
                    );
                }
            }
            Ok(Some(Err(_))) => return Answer::Cut,
            Ok(None) | Err(_) => break,
        }
    }
    Answer::Reply(Reply { status: head.status, headers: head.headers, body: read.freeze() })
}

fn is_stream(headers: &http::HeaderMap) -> bool {
    headers
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .is_some_and(|value| value.trim_start().to_ascii_lowercase().starts_with("text/event-stream"))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use bytes::Bytes;
    use http::{HeaderMap, Method};
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::net::TcpListener;

    use super::Wire;
    use crate::wire::{Shot, Target};

    #[tokio::test]
    async fn a_target_below_localhost_is_this_machine_under_its_own_name() {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let visit = tokio::spawn(async move {
            let (mut visitor, _) = listener.accept().await.unwrap();
            let mut request = [0; 2048];
            let length = visitor.read(&mut request).await.unwrap();
            visitor.write_all(b"HTTP/1.1 204 No Content\r\n\r\n").await.unwrap();
            String::from_utf8_lossy(&request[..length]).into_owned()
        });
        let target = Target::parse(&format!("http://lamps.acme.localhost:{port}"), &[]).unwrap();
        let wire = Wire::new(target, None, Duration::from_secs(5)).unwrap();
        let shot = Shot {
            method: Method::GET,
            target: "/lamps".to_owned(),
            headers: HeaderMap::new(),
            body: Bytes::new(),
        };

        let answer = wire.send(&shot).await;

        assert!(answer.is_success(), "{answer:?}");
        let request = visit.await.unwrap();
        assert!(request.contains(&format!("host: lamps.acme.localhost:{port}")), "{request}");
    }
}
