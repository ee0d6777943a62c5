use axum::Router;
use axum::http::{Method, Uri};
use handstamp_api_types::ErrorCode;

use super::{FrontDoor, ServiceError};

/// Puts around a service's routes what every service needs: an answer for everything else, and CORS outermost,
/// so that the page can read a refusal too.
pub(crate) fn complete(routes: Router, front_door: &FrontDoor) -> Router {
    routes
        .fallback(async |uri: Uri| {
            not_here(ErrorCode::NotFound, format!("There is nothing at {}.", uri.path()))
        })
        .method_not_allowed_fallback(async |method: Method, uri: Uri| {
            not_here(ErrorCode::MethodNotAllowed, format!("{} does not take {method}.", uri.path()))
        })
        .layer(front_door.cors())
}

fn not_here(code: ErrorCode, detail: String) -> ServiceError {
    ServiceError::Refused { code, detail }
}
