//! Who is asking, seen through the proxies in front, and how services are told.

use std::fmt::Write as _;
use std::net::IpAddr;

use handstamp_listen::Peer;
use handstamp_listen::forwarded::{self, X_FORWARDED_FOR, X_FORWARDED_PROTO};
use handstamp_settings::Network;
use http::{HeaderMap, HeaderName, HeaderValue, Version, header};

const X_FORWARDED_HOST: HeaderName = HeaderName::from_static("x-forwarded-host");

/// RFC 9110 §7.6.3: a gateway says that it was there, and how it was spoken to.
const VIA_1: HeaderValue = HeaderValue::from_static("1.1 handstamp");
const VIA_2: HeaderValue = HeaderValue::from_static("2.0 handstamp");

/// The way a request has come, as far as it can be believed: the client first, then the proxies that it came through.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Way {
    client: IpAddr,
    proxies: Vec<IpAddr>,
    /// Whether it was encrypted up to here; `None` where nobody who is believed says so, and we have not seen to it.
    by_https: Option<bool>,
}

/// What every service is told of the place that the world knows.
#[derive(Debug, Clone)]
pub(crate) struct PublicPlace {
    pub(crate) host: HeaderValue,
    pub(crate) scheme: HeaderValue,
}

impl Way {
    /// Finds it: only what proxies of ours say of it is believed.
    pub(crate) fn new(peer: &Peer, headers: &HeaderMap, trusted: &[Network]) -> Self {
        let is_trusted = |ip: IpAddr| trusted.iter().any(|network| network.contains(ip));
        let mut proxies = Vec::new();
        let client = forwarded::client(peer.address.ip(), headers, is_trusted, |proxy| proxies.push(proxy));
        proxies.reverse();
        Self { client, proxies, by_https: forwarded::by_https(peer, headers, is_trusted) }
    }

    /// Returns whose request it is.
    pub(crate) fn client(&self) -> IpAddr {
        self.client
    }

    /// Returns whether nobody in between can change what we answer: only then a browser believes what is said of https
    /// ([RFC 6797 §7.2](https://www.rfc-editor.org/rfc/rfc6797#section-7.2)).
    pub(crate) fn is_by_https(&self) -> bool {
        self.by_https == Some(true)
    }

    fn header(&self) -> Option<HeaderValue> {
        let mut text = self.client.to_string();
        for proxy in &self.proxies {
            // Writing to a string cannot fail.
            let _ = write!(text, ", {proxy}");
        }
        HeaderValue::try_from(text).ok()
    }
}

/// Says how the request has come. Whatever stood there before is overwritten.
pub(crate) fn tell(headers: &mut HeaderMap, way: &Way, place: &PublicPlace, version: Version) {
    if let Some(way) = way.header() {
        headers.insert(X_FORWARDED_FOR, way);
    }
    headers.insert(X_FORWARDED_HOST, place.host.clone());
    // What a proxy of ours got by plain http, the auth service is to know: it takes no password that way.
    let scheme = if way.by_https == Some(false) { PLAIN } else { place.scheme.clone() };
    headers.insert(X_FORWARDED_PROTO, scheme);
    headers.append(header::VIA, if version == Version::HTTP_2 { VIA_2 } else { VIA_1 });
}

const PLAIN: HeaderValue = HeaderValue::from_static("http");

#[cfg(test)]
mod tests {
    use handstamp_listen::Peer;
    use http::{HeaderMap, HeaderValue, Version};

    use super::{PublicPlace, Way, tell};

    fn way(peer: &str, tls: bool, lines: &[(&'static str, &'static str)]) -> Way {
        let mut headers = HeaderMap::new();
        for (name, line) in lines {
            headers.append(*name, line.parse().unwrap());
        }
        let peer = Peer { address: format!("{peer}:4711").parse().unwrap(), tls };
        Way::new(&peer, &headers, &["10.0.0.0/8".parse().unwrap()])
    }

    fn told(way: &Way, name: &str) -> String {
        let place = PublicPlace {
            host: HeaderValue::from_static("app.example"),
            scheme: HeaderValue::from_static("https"),
        };
        let mut headers = HeaderMap::new();
        tell(&mut headers, way, &place, Version::HTTP_11);
        headers[name].to_str().unwrap().to_owned()
    }

    #[test]
    fn services_are_told_the_client_first_and_nothing_that_it_made_up() {
        let stranger = way("192.0.2.1", false, &[("x-forwarded-for", "127.0.0.1")]);
        assert_eq!(told(&stranger, "x-forwarded-for"), "192.0.2.1");

        let lines = [("x-forwarded-for", "6.6.6.6, 192.0.2.1"), ("x-forwarded-for", "10.0.0.2")];
        let known = way("10.0.0.1", false, &lines);
        assert_eq!(told(&known, "x-forwarded-for"), "192.0.2.1, 10.0.0.2, 10.0.0.1");
    }

    #[test]
    fn https_is_what_we_speak_ourselves_or_a_proxy_of_ours_says() {
        let by_https = |peer, tls, lines: &[_]| way(peer, tls, lines).is_by_https();
        let (plain, https) = (("x-forwarded-proto", "http"), ("x-forwarded-proto", "https"));

        assert!(by_https("192.0.2.1", true, &[plain]));
        assert!(!by_https("192.0.2.1", false, &[https]));
        assert!(!by_https("192.0.2.1", false, &[]));
        assert!(by_https("10.0.0.1", false, &[https]));
        assert!(by_https("10.0.0.1", false, &[]));
        assert!(!by_https("10.0.0.1", false, &[plain]));
        assert!(!by_https("10.0.0.1", true, &[plain]));
    }

    #[test]
    fn what_a_proxy_of_ours_got_by_plain_http_is_not_called_https() {
        let plain = [("x-forwarded-proto", "http")];

        assert_eq!(told(&way("10.0.0.1", false, &plain), "x-forwarded-proto"), "http");
        assert_eq!(
            told(&way("10.0.0.1", true, &plain), "x-forwarded-proto"),
            "http",
            "however the proxy speaks to us"
        );
        assert_eq!(told(&way("192.0.2.1", false, &plain), "x-forwarded-proto"), "https", "a stranger's word");
    }
}
