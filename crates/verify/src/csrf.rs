//! Decides whether an unsafe request may rely on a cookie.
//!
//! A browser attaches cookies to requests that other sites caused. What it does not let other sites choose is
//! `Sec-Fetch-Site` and `Origin`, so those decide ([Fetch Metadata](https://www.w3.org/TR/fetch-metadata/),
//! [RFC 10017]). `same-site` alone is never trusted: a sibling host may be somebody else's.
//!
//! One pure function, used by the layer, the auth service and the gateway alike.
//!
//! [RFC 10017]: https://www.rfc-editor.org/rfc/rfc10017

use handstamp_api_types::CSRF_HEADER;
use http::{HeaderMap, HeaderName, HeaderValue, Method, header};

const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");
const CUSTOM_HEADER: HeaderName = HeaderName::from_static(CSRF_HEADER);
/// Not `Upgrade`, which every proxy takes for its own.
const SEC_WEBSOCKET_KEY: HeaderName = HeaderName::from_static("sec-websocket-key");

/// Origins that may send unsafe requests with cookies, beside the service's own.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AllowedOrigins(Vec<String>);

/// A text that is no origin.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum OriginError {
    /// It cannot be read as an origin at all, or is the opaque `null`, which anybody can send.
    #[error("{given:?} is not an origin; write scheme and host, such as https://app.example")]
    NotAnOrigin {
        /// The text.
        given: String,
    },
    /// It names an origin in a spelling that no browser sends, so it would never match.
    #[error("{given:?} would never match; browsers send this origin as {expected:?}")]
    OtherSpelling {
        /// The text.
        given: String,
        /// The same origin as browsers spell it.
        expected: String,
    },
}

/// Why an unsafe request is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CsrfRejection {
    /// The browser says the request comes from elsewhere, and no `Origin` vouches for it.
    #[error(
        "the request comes from another site (Sec-Fetch-Site: {site}) and its origin is not on the allow-list"
    )]
    ForeignSite {
        /// What `Sec-Fetch-Site` said.
        site: String,
    },
    /// The `Origin` is not on the allow-list.
    #[error("the origin {origin:?} is not on the allow-list")]
    ForeignOrigin {
        /// The origin.
        origin: String,
    },
    /// Neither header is there, nor our own.
    #[error("no Sec-Fetch-Site, no Origin: send {CSRF_HEADER}: 1, which no foreign page can")]
    MissingHeader,
    /// A header that decides is there twice.
    #[error("the header {name} is there more than once")]
    Ambiguous {
        /// The header.
        name: &'static str,
    },
}

impl AllowedOrigins {
    /// Reads origins, each as browsers send it: `https://app.example`, with the port only where it is not the scheme's own.
    pub fn new<T: AsRef<str>>(origins: impl IntoIterator<Item = T>) -> Result<Self, OriginError> {
        origins.into_iter().map(|origin| checked(origin.as_ref())).collect::<Result<_, _>>().map(Self)
    }

    /// Returns whether browsers on this origin may send unsafe requests. Exact spelling only.
    pub fn contains(&self, origin: &str) -> bool {
        self.0.iter().any(|allowed| allowed == origin)
    }

    /// Returns the origins.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &str> {
        self.0.iter().map(String::as_str)
    }
}

fn checked(given: &str) -> Result<String, OriginError> {
    let not_an_origin = || OriginError::NotAnOrigin { given: given.to_owned() };
    let url = url::Url::parse(given).map_err(|_| not_an_origin())?;
    let origin = url.origin();
    if !origin.is_tuple() {
        return Err(not_an_origin());
    }
    let expected = origin.ascii_serialization();
    if expected == given {
        Ok(expected)
    } else {
        Err(OriginError::OtherSpelling { given: given.to_owned(), expected })
    }
}

/// Decides whether a request that relies on a cookie may pass. Safe methods always may: they change nothing.
///
/// But a WebSocket, which begins with one, may change anything, and is open to pages of all origins: it counts as unsafe.
///
/// 1. `Sec-Fetch-Site: same-origin` or `none` (the user typed the address) passes.
/// 2. Anything else in it, or nothing, needs an `Origin` on the allow-list.
/// 3. Neither header at all (an old browser, or no browser) needs `X-Handstamp: 1`: a header of its own kind makes browsers ask
///    first before they send it across origins.
pub fn decide(method: &Method, headers: &HeaderMap, allowed: &AllowedOrigins) -> Result<(), CsrfRejection> {
    let is_web_socket = headers.contains_key(SEC_WEBSOCKET_KEY);
    if is_safe(method) && !is_web_socket {
        return Ok(());
    }
    let site = only(headers, &SEC_FETCH_SITE, "Sec-Fetch-Site")?;
    if site.is_some_and(|site| site == "same-origin" || site == "none") {
        return Ok(());
    }
    if let Some(origin) = only(headers, &header::ORIGIN, "Origin")? {
        let text = origin.to_str().unwrap_or_default();
        if allowed.contains(text) {
            return Ok(());
        }
        return Err(CsrfRejection::ForeignOrigin {
            origin: String::from_utf8_lossy(origin.as_bytes()).into_owned(),
        });
    }
    if let Some(site) = site {
        return Err(CsrfRejection::ForeignSite {
            site: String::from_utf8_lossy(site.as_bytes()).into_owned(),
        });
    }
    match only(headers, &CUSTOM_HEADER, "X-Handstamp")? {
        Some(value) if value == "1" => Ok(()),
        // Browsers name the origin of every WebSocket (RFC 6455 §4.1): no page has opened this one.
        _ if is_safe(method) => Ok(()),
        _ => Err(CsrfRejection::MissingHeader),
    }
}

/// RFC 9110 §9.2.1. A method nobody knows is not safe.
fn is_safe(method: &Method) -> bool {
    [Method::GET, Method::HEAD, Method::OPTIONS, Method::TRACE].contains(method)
}

fn only<'h>(
    headers: &'h HeaderMap,
    header: &HeaderName,
    name: &'static str,
) -> Result<Option<&'h HeaderValue>, CsrfRejection> {
    let mut values = headers.get_all(header).iter();
    match (values.next(), values.next()) {
        (first, None) => Ok(first),
        _ => Err(CsrfRejection::Ambiguous { name }),
    }
}

#[cfg(test)]
mod tests {
    use http::{HeaderMap, HeaderName, Method};

    use super::{AllowedOrigins, CsrfRejection, OriginError, decide};

    fn post(headers: &[(&'static str, &str)]) -> Result<(), CsrfRejection> {
        send(&Method::POST, headers)
    }

    fn send(method: &Method, headers: &[(&'static str, &str)]) -> Result<(), CsrfRejection> {
        let allowed = AllowedOrigins::new(["https://app.example"]).unwrap();
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(HeaderName::from_static(name), value.parse().unwrap());
        }
        decide(method, &map, &allowed)
    }

    #[test]
    fn a_page_of_our_own_origin_passes() {
        assert_eq!(post(&[("sec-fetch-site", "same-origin")]), Ok(()));
        assert_eq!(post(&[("sec-fetch-site", "none")]), Ok(()));
    }

    #[test]
    fn a_sibling_site_is_never_trusted_by_itself() {
        let refused = Err(CsrfRejection::ForeignSite { site: "same-site".to_owned() });

        assert_eq!(post(&[("sec-fetch-site", "same-site")]), refused);
        assert_eq!(post(&[("sec-fetch-site", "same-site"), ("x-handstamp", "1")]), refused);
    }

    #[test]
    fn an_origin_on_the_list_passes_from_any_site() {
        for site in ["same-site", "cross-site"] {
            assert_eq!(post(&[("sec-fetch-site", site), ("origin", "https://app.example")]), Ok(()));
        }
        assert_eq!(post(&[("origin", "https://app.example")]), Ok(()));
    }

    #[test]
    fn another_origin_is_refused_with_or_without_our_header() {
        for origin in [
            "https://evil.example",
            "null",
            "https://app.example.evil.example",
            "http://app.example",
            "https://app.example:8443",
        ] {
            let refused = Err(CsrfRejection::ForeignOrigin { origin: origin.to_owned() });

            assert_eq!(post(&[("origin", origin)]), refused);
            assert_eq!(post(&[("origin", origin), ("x-handstamp", "1")]), refused);
        }
    }

    #[test]
    fn an_unknown_word_in_sec_fetch_site_is_foreign() {
        let refused = Err(CsrfRejection::ForeignSite { site: "Same-Origin".to_owned() });

        assert_eq!(post(&[("sec-fetch-site", "Same-Origin")]), refused);
    }

    #[test]
    fn without_browser_headers_our_own_is_needed() {
        assert_eq!(post(&[]), Err(CsrfRejection::MissingHeader));
        assert_eq!(post(&[("x-handstamp", "0")]), Err(CsrfRejection::MissingHeader));
        assert_eq!(post(&[("x-handstamp", "1")]), Ok(()));
    }

    #[test]
    fn a_deciding_header_sent_twice_is_refused() {
        let site = post(&[("sec-fetch-site", "same-origin"), ("sec-fetch-site", "cross-site")]);
        let origin = post(&[("origin", "https://app.example"), ("origin", "https://evil.example")]);

        assert_eq!(site, Err(CsrfRejection::Ambiguous { name: "Sec-Fetch-Site" }));
        assert_eq!(origin, Err(CsrfRejection::Ambiguous { name: "Origin" }));
    }

    #[test]
    fn safe_methods_pass_and_unknown_ones_do_not() {
        let nothing = HeaderMap::new();
        let allowed = AllowedOrigins::default();

        for method in [Method::GET, Method::HEAD, Method::OPTIONS] {
            assert_eq!(decide(&method, &nothing, &allowed), Ok(()));
        }
        let purge = Method::from_bytes(b"PURGE").unwrap();
        for method in [Method::POST, Method::PUT, Method::PATCH, Method::DELETE, purge] {
            assert_eq!(decide(&method, &nothing, &allowed), Err(CsrfRejection::MissingHeader));
        }
    }

    #[test]
    fn a_page_of_another_origin_opens_no_web_socket() {
        const KEY: (&str, &str) = ("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ==");
        let open = |headers: &[(&'static str, &str)]| send(&Method::GET, &[&[KEY], headers].concat());

        let origin = "https://evil.example".to_owned();
        assert_eq!(
            open(&[("origin", &origin)]),
            Err(CsrfRejection::ForeignOrigin { origin: origin.clone() })
        );
        let site = "same-site".to_owned();
        assert_eq!(
            open(&[("sec-fetch-site", &site)]),
            Err(CsrfRejection::ForeignSite { site: site.clone() })
        );
        assert_eq!(open(&[("origin", "https://app.example"), ("sec-fetch-site", "cross-site")]), Ok(()));
        assert_eq!(open(&[("origin", &origin), ("sec-fetch-site", "same-origin")]), Ok(()));
    }

    #[test]
    fn a_web_socket_that_no_browser_opens_passes() {
        assert_eq!(send(&Method::GET, &[("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ==")]), Ok(()));
    }

    #[test]
    fn an_origin_that_would_never_match_is_refused_with_the_right_spelling() {
        let wrong = |given: &str| AllowedOrigins::new([given]).unwrap_err();

        for given in ["https://app.example/", "https://APP.example", "https://app.example:443"] {
            let expected = "https://app.example".to_owned();
            assert_eq!(wrong(given), OriginError::OtherSpelling { given: given.to_owned(), expected });
        }
        for given in ["null", "*", "app.example", "file:///x", ""] {
            assert_eq!(wrong(given), OriginError::NotAnOrigin { given: given.to_owned() });
        }
    }
}
