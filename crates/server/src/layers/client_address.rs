use std::net::{IpAddr, SocketAddr};

use axum::{
    extract::Request,
    http::{HeaderMap, HeaderName, header},
};
use handstamp_listen::Peer;

use crate::{AppState, config::Network};

static X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// Who is calling, as far as it can be believed.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct ClientAddress {
    /// The client, seen through the trusted proxies.
    pub(crate) ip: Option<IpAddr>,
    /// Whether somebody whom we do not trust says that the request was forwarded: `ip` is then some proxy of theirs.
    pub(crate) forwarded_by_stranger: bool,
}

/// Tells the routes who is calling.
pub(super) fn note(state: &AppState, request: &mut Request) {
    let peer = request.extensions().get::<Peer>().map(|peer| peer.address.ip().to_canonical());
    let address = resolve(peer, request.headers(), &state.config().server.trusted_proxies);
    request.extensions_mut().insert(address);
}

/// Walks `X-Forwarded-For` from its end, where our own proxies write, up to the first address that is not one of them.
///
/// What stands further left was written by the client and proves nothing.
fn resolve(peer: Option<IpAddr>, headers: &HeaderMap, trusted: &[Network]) -> ClientAddress {
    let is_trusted = |ip: IpAddr| trusted.iter().any(|network| network.contains(ip));
    let forwarded = headers.contains_key(&X_FORWARDED_FOR) || headers.contains_key(header::FORWARDED);
    let Some(peer) = peer.filter(|ip| is_trusted(*ip)) else {
        return ClientAddress { ip: peer, forwarded_by_stranger: forwarded };
    };
    let lines: Vec<_> =
        headers.get_all(&X_FORWARDED_FOR).iter().filter_map(|line| line.to_str().ok()).collect();
    let mut client = peer;
    for entry in lines.iter().rev().flat_map(|line| line.rsplit(',')) {
        let Some(ip) = parse(entry) else { break };
        client = ip;
        if !is_trusted(ip) {
            break;
        }
    }
    ClientAddress { ip: Some(client), forwarded_by_stranger: false }
}

/// Some proxies write the port as well.
fn parse(entry: &str) -> Option<IpAddr> {
    let entry = entry.trim();
    let ip: Option<IpAddr> = entry.parse().ok();
    ip.or_else(|| entry.parse().ok().map(|address: SocketAddr| address.ip())).map(|ip| ip.to_canonical())
}

#[cfg(test)]
mod tests {
    use std::net::IpAddr;

    use axum::http::HeaderMap;

    use super::resolve;

    fn client(peer: &str, forwarded_for: &[&'static str]) -> (Option<IpAddr>, bool) {
        let mut headers = HeaderMap::new();
        for line in forwarded_for {
            headers.append("x-forwarded-for", line.parse().unwrap());
        }
        let trusted = ["10.0.0.0/8".parse().unwrap()];
        let address = resolve(Some(peer.parse().unwrap()), &headers, &trusted);
        (address.ip, address.forwarded_by_stranger)
    }

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn a_stranger_cannot_choose_its_address() {
        assert_eq!(client("192.0.2.1", &["127.0.0.1"]), (Some(ip("192.0.2.1")), true));
        assert_eq!(client("10.0.0.1", &["127.0.0.1, 192.0.2.1"]), (Some(ip("192.0.2.1")), false));
    }

    #[test]
    fn a_chain_of_our_own_proxies_is_walked() {
        assert_eq!(client("10.0.0.1", &["6.6.6.6, 192.0.2.1", "10.0.0.2"]), (Some(ip("192.0.2.1")), false));
        assert_eq!(client("10.0.0.1", &["192.0.2.1:4711"]), (Some(ip("192.0.2.1")), false));
        assert_eq!(client("10.0.0.1", &[]), (Some(ip("10.0.0.1")), false));
    }

    #[test]
    fn what_is_not_an_address_ends_the_chain() {
        assert_eq!(client("10.0.0.1", &["192.0.2.1, unknown"]), (Some(ip("10.0.0.1")), false));
    }
}
