//! Fetches documents from the issuer within limits: no redirects, bounded time, bounded size.

use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http::{Method, StatusCode};
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use url::{Host, Url};

/// How many bytes an issuer's document may have. A JWK Set of a hundred RSA keys has 50 kB.
pub(crate) const MAX_DOCUMENT: usize = 256 * 1024;

/// An idle connection is used no more after this: less than auth services (75 s) and balancers before them (60 s) keep theirs, so that no
/// request crosses their close.
const IDLE: Duration = Duration::from_secs(30);

/// Why a document could not be fetched.
#[derive(Debug, thiserror::Error)]
pub(crate) enum FetchError {
    #[error("the address {url} is not https")]
    Insecure { url: Url },
    #[error("no answer from {url}")]
    Transport {
        url: Url,
        #[source]
        source: reqwest::Error,
    },
    #[error("{url} answered {status}")]
    Status { url: Url, status: StatusCode },
    #[error("{url} answered more than {limit} bytes")]
    TooLarge { url: Url, limit: usize },
}

/// An HTTP client with limits, and with the rule which addresses may be asked at all.
#[derive(Debug, Clone)]
pub(crate) struct HttpClient {
    client: reqwest::Client,
    /// For plain http within this machine.
    near: reqwest::Client,
    plain_http: PlainHttp,
}

/// Where plain http is good enough.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PlainHttp {
    /// Within this machine: nobody stands between.
    Loopback,
    /// Everywhere, because the developer said so.
    Anywhere,
}

impl HttpClient {
    pub(crate) fn new(timeout: Duration, plain_http: PlainHttp) -> Result<Self, reqwest::Error> {
        let builder = || {
            reqwest::Client::builder()
                .timeout(timeout)
                .connect_timeout(timeout)
                .pool_idle_timeout(IDLE)
                // A redirect would let whoever answers choose where keys come from.
                .redirect(reqwest::redirect::Policy::none())
                .referer(false)
                .user_agent(concat!("handstamp-verify/", env!("CARGO_PKG_VERSION")))
        };
        let client = builder().build()?;
        // Nobody stands between, so neither a proxy that the environment names nor a name server has a say in it.
        let near = builder().no_proxy().dns_resolver(Arc::new(ThisMachine)).tls_certs_only([]).build()?;
        Ok(Self { client, near, plain_http })
    }

    /// Fetches a document of at most [`MAX_DOCUMENT`] bytes.
    pub(crate) async fn document(&self, url: &Url) -> Result<Bytes, FetchError> {
        let response = send(self.request(Method::GET, url)?, url).await?;
        body_of(response, url, MAX_DOCUMENT).await
    }

    /// Begins a request, to be sent with [`send`].
    pub(crate) fn request(&self, method: Method, url: &Url) -> Result<reqwest::RequestBuilder, FetchError> {
        if !self.may_ask(url) {
            return Err(FetchError::Insecure { url: url.clone() });
        }
        let client = if url.scheme() == "http" && is_loopback(url) { &self.near } else { &self.client };
        Ok(client.request(method, url.clone()))
    }

    /// Whoever stands between could hand us keys of their own over plain http.
    pub(crate) fn may_ask(&self, url: &Url) -> bool {
        match url.scheme() {
            "https" => true,
            "http" => self.plain_http == PlainHttp::Anywhere || is_loopback(url),
            _ => false,
        }
    }
}

/// Sends a request and returns the answer if it is a success.
pub(crate) async fn send(
    request: reqwest::RequestBuilder,
    url: &Url,
) -> Result<reqwest::Response, FetchError> {
    let response = request.send().await.map_err(|source| FetchError::transport(url, source))?;
    if response.status().is_success() {
        Ok(response)
    } else {
        Err(FetchError::Status { url: url.clone(), status: response.status() })
    }
}

/// Reads the body of an answer, of at most `limit` bytes.
pub(crate) async fn body_of(
    mut response: reqwest::Response,
    url: &Url,
    limit: usize,
) -> Result<Bytes, FetchError> {
    let too_large = || FetchError::TooLarge { url: url.clone(), limit };
    if response.content_length().is_some_and(|length| length > limit as u64) {
        return Err(too_large());
    }
    let mut body = BytesMut::new();
    while let Some(chunk) = response.chunk().await.map_err(|source| FetchError::transport(url, source))? {
        if body.len() + chunk.len() > limit {
            return Err(too_large());
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body.freeze())
}

impl FetchError {
    pub(crate) fn transport(url: &Url, source: reqwest::Error) -> Self {
        Self::Transport { url: url.clone(), source: source.without_url() }
    }
}

/// Finds every name on this machine ([RFC 6761 §6.3](https://www.rfc-editor.org/rfc/rfc6761#section-6.3)): for those that mean it.
struct ThisMachine;

impl Resolve for ThisMachine {
    fn resolve(&self, _: Name) -> Resolving {
        // The connector puts in the port.
        let found: [SocketAddr; 2] = [(Ipv4Addr::LOCALHOST, 0).into(), (Ipv6Addr::LOCALHOST, 0).into()];
        let found: Addrs = Box::new(found.into_iter());
        Box::pin(std::future::ready(Ok(found)))
    }
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{HttpClient, PlainHttp};

    #[test]
    fn plain_http_is_for_this_machine_unless_told_otherwise() {
        let client = |plain_http| HttpClient::new(Duration::from_secs(1), plain_http).unwrap();
        let (careful, told) = (client(PlainHttp::Loopback), client(PlainHttp::Anywhere));

        for near in ["http://127.0.0.1:1", "http://[::1]:1", "http://localhost:1", "https://auth.example"] {
            assert!(careful.may_ask(&near.parse().unwrap()), "{near}");
        }
        for far in ["http://auth.example", "http://10.0.0.1", "http://localhost.evil.example"] {
            assert!(!careful.may_ask(&far.parse().unwrap()), "{far}");
            assert!(told.may_ask(&far.parse().unwrap()), "{far}");
        }
        assert!(!told.may_ask(&"file:///etc/passwd".parse().unwrap()));
    }
}
