//! What proxies in front say of a request. Anybody can say it: for the caller to know which addresses are to be believed.

use std::net::{IpAddr, SocketAddr};

use http::{HeaderMap, HeaderName};

use crate::Peer;

/// The addresses that a request has come through.
pub const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
/// How the browser spoke to the first proxy.
pub const X_FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");

/// Returns the client, seen through the trusted proxies, and tells of each of these, the nearest first.
///
/// Walks `X-Forwarded-For` from its end, where our own proxies write, up to the first address that is not one of them. What
/// stands further left was written by the client and proves nothing.
pub fn client(
    peer: IpAddr,
    headers: &HeaderMap,
    is_trusted: impl Fn(IpAddr) -> bool,
    mut passed: impl FnMut(IpAddr),
) -> IpAddr {
    let mut client = peer.to_canonical();
    let lines = headers.get_all(X_FORWARDED_FOR).iter().rev();
    // Each entry is read by itself: what a client has sent stands in the same line as what a proxy has added to it.
    let mut entries = lines.flat_map(|line| line.as_bytes().rsplit(|byte| *byte == b','));
    while is_trusted(client)
        && let Some(next) = entries.next().and_then(address)
    {
        passed(client);
        client = next;
    }
    client
}

/// Returns whether the request was encrypted from the client to us; `None` where nobody who is believed says so, and we have not
/// seen to it.
///
/// How a proxy speaks to us tells nothing of how it was spoken to. One that does not say is believed to have seen to it. In a chain
/// of proxies the hops inside may be plain: one `https` is enough, and who invents it deceives nobody but himself.
pub fn by_https(peer: &Peer, headers: &HeaderMap, is_trusted: impl Fn(IpAddr) -> bool) -> Option<bool> {
    if !is_trusted(peer.address.ip().to_canonical()) {
        return peer.tls.then_some(true);
    }
    let lines = headers.get_all(X_FORWARDED_PROTO);
    let says_nothing = lines.iter().next().is_none();
    let mut protocols = lines.iter().flat_map(|line| line.as_bytes().split(|byte| *byte == b','));
    Some(says_nothing || protocols.any(|protocol| protocol.trim_ascii().eq_ignore_ascii_case(b"https")))
}

/// Some proxies write the port as well.
fn address(entry: &[u8]) -> Option<IpAddr> {
    let entry = std::str::from_utf8(entry).ok()?.trim();
    let ip: Option<IpAddr> = entry.parse().ok();
    ip.or_else(|| entry.parse().ok().map(|address: SocketAddr| address.ip())).map(|ip| ip.to_canonical())
}

#[cfg(test)]
mod tests {
    use std::net::IpAddr;

    use http::{HeaderMap, HeaderValue};

    use super::{by_https, client};
    use crate::Peer;

    /// Returns the client, then the proxies from the nearest on.
    fn way(peer: &str, lines: &[&[u8]]) -> Vec<String> {
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append("x-forwarded-for", HeaderValue::from_bytes(line).unwrap());
        }
        let is_trusted = |ip: IpAddr| ip.to_string().starts_with("10.");
        let mut proxies = Vec::new();
        let client =
            client(peer.parse().unwrap(), &headers, is_trusted, |proxy| proxies.push(proxy.to_string()));
        [vec![client.to_string()], proxies].concat()
    }

    #[test]
    fn a_stranger_cannot_say_whence_it_comes() {
        assert_eq!(way("192.0.2.1", &[b"127.0.0.1"]), ["192.0.2.1"]);
    }

    #[test]
    fn our_own_proxies_are_believed_and_what_the_client_wrote_is_not() {
        assert_eq!(way("10.0.0.1", &[b"127.0.0.1, 192.0.2.1"]), ["192.0.2.1", "10.0.0.1"]);
        let chain = way("10.0.0.1", &[b"6.6.6.6, 192.0.2.1", b"10.0.0.2"]);
        assert_eq!(chain, ["192.0.2.1", "10.0.0.1", "10.0.0.2"]);
        assert_eq!(way("10.0.0.1", &[b"192.0.2.1:4711"]), ["192.0.2.1", "10.0.0.1"]);
        assert_eq!(way("10.0.0.1", &[]), ["10.0.0.1"]);
    }

    #[test]
    fn an_address_is_the_same_in_both_spellings() {
        assert_eq!(way("::ffff:10.0.0.1", &[b"::ffff:192.0.2.1"]), ["192.0.2.1", "10.0.0.1"]);
    }

    #[test]
    fn what_is_no_address_ends_the_way() {
        assert_eq!(way("10.0.0.1", &[b"192.0.2.1, unknown"]), ["10.0.0.1"]);
        assert_eq!(way("10.0.0.1", &[b"192.0.2.1", b"\xff"]), ["10.0.0.1"]);
    }

    #[test]
    fn whatever_a_client_writes_hides_nothing_that_our_proxies_write() {
        let expected = ["192.0.2.1", "10.0.0.1", "10.0.0.2"];
        let own: [&[u8]; 8] = [
            b"",
            b"\x80",
            b"unknown",
            b"127.0.0.1",
            b"10.0.0.9, \xff",
            b"\xff, 10.0.0.9",
            b",,",
            b"\xc3\xa9, :1",
        ];
        for own in own {
            let in_a_line_of_its_own = [own, b"192.0.2.1, 10.0.0.2"];
            assert_eq!(way("10.0.0.1", &in_a_line_of_its_own), expected, "{own:?}");

            let in_the_same_line = [own, b", 192.0.2.1, 10.0.0.2"].concat();
            assert_eq!(way("10.0.0.1", &[&in_the_same_line]), expected, "{own:?}");
        }
    }

    fn came_by_https(peer: &str, tls: bool, lines: &[&'static str]) -> Option<bool> {
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append("x-forwarded-proto", HeaderValue::from_static(line));
        }
        let peer = Peer { address: peer.parse().unwrap(), tls };
        by_https(&peer, &headers, |ip| ip.to_string().starts_with("10."))
    }

    #[test]
    fn a_proxy_of_ours_knows_best_how_the_client_speaks() {
        for tls in [false, true] {
            assert_eq!(came_by_https("10.0.0.1:1", tls, &["http"]), Some(false));
            assert_eq!(came_by_https("10.0.0.1:1", tls, &["https"]), Some(true));
            assert_eq!(
                came_by_https("10.0.0.1:1", tls, &[]),
                Some(true),
                "it is believed to have seen to it"
            );
        }
        assert_eq!(came_by_https("[::ffff:10.0.0.1]:1", false, &["http"]), Some(false));
    }

    #[test]
    fn of_a_stranger_we_know_what_we_have_seen() {
        for said in [&[][..], &["http"], &["https"]] {
            assert_eq!(came_by_https("192.0.2.1:1", true, said), Some(true), "{said:?}");
            assert_eq!(came_by_https("192.0.2.1:1", false, said), None, "{said:?}");
        }
    }

    #[test]
    fn in_a_chain_one_hop_by_https_is_enough() {
        let says_https = |lines| came_by_https("10.0.0.1:1", false, lines);

        assert_eq!(says_https(&["http, http"]), Some(false));
        assert_eq!(says_https(&["https, http"]), Some(true));
        assert_eq!(says_https(&["HTTPS", "http"]), Some(true));
    }
}
