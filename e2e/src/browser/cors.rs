//! The part of the Fetch standard that decides what scripts may send and see.

use bytes::Bytes;
use http::{HeaderMap, HeaderName, Method, Response, header};

use super::Credentials;

/// Headers that belong to the browser.
pub(super) fn is_forbidden(name: &HeaderName) -> bool {
    let name = name.as_str();
    matches!(name, "cookie" | "host" | "origin" | "content-length" | "connection") || name.starts_with("sec-")
}

/// Returns whether a cross-origin request is announced by a preflight.
pub(super) fn needs_preflight(method: &Method, headers: &HeaderMap) -> bool {
    !matches!(*method, Method::GET | Method::HEAD | Method::POST) || !unsafe_headers(headers).is_empty()
}

/// Returns the headers a cross-origin request must ask permission for, sorted.
pub(super) fn unsafe_headers(headers: &HeaderMap) -> Vec<&str> {
    let mut names: Vec<_> = headers
        .iter()
        .filter(|(name, value)| match name.as_str() {
            "accept" | "accept-language" | "content-language" => false,
            "content-type" => !matches!(
                value.to_str().unwrap_or_default().split(';').next().unwrap_or_default().trim(),
                "application/x-www-form-urlencoded" | "multipart/form-data" | "text/plain"
            ),
            _ => true,
        })
        .map(|(name, _)| name.as_str())
        .collect();
    names.sort_unstable();
    names
}

/// Returns whether the preflight's answer permits the request.
pub(super) fn permits(
    origin: &str,
    credentials: Credentials,
    method: &Method,
    headers: &HeaderMap,
    reply: &Response<Bytes>,
) -> Result<(), &'static str> {
    if !reply.status().is_success() {
        return Err("the preflight did not succeed");
    }
    may_read(origin, credentials, reply.headers())?;
    let listed = |name: HeaderName, wanted: &str| {
        let list = reply.headers().get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
        list.split(',').any(|item| {
            let item = item.trim();
            item.eq_ignore_ascii_case(wanted) || (item == "*" && credentials == Credentials::SameOrigin)
        })
    };
    let simple = matches!(*method, Method::GET | Method::HEAD | Method::POST);
    if !simple && !listed(header::ACCESS_CONTROL_ALLOW_METHODS, method.as_str()) {
        return Err("the method is not allowed");
    }
    if !unsafe_headers(headers).iter().all(|name| listed(header::ACCESS_CONTROL_ALLOW_HEADERS, name)) {
        return Err("a header is not allowed");
    }
    Ok(())
}

/// Returns whether a reply opens itself to the page's origin.
pub(super) fn may_read(
    origin: &str,
    credentials: Credentials,
    headers: &HeaderMap,
) -> Result<(), &'static str> {
    let text = |name| headers.get(name).and_then(|value: &http::HeaderValue| value.to_str().ok());
    match text(header::ACCESS_CONTROL_ALLOW_ORIGIN) {
        None => return Err("no Access-Control-Allow-Origin"),
        Some("*") if credentials == Credentials::SameOrigin => return Ok(()),
        Some(allowed) if allowed == origin => {}
        Some(_) => return Err("Access-Control-Allow-Origin names somebody else"),
    }
    if credentials == Credentials::Include && text(header::ACCESS_CONTROL_ALLOW_CREDENTIALS) != Some("true") {
        return Err("no Access-Control-Allow-Credentials");
    }
    Ok(())
}
