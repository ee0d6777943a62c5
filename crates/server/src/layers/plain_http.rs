use axum::{
    extract::Request,
    http::{HeaderMap, Method, StatusCode, header},
    response::{IntoResponse, Response},
};
use handstamp_listen::{Peer, forwarded};

use super::is_forward_auth;
use crate::{AppState, config::Network, problem::ApiError};

/// Sends to https whoever came to a proxy of ours by plain http, where people are to come by https; `None` for everybody else.
///
/// A proxy that says nothing is believed to have seen to it. What was sent along has been read on the way by everybody: that
/// is refused and not sent on, as repeating it would hide it. Services, which ask for keys and news, may have their own ways.
pub(super) fn refused(state: &AppState, request: &Request) -> Option<Response> {
    let path = request.uri().path_and_query()?.as_str();
    let is_plain = state.public_url().is_https()
        && path.starts_with("/auth/")
        // The proxy speaks of another request there.
        && !is_forward_auth(request.uri().path())
        && by_https(state, request) == Some(false);
    if !is_plain {
        return None;
    }
    let trusted = &state.config().server.trusted_proxies;
    let here = state.sites().here(request.extensions().get(), request.headers(), request.uri(), trusted);
    if matches!(*request.method(), Method::GET | Method::HEAD) {
        let location = format!("{}{path}", here.url(state));
        return Some((StatusCode::PERMANENT_REDIRECT, [(header::LOCATION, location)]).into_response());
    }
    let told =
        format!("This came by plain http, and everybody on the way could read it. Use {}.", here.url(state));
    Some(ApiError::invalid("", told).into_response())
}

/// Returns whether nobody in between can change what we answer: only then a browser believes what is said of https
/// ([RFC 6797 §7.2](https://www.rfc-editor.org/rfc/rfc6797#section-7.2)). `None` where nobody says so who is believed.
pub(super) fn by_https(state: &AppState, request: &Request) -> Option<bool> {
    let peer = request.extensions().get()?;
    encrypted(peer, request.headers(), &state.config().server.trusted_proxies)
}

fn encrypted(peer: &Peer, headers: &HeaderMap, trusted: &[Network]) -> Option<bool> {
    forwarded::by_https(peer, headers, |ip| trusted.iter().any(|network| network.contains(ip)))
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderMap;
    use handstamp_listen::Peer;

    use super::encrypted;

    fn is_plain(peer: &str, told: &[&'static str]) -> bool {
        let mut headers = HeaderMap::new();
        for line in told {
            headers.append("x-forwarded-proto", line.parse().unwrap());
        }
        let peer = Peer { address: peer.parse().unwrap(), tls: false };
        encrypted(&peer, &headers, &["10.0.0.0/8".parse().unwrap()]) == Some(false)
    }

    #[test]
    fn a_proxy_of_ours_is_believed() {
        assert!(is_plain("10.0.0.1:1", &["http"]));
        assert!(!is_plain("10.0.0.1:1", &["https"]));
    }

    #[test]
    fn a_stranger_is_not() {
        assert!(!is_plain("192.0.2.1:1", &["http"]));
    }

    #[test]
    fn a_proxy_that_says_nothing_has_seen_to_it() {
        assert!(!is_plain("10.0.0.1:1", &[]));
    }

    #[test]
    fn plain_hops_behind_the_first_proxy_are_our_own_business() {
        assert!(!is_plain("10.0.0.1:1", &["https, http"]));
    }

    #[test]
    fn https_is_what_we_speak_ourselves_or_a_proxy_of_ours_says() {
        let by_https = |address: &str, tls, told: Option<&'static str>| {
            let headers = told.map(|told| ("x-forwarded-proto".parse().unwrap(), told.parse().unwrap()));
            let peer = Peer { address: address.parse().unwrap(), tls };
            encrypted(&peer, &headers.into_iter().collect(), &["10.0.0.0/8".parse().unwrap()]) == Some(true)
        };

        assert!(by_https("192.0.2.1:1", true, Some("http")));
        assert!(!by_https("192.0.2.1:1", false, Some("https")));
        assert!(!by_https("192.0.2.1:1", false, None));
        assert!(by_https("10.0.0.1:1", false, Some("https")));
        assert!(by_https("10.0.0.1:1", false, None));
        assert!(!by_https("10.0.0.1:1", false, Some("http")));
        assert!(!by_https("10.0.0.1:1", true, Some("http")));
    }
}
