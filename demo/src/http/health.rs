use axum::routing::{MethodRouter, get};
use handstamp_verify::Verifier;
use http::{StatusCode, header};

/// Answers as long as the process does.
pub(crate) fn live<S: Clone + Send + Sync + 'static>() -> MethodRouter<S> {
    get(async || "live\n")
}

/// Answers 200 while the service can tell who is calling: it has the issuer's keys, and hears what is revoked.
pub(crate) fn ready<S: Clone + Send + Sync + 'static>(verifier: Verifier) -> MethodRouter<S> {
    get(move || {
        let is_ready = verifier.is_ready();
        async move {
            if is_ready {
                (StatusCode::OK, [(header::CACHE_CONTROL, "no-store")], "ready\n")
            } else {
                (StatusCode::SERVICE_UNAVAILABLE, [(header::CACHE_CONTROL, "no-store")], "not yet\n")
            }
        }
    })
}
