//! What a proxy says of the request that it asks about.

use handstamp_api_types::ErrorCode;
use http::{HeaderMap, Method};

use super::Refusal;

/// Where proxies say which method the request had: Traefik and Caddy, nginx by convention.
const METHOD: [&str; 2] = ["x-forwarded-method", "x-original-method"];

/// Returns the method as the proxy says it; `None` where it says nothing. A foreign page cannot set the header.
pub(super) fn method(headers: &HeaderMap) -> Result<Option<Method>, Refusal> {
    let mut given = METHOD.iter().flat_map(|name| headers.get_all(*name));
    let Some(method) = given.next() else { return Ok(None) };
    // Two that differ: one of them is the client's.
    if given.any(|other| other != method) {
        return Err(Refusal::detailed(
            ErrorCode::CsrfRejected,
            "The original method is given twice, and differs.",
        ));
    }
    Method::from_bytes(method.as_bytes())
        .map(Some)
        .map_err(|_| Refusal::detailed(ErrorCode::CsrfRejected, "The original method is not a method."))
}
