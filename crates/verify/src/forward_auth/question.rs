use http::header::{self, AsHeaderName};
use http::request::Parts;
use http::{HeaderMap, HeaderName, HeaderValue, Method};

use super::Refusal;
use super::demands::Demands;
use super::original::{self, Address, Reply};
use crate::csrf::AllowedOrigins;

/// What a route demands, in the proxy's request for those that cannot write it into the address: `role=admin&org=acme`.
///
/// A client that sends one demands more of itself, never less.
static REQUIRE: HeaderName = HeaderName::from_static("x-handstamp-require");

static SEC_FETCH_MODE: HeaderName = HeaderName::from_static("sec-fetch-mode");

/// What Envoy puts in front of the path of the request that it asks about. Not `/auth/check` itself: a slash too many in another
/// proxy's settings would look like Envoy asking about a harmless `GET /`.
pub const ENVOY_PREFIX: &str = "/auth/check/envoy";

/// What a proxy wants to know: may this request pass?
#[derive(Debug, Clone)]
pub struct Question<'r> {
    pub(super) headers: &'r HeaderMap,
    /// Where no token may stand.
    pub(super) query: Option<&'r str>,
    /// The original request's; `None` where the proxy does not say it.
    pub(super) method: Result<Option<Method>, Refusal>,
    pub(super) address: Option<Address<'r>>,
    pub(super) reply: Reply,
    pub(super) demands: Result<Demands, Refusal>,
}

impl<'r> Question<'r> {
    /// Reads the question of nginx, Caddy or Traefik: a request of the proxy's own with the headers of the original one. Further
    /// headers say which method and address that had, and the query says what the route demands.
    pub fn of_proxy(parts: &'r Parts) -> Self {
        let (headers, query) = (&parts.headers, parts.uri.query());
        Self {
            headers,
            query,
            method: original::method(headers),
            address: original::address(headers),
            reply: original::reply(headers),
            demands: Demands::read(query, required(headers)),
        }
    }

    /// Reads the question of Envoy over HTTP: the original request itself, without its body and with [`ENVOY_PREFIX`] before its
    /// path.
    pub fn of_envoy(parts: &'r Parts) -> Self {
        let headers = &parts.headers;
        let target = parts.uri.path_and_query().map_or("", |target| target.as_str());
        Self {
            headers,
            query: parts.uri.query(),
            method: Ok(Some(parts.method.clone())),
            address: target
                .strip_prefix(ENVOY_PREFIX)
                .map(|target| original::behind_envoy(&parts.uri, headers, target)),
            reply: Reply::ToBrowser,
            demands: Demands::read(None, required(headers)),
        }
    }

    /// Returns whether somebody is on their way to a page, rather than a script to data. Only what changes nothing can be done
    /// again after signing in.
    pub(super) fn is_navigation(&self) -> bool {
        let changes_nothing =
            matches!(&self.method, Ok(Some(method)) if *method == Method::GET || *method == Method::HEAD);
        // Browsers leave it out on plain http.
        changes_nothing
            && self
                .headers
                .get(&SEC_FETCH_MODE)
                .map_or_else(|| takes_html(self.headers), |mode| mode == "navigate")
    }

    /// Returns whether a browser asks, without any credentials, if a script of ours may send a request.
    pub(super) fn is_preflight(&self, allowed: &AllowedOrigins) -> bool {
        matches!(&self.method, Ok(Some(Method::OPTIONS)))
            && self.headers.contains_key(header::ACCESS_CONTROL_REQUEST_METHOD)
            && only(self.headers, header::ORIGIN)
                .is_some_and(|origin| origin.to_str().is_ok_and(|origin| allowed.contains(origin)))
    }

    pub(super) fn method_for_logs(&self) -> &str {
        match &self.method {
            Ok(Some(method)) => method.as_str(),
            _ => "unknown",
        }
    }

    pub(super) fn path_for_logs(&self) -> &str {
        self.address.as_ref().map_or("unknown", Address::path)
    }
}

/// Returns a header's value if it is there once.
pub(super) fn only(headers: &HeaderMap, name: impl AsHeaderName) -> Option<&HeaderValue> {
    let mut values = headers.get_all(name).iter();
    values.next().filter(|_| values.next().is_none())
}

pub(super) fn required(headers: &HeaderMap) -> impl Iterator<Item = &str> {
    // What cannot be read demands what nobody has, rather than nothing.
    headers.get_all(&REQUIRE).iter().map(|line| line.to_str().unwrap_or("unreadable"))
}

/// Browsers name `text/html` when they go somewhere; scripts do not, or take anything.
fn takes_html(headers: &HeaderMap) -> bool {
    let lines = headers.get_all(header::ACCEPT);
    let ranges = lines.iter().filter_map(|line| line.to_str().ok()).flat_map(|line| line.split(','));
    ranges
        .filter_map(|range| range.split(';').next())
        .any(|kind| kind.trim().eq_ignore_ascii_case("text/html"))
}
