//! One request to a service: sent once, or once more where the service cannot have seen it.

use std::error::Error;
use std::future::Future;
use std::pin::pin;
use std::time::Duration;

use handstamp_api_types::ErrorCode;
use http::uri::PathAndQuery;
use http::{HeaderMap, HeaderValue, Method, Request, Response, header};
use hyper::body::Incoming;
use tokio::time::{Instant, sleep_until};

use crate::body::{BodyError, Moved, RequestBody};
use crate::refusal::Refusal;
use crate::routes::ServiceLimits;
use crate::target::{Client, ClientError, InFlight, Speak, Target, Targets};

/// A request as the service is to get it.
#[derive(Debug)]
pub(crate) struct Outgoing {
    pub(crate) method: Method,
    pub(crate) path: PathAndQuery,
    pub(crate) headers: HeaderMap,
    pub(crate) body: RequestBody,
    pub(crate) speak: Speak,
}

/// A service that is away is asked again after this.
pub(crate) const RETRY_AFTER: Duration = Duration::from_secs(2);

/// Sends the request to one of the targets, and returns the reply once it begins.
///
/// A request without a body is tried at another target when the connection could not be made, whatever its method: nobody has
/// seen it. One that changes nothing (RFC 9110 §9.2.1) also when the connection broke before the reply. A body is never sent twice.
pub(crate) async fn forward(
    client: &Client,
    targets: &Targets,
    limits: ServiceLimits,
    outgoing: Outgoing,
) -> Result<(Response<Incoming>, InFlight), Refusal> {
    let Outgoing { method, path, mut headers, body, speak } = outgoing;
    let mut left = if matches!(body, RequestBody::Empty) { limits.retries } else { 0 };
    let mut body = Some(body);
    let mut tried = Vec::new();
    let mut last = None;
    while let Some((at, target)) = targets.choose(&tried, Instant::now()) {
        let may_try_again = left > 0 && tried.len() + 1 < targets.len();
        let headers = if may_try_again { headers.clone() } else { std::mem::take(&mut headers) };
        let body = body.take().unwrap_or(RequestBody::Empty);
        let moved = body.moved();
        let request = request(target, &method, &path, headers, body)?;
        let in_flight = target.begin();
        let failure = match within(limits.timeout, moved, client.send(request, speak)).await {
            Some(Ok(reply)) => {
                target.health.answered();
                return Ok((reply, in_flight));
            }
            Some(Err(error)) => Failure::of(error),
            None => Failure::Timeout,
        };
        if !failure.is_the_clients() {
            target.health.failed(Instant::now());
        }
        if !(may_try_again && failure.allows_another_try(&method)) {
            return Err(failure.into_refusal());
        }
        tracing::debug!(target = target.label, "a request is tried at another address");
        left -= 1;
        tried.push(at);
        last = Some(failure);
    }
    Err(last.map_or_else(nobody_well, Failure::into_refusal))
}

/// What became of a request that was not answered.
#[derive(Debug)]
enum Failure {
    /// The service was not reached.
    Connect(ClientError),
    /// The connection broke before the reply.
    Broken(ClientError),
    /// The reply did not begin in time.
    Timeout,
    /// The client sent more than it may.
    TooLarge(u64),
    /// The client stopped within its body, or broke off.
    ClientGone,
}

impl Failure {
    fn of(error: ClientError) -> Self {
        let mut next = error.source();
        while let Some(cause) = next {
            match cause.downcast_ref::<BodyError>() {
                Some(BodyError::TooLarge { limit }) => return Self::TooLarge(*limit),
                Some(_) => return Self::ClientGone,
                None => next = cause.source(),
            }
        }
        if error.is_connect() { Self::Connect(error) } else { Self::Broken(error) }
    }

    fn is_the_clients(&self) -> bool {
        matches!(self, Self::TooLarge(_) | Self::ClientGone)
    }

    fn allows_another_try(&self, method: &Method) -> bool {
        match self {
            Self::Connect(_) => true,
            Self::Broken(_) => [Method::GET, Method::HEAD, Method::OPTIONS].contains(method),
            Self::Timeout | Self::TooLarge(_) | Self::ClientGone => false,
        }
    }

    fn into_refusal(self) -> Refusal {
        match self {
            Self::Connect(error) => Refusal::new(
                ErrorCode::Unavailable,
                "The service behind is not there. The request did not reach it.",
            )
            .retry_after(RETRY_AFTER)
            .because(&error),
            Self::Broken(error) => Refusal::new(
                ErrorCode::ServiceFailed,
                "The service behind broke off before it answered. It may have done what was asked.",
            )
            .because(&error),
            Self::Timeout => Refusal::new(
                ErrorCode::ServiceTimeout,
                "The service behind took too long to answer. It may have done what was asked.",
            ),
            Self::TooLarge(limit) => too_large(limit),
            Self::ClientGone => {
                Refusal::new(ErrorCode::BodyMalformed, "The body ended before it was complete.")
            }
        }
    }
}

/// Says how large a body may be.
pub(crate) fn too_large(limit: u64) -> Refusal {
    Refusal::new(ErrorCode::BodyTooLarge, format!("At most {limit} bytes are taken here."))
}

fn nobody_well() -> Refusal {
    Refusal::new(ErrorCode::Unavailable, "No instance of the service behind is well just now.")
        .retry_after(RETRY_AFTER)
}

fn request(
    target: &Target,
    method: &Method,
    path: &PathAndQuery,
    headers: HeaderMap,
    body: RequestBody,
) -> Result<Request<RequestBody>, Refusal> {
    let mut request = Request::new(body);
    *request.method_mut() = method.clone();
    *request.uri_mut() = target
        .uri(path.clone())
        .ok_or_else(|| Refusal::new(ErrorCode::NotFound, "This is no address that a service could have."))?;
    *request.headers_mut() = headers;
    request.headers_mut().insert(header::HOST, target.host.clone());
    if request.body().has_unsaid_length() {
        // In HTTP/1.1 such a body has to be announced (RFC 9112 §6.1). By itself hyper does so for some methods alone, and drops what a `GET`
        // carries: the service would answer another question than was put.
        request.headers_mut().entry(header::TRANSFER_ENCODING).or_insert(CHUNKED);
    }
    Ok(request)
}

const CHUNKED: HeaderValue = HeaderValue::from_static("chunked");

/// Waits for the reply: for as long as bytes of the request go out, and then for `patience`.
async fn within<T>(patience: Duration, moved: Option<Moved>, reply: impl Future<Output = T>) -> Option<T> {
    let mut reply = pin!(reply);
    let mut deadline = Instant::now() + patience;
    loop {
        tokio::select! {
            biased;
            reply = reply.as_mut() => return Some(reply),
            () = sleep_until(deadline) => {
                let extended = moved.as_ref().map(|moved| moved.last() + patience);
                deadline = extended.filter(|extended| *extended > Instant::now())?;
            }
        }
    }
}
