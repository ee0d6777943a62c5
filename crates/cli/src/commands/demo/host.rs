use axum::Router;
use axum::extract::Request;
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use http::{StatusCode, header};

/// Has a router answer under the name and port of its origin alone.
///
/// Whoever points a name of theirs at this machine (DNS rebinding) is same-origin with themselves, and still not us.
pub(super) fn only_at(origin: &str, router: Router) -> Router {
    let origin = origin.to_owned();
    router.layer(middleware::from_fn(move |request, next| by_name(origin.clone(), request, next)))
}

async fn by_name(origin: String, request: Request, next: Next) -> Response {
    let named = request.headers().get(header::HOST).and_then(|value| value.to_str().ok());
    if named.is_some() && named == origin.strip_prefix("http://") {
        return next.run(request).await;
    }
    (StatusCode::MISDIRECTED_REQUEST, format!("This page is at {origin}/ and nowhere else.\n"))
        .into_response()
}
