//! Keeps pages in a browser out: a page that somebody visits while a test runs must make no token and read no key.

use std::net::IpAddr;

use axum::extract::Request;
use axum::http::{HeaderMap, Uri, header, uri::Authority};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use handstamp_api_types::ErrorCode;

use super::control::Refused;

/// Refuses a request that came by a name of somebody else's, or from a page of somebody else's.
pub(super) async fn keep_out(request: Request, next: Next) -> Response {
    let (uri, headers) = (request.uri(), request.headers());
    // A name that was made to lead to this machine makes a page ours in the browser's eyes (DNS rebinding).
    if !is_asked_by_address(uri, headers) {
        return refused("this issuer answers to 127.0.0.1, ::1 and localhost, not to other names");
    }
    if uri.path().starts_with("/dev/") && is_from_a_page(headers) {
        return refused("pages in a browser make no tokens: ask from the test");
    }
    next.run(request).await
}

fn refused(why: &str) -> Response {
    Refused(ErrorCode::CsrfRejected, why.to_owned()).into_response()
}

fn is_asked_by_address(uri: &Uri, headers: &HeaderMap) -> bool {
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok());
    let Some(authority) = uri.authority().map(Authority::as_str).or(host) else { return false };
    let Ok(authority) = authority.parse::<Authority>() else { return false };
    let host = authority.host().trim_start_matches('[').trim_end_matches(']');
    host == "localhost" || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

/// Browsers say with each request where it comes from; programs do not.
fn is_from_a_page(headers: &HeaderMap) -> bool {
    let site = headers.get("sec-fetch-site").map(axum::http::HeaderValue::as_bytes);
    headers.contains_key(header::ORIGIN) || site.is_some_and(|site| site != b"none")
}
