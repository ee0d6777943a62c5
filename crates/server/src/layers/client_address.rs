use std::{convert::Infallible, net::IpAddr};

use axum::{
    extract::FromRequestParts,
    http::{HeaderMap, header, request::Parts},
};
use handstamp_listen::{
    Peer,
    forwarded::{self, X_FORWARDED_FOR},
};

use crate::{AppState, config::Network};

/// Who is calling, as far as it can be believed.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ClientAddress {
    /// The client, seen through the trusted proxies.
    pub(crate) ip: Option<IpAddr>,
    /// Whether somebody whom we do not trust says that the request was forwarded: `ip` is then some proxy of theirs.
    pub(crate) forwarded_by_stranger: bool,
}

impl ClientAddress {
    /// Returns who has sent a request.
    pub(crate) fn of(parts: &Parts, state: &AppState) -> Self {
        let peer = parts.extensions.get::<Peer>().map(|peer| peer.address.ip().to_canonical());
        resolve(peer, &parts.headers, &state.config().server.trusted_proxies)
    }
}

impl FromRequestParts<AppState> for ClientAddress {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, Infallible> {
        Ok(Self::of(parts, state))
    }
}

fn resolve(peer: Option<IpAddr>, headers: &HeaderMap, trusted: &[Network]) -> ClientAddress {
    let is_trusted = |ip: IpAddr| trusted.iter().any(|network| network.contains(ip));
    let says_forwarded = headers.contains_key(X_FORWARDED_FOR) || headers.contains_key(header::FORWARDED);
    let forwarded_by_stranger = says_forwarded && !peer.is_some_and(is_trusted);
    let ip = peer.map(|peer| forwarded::client(peer, headers, is_trusted, |_| {}));
    ClientAddress { ip, forwarded_by_stranger }
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
}
