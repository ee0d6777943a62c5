//! Who is asking, seen through the proxies in front, and how services are told.

use std::net::{IpAddr, SocketAddr};

use handstamp_settings::Network;
use http::{HeaderMap, HeaderName, HeaderValue, Version, header};

pub(crate) const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
const X_FORWARDED_HOST: HeaderName = HeaderName::from_static("x-forwarded-host");
const X_FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");

/// RFC 9110 §7.6.3: a gateway says that it was there, and how it was spoken to.
const VIA_1: HeaderValue = HeaderValue::from_static("1.1 handstamp");
const VIA_2: HeaderValue = HeaderValue::from_static("2.0 handstamp");

/// The way a request has come, as far as it can be believed: the client first, then the proxies that it came through.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Way(Vec<IpAddr>);

/// What every service is told of the place that the world knows.
#[derive(Debug, Clone)]
pub(crate) struct PublicPlace {
    pub(crate) host: HeaderValue,
    pub(crate) scheme: HeaderValue,
}

impl Way {
    /// Walks `X-Forwarded-For` from its end, where our own proxies write, up to the first address that is not one of them.
    ///
    /// What stands further left was written by the client and proves nothing: it is left out.
    pub(crate) fn new(peer: SocketAddr, headers: &HeaderMap, trusted: &[Network]) -> Self {
        let is_trusted = |ip: IpAddr| trusted.iter().any(|network| network.contains(ip));
        let mut way = vec![peer.ip().to_canonical()];
        if is_trusted(way[0]) {
            let lines: Vec<_> =
                headers.get_all(X_FORWARDED_FOR).iter().filter_map(|line| line.to_str().ok()).collect();
            for entry in lines.iter().rev().flat_map(|line| line.rsplit(',')) {
                let Some(ip) = address(entry) else { break };
                way.push(ip);
                if !is_trusted(ip) {
                    break;
                }
            }
        }
        way.reverse();
        Self(way)
    }

    fn header(&self) -> Option<HeaderValue> {
        let text = match self.0.as_slice() {
            [client] => client.to_string(),
            all => all.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "),
        };
        HeaderValue::try_from(text).ok()
    }
}

/// Says how the request has come. Whatever stood there before is overwritten.
pub(crate) fn tell(headers: &mut HeaderMap, way: &Way, place: &PublicPlace, version: Version) {
    if let Some(way) = way.header() {
        headers.insert(X_FORWARDED_FOR, way);
    }
    headers.insert(X_FORWARDED_HOST, place.host.clone());
    headers.insert(X_FORWARDED_PROTO, place.scheme.clone());
    headers.append(header::VIA, if version == Version::HTTP_2 { VIA_2 } else { VIA_1 });
}

/// Some proxies write the port as well.
fn address(entry: &str) -> Option<IpAddr> {
    let entry = entry.trim();
    let ip: Option<IpAddr> = entry.parse().ok();
    ip.or_else(|| entry.parse().ok().map(|address: SocketAddr| address.ip())).map(|ip| ip.to_canonical())
}

#[cfg(test)]
mod tests {
    use http::HeaderMap;

    use super::Way;

    fn way(peer: &str, lines: &[&'static str]) -> String {
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append("x-forwarded-for", line.parse().unwrap());
        }
        let trusted = ["10.0.0.0/8".parse().unwrap()];
        let way = Way::new(format!("{peer}:4711").parse().unwrap(), &headers, &trusted);
        way.header().unwrap().to_str().unwrap().to_owned()
    }

    #[test]
    fn a_stranger_cannot_say_whence_it_comes() {
        assert_eq!(way("192.0.2.1", &["127.0.0.1"]), "192.0.2.1");
    }

    #[test]
    fn our_own_proxies_are_believed_and_what_the_client_wrote_is_left_out() {
        assert_eq!(way("10.0.0.1", &["127.0.0.1, 192.0.2.1"]), "192.0.2.1, 10.0.0.1");
        assert_eq!(way("10.0.0.1", &["6.6.6.6, 192.0.2.1", "10.0.0.2"]), "192.0.2.1, 10.0.0.2, 10.0.0.1");
        assert_eq!(way("10.0.0.1", &["192.0.2.1:4711"]), "192.0.2.1, 10.0.0.1");
    }

    #[test]
    fn what_is_no_address_ends_the_way() {
        assert_eq!(way("10.0.0.1", &["192.0.2.1, unknown"]), "10.0.0.1");
    }
}
