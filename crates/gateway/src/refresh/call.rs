use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use handstamp_api_types::CSRF_HEADER;
use http::uri::PathAndQuery;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Response, StatusCode, header};
use http_body_util::{BodyExt as _, Limited};
use hyper::body::Incoming;
use tokio::time::{Instant, timeout};
use zeroize::Zeroizing;

use super::{Asked, Ended, Fresh, Outcome};
use crate::body::RequestBody;
use crate::cookies::CookieMap;
use crate::target::{Client, Targets};

/// Less than a client waits (`sessions.refresh_client_timeout`, 10 s): whoever waits for us still hears what came of it.
const PATIENCE: Duration = Duration::from_secs(8);

/// More than any reply of a refresh has.
const LARGEST_REPLY: usize = 64 * 1024;

/// Comes back this late when the auth service does not say when.
const RETRY_AFTER: Duration = Duration::from_secs(2);

const ADDRESS: PathAndQuery = PathAndQuery::from_static("/auth/refresh");

/// Asks the auth service for new tokens.
#[derive(Debug, Clone)]
pub(crate) struct Caller {
    pub(crate) client: Client,
    pub(crate) auth: Targets,
    pub(crate) cookies: Arc<CookieMap>,
}

impl Caller {
    /// Returns the headers of the request: everything that is taken from a request which may be gone soon.
    pub(super) fn prepare(&self, asked: &Asked<'_>) -> Option<HeaderMap> {
        let mut headers = asked.headers.clone();
        headers.insert(header::COOKIE, self.cookies.refresh_pair(asked.access, asked.refresh)?);
        // Where the request came from was judged here; what is sent from here comes from no page.
        headers.insert(HeaderName::from_static(CSRF_HEADER), HeaderValue::from_static("1"));
        Some(headers)
    }

    pub(super) async fn call(&self, headers: Option<HeaderMap>) -> Outcome {
        let unavailable = Outcome::Unavailable { retry_after: RETRY_AFTER };
        // Cookies that no header can hold were never ours.
        let Some(headers) = headers else { return unavailable };
        let Some((_, target)) = self.auth.choose(&[], Instant::now()) else { return unavailable };
        let Some(uri) = target.uri(ADDRESS) else { return unavailable };
        let mut request = Request::new(RequestBody::Empty);
        *request.method_mut() = Method::POST;
        *request.uri_mut() = uri;
        *request.headers_mut() = headers;
        let exchange =
            async { whole(self.client.send(request, self.auth.speak).await.map_err(|_| ())?).await };
        if let Ok(Ok(reply)) = timeout(PATIENCE, exchange).await {
            target.health.answered();
            return self.read(reply);
        }
        tracing::warn!("the auth service does not answer: expired tokens cannot be refreshed");
        target.health.failed(Instant::now());
        unavailable
    }

    fn read(&self, reply: Response<Bytes>) -> Outcome {
        let (mut parts, body) = reply.into_parts();
        match parts.status {
            StatusCode::OK => {
                let Some(access) = self.cookies.access_set(&parts.headers) else {
                    tracing::error!(
                        "the auth service refreshed and set no access cookie of the name that is expected: do [cookies] and \
                         gateway.issuer say what it says itself?"
                    );
                    return Outcome::Unavailable { retry_after: RETRY_AFTER };
                };
                self.cookies.translate_reply(&mut parts.headers);
                let lines = parts.headers.get_all(header::SET_COOKIE).iter();
                Outcome::Fresh(Arc::new(Fresh {
                    access: Zeroizing::new(access),
                    set_cookies: lines.cloned().collect(),
                }))
            }
            status @ (StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN) => {
                let kept = [header::CONTENT_TYPE, header::WWW_AUTHENTICATE, header::CACHE_CONTROL];
                let kept = kept
                    .into_iter()
                    .filter_map(|name| Some((name.clone(), parts.headers.get(name)?.clone())));
                Outcome::Ended(Arc::new(Ended { status, headers: kept.collect(), body }))
            }
            status => {
                tracing::warn!(%status, "the auth service cannot refresh just now");
                let seconds = parts
                    .headers
                    .get(header::RETRY_AFTER)
                    .and_then(|value| value.to_str().ok()?.parse().ok());
                Outcome::Unavailable { retry_after: seconds.map_or(RETRY_AFTER, Duration::from_secs) }
            }
        }
    }
}

async fn whole(reply: Response<Incoming>) -> Result<Response<Bytes>, ()> {
    let (parts, body) = reply.into_parts();
    let body = Limited::new(body, LARGEST_REPLY).collect().await.map_err(|_| ())?.to_bytes();
    Ok(Response::from_parts(parts, body))
}
