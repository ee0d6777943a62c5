//! What proxies say of the request that they ask about.
//!
//! A client can send these headers as well, and some proxies pass them on. So nothing opens by them: where two disagree, the
//! stricter reading counts, and an address is only ever used where it leads to ourselves.

use handstamp_api_types::ErrorCode;
use http::header::{self, AsHeaderName};
use http::{HeaderMap, HeaderName, Method, Uri};

use super::Refusal;
use super::question::only;
use crate::csrf::AllowedOrigins;

/// Where proxies say which method the request had: Traefik and Caddy, nginx by convention.
static METHOD: [HeaderName; 2] =
    [HeaderName::from_static("x-forwarded-method"), HeaderName::from_static("x-original-method")];

/// Where nginx is told to say which address it had. Such a proxy passes nothing of a refusal on by itself.
static ORIGINAL: [HeaderName; 2] =
    [HeaderName::from_static("x-original-url"), HeaderName::from_static("x-original-uri")];

/// Where Traefik and Caddy say it, which pass refusals on as they are.
static FORWARDED: HeaderName = HeaderName::from_static("x-forwarded-uri");
static FORWARDED_HOST: HeaderName = HeaderName::from_static("x-forwarded-host");
static FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");

/// Far longer than an address that people come from; the sign-in page takes no longer one either.
const LONGEST: usize = 2048;

/// Who gets to see a refusal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reply {
    /// The proxy passes it on as it is.
    ToBrowser,
    /// The proxy looks at the status, and takes the headers that it was told to take.
    ToProxy,
}

/// The address of the original request. Nobody has checked it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Address<'r> {
    scheme: Option<&'r str>,
    host: Option<&'r str>,
    /// Path and query.
    target: &'r str,
}

/// Returns the method as the proxy says it; `None` where it says nothing. A foreign page cannot set the header.
pub(super) fn method(headers: &HeaderMap) -> Result<Option<Method>, Refusal> {
    let mut given = METHOD.iter().flat_map(|name| headers.get_all(name));
    let Some(method) = given.next() else { return Ok(None) };
    // Two that differ: one of them is the client's.
    if given.any(|other| other != method) {
        return Err(Refusal::detailed(
            ErrorCode::CsrfRejected,
            "The original method is given twice, and differs.",
        ));
    }
    Method::from_bytes(method.as_bytes())
        .map(Some)
        .map_err(|_| Refusal::detailed(ErrorCode::CsrfRejected, "The original method is not a method."))
}

/// Returns the address as the proxy says it; `None` where it says nothing, or two that differ.
pub(super) fn address(headers: &HeaderMap) -> Option<Address<'_>> {
    let mut given = ORIGINAL
        .iter()
        .chain([&FORWARDED])
        .flat_map(|name| headers.get_all(name))
        .map(|line| Address::read(line.to_str().unwrap_or_default(), headers));
    let address = given.next()??;
    given.all(|other| other.is_some_and(|other| other.target == address.target)).then_some(address)
}

/// Returns the address of a request that Envoy has put behind a prefix.
pub(super) fn behind_envoy<'r>(uri: &'r Uri, headers: &'r HeaderMap, target: &'r str) -> Address<'r> {
    // HTTP/2 has the host in the request line.
    let host = uri.authority().map(http::uri::Authority::as_str).or_else(|| text(headers, header::HOST));
    Address { scheme: text(headers, &FORWARDED_PROTO), host, target }
}

/// Returns who gets to see a refusal, as far as one can tell from how the proxy asks.
pub(super) fn reply(headers: &HeaderMap) -> Reply {
    let asks_like_nginx = ORIGINAL.iter().any(|name| headers.contains_key(name));
    // Not the other way round: nginx answers 500 to everything but 401 and 403.
    if headers.contains_key(&FORWARDED) && !asks_like_nginx { Reply::ToBrowser } else { Reply::ToProxy }
}

impl<'r> Address<'r> {
    #[cfg(feature = "ext-authz")]
    pub(super) fn new(scheme: Option<&'r str>, host: Option<&'r str>, target: &'r str) -> Self {
        Self { scheme, host, target }
    }

    /// Reads a whole address, or a path whose host other headers name.
    fn read(given: &'r str, headers: &'r HeaderMap) -> Option<Self> {
        if given.starts_with('/') {
            let (scheme, host) = (text(headers, &FORWARDED_PROTO), text(headers, &FORWARDED_HOST));
            return Some(Self { scheme, host, target: given });
        }
        Self::whole(given)
    }

    /// Reads a whole address.
    pub(super) fn whole(given: &'r str) -> Option<Self> {
        let (scheme, rest) = given.split_once("://")?;
        let (host, target) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
        Some(Self {
            scheme: Some(scheme),
            host: Some(host),
            target: if target.is_empty() { "/" } else { target },
        })
    }

    /// Returns the host without its port.
    pub(super) fn host(&self) -> Option<&'r str> {
        self.host.map(without_port)
    }

    /// Returns what stands in front of the query. A `#`, which ends the path for some readers and not for others, stays in it.
    pub(super) fn path(&self) -> &'r str {
        self.target.split('?').next().unwrap_or_default()
    }

    /// Returns the whole address where it leads to an origin of ours.
    ///
    /// Where TLS ends in front of the proxy, that says `http` for all it knows: the host decides, and the list says the scheme.
    pub(super) fn at_home(&self, allowed: &AllowedOrigins) -> Option<String> {
        let host = self.host?;
        let said = self.scheme.map(|scheme| format!("{scheme}://{host}"));
        let is_of_host = |origin: &&str| origin.split_once("://").is_some_and(|(_, of)| of == host);
        let origin = match &said {
            Some(said) if allowed.contains(said) => said,
            _ => allowed.iter().find(is_of_host)?,
        };
        let address = format!("{origin}{}", self.target);
        // Browsers drop tabs and newlines, and take a backslash for a slash.
        let is_plain = address.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\');
        (is_plain && address.len() <= LONGEST && self.target.starts_with('/')).then_some(address)
    }
}

/// Returns what stands in front of `:port`, also where that is an address of IPv6.
fn without_port(host: &str) -> &str {
    match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => host,
    }
}

fn text(headers: &HeaderMap, name: impl AsHeaderName) -> Option<&str> {
    only(headers, name)?.to_str().ok()
}
