use axum::{
    extract::Request,
    http::{HeaderMap, HeaderName, Method, StatusCode, header},
    response::{IntoResponse, Response},
};
use handstamp_listen::Peer;

use super::is_forward_auth;
use crate::{AppState, config::Network, problem::ApiError};

static X_FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");

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
        && came_by_plain_http(
            request.extensions().get(),
            request.headers(),
            &state.config().server.trusted_proxies,
        );
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

/// Believes `X-Forwarded-Proto` as a trusted proxy sends it. In a chain of proxies the hops inside may be plain: one `https`
/// is enough, and who invents it deceives nobody but himself.
fn came_by_plain_http(peer: Option<&Peer>, headers: &HeaderMap, trusted: &[Network]) -> bool {
    let lines = headers.get_all(&X_FORWARDED_PROTO);
    if lines.iter().next().is_none() {
        return false;
    }
    let is_trusted =
        peer.is_some_and(|peer| trusted.iter().any(|network| network.contains(peer.address.ip())));
    let mut protocols = lines.iter().flat_map(|line| line.as_bytes().split(|byte| *byte == b','));
    is_trusted && !protocols.any(|protocol| protocol.trim_ascii().eq_ignore_ascii_case(b"https"))
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderMap;
    use handstamp_listen::Peer;

    use super::came_by_plain_http;

    fn is_plain(peer: &str, told: &[&'static str]) -> bool {
        let mut headers = HeaderMap::new();
        for line in told {
            headers.append("x-forwarded-proto", line.parse().unwrap());
        }
        let peer = Peer { address: peer.parse().unwrap(), tls: false };
        came_by_plain_http(Some(&peer), &headers, &["10.0.0.0/8".parse().unwrap()])
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
        assert!(!is_plain("10.0.0.1:1", &["HTTPS", "http"]));
        assert!(is_plain("10.0.0.1:1", &["http, http"]));
    }
}
