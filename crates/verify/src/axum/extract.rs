use axum::extract::{FromRequestParts, OptionalFromRequestParts};
use axum::response::{IntoResponse, Response};
use http::request::Parts;
use serde::de::DeserializeOwned;

use crate::layer::{self, Judged};
use crate::{AuthError, OrgScope, Principal};

impl IntoResponse for AuthError {
    fn into_response(self) -> Response {
        self.response()
    }
}

/// Who is calling. Without a verify layer on the route, nobody is.
impl<S, C> FromRequestParts<S> for Principal<C>
where
    S: Sync,
    C: DeserializeOwned + Clone + Send + Sync + 'static,
{
    type Rejection = AuthError;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, AuthError> {
        caller(parts)?.ok_or(AuthError::Missing)?.with_claims()
    }
}

/// Who is calling, if anybody: for routes that are [optional](crate::access::optional).
impl<S, C> OptionalFromRequestParts<S> for Principal<C>
where
    S: Sync,
    C: DeserializeOwned + Clone + Send + Sync + 'static,
{
    type Rejection = AuthError;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Option<Self>, AuthError> {
        caller(parts)?.map(Principal::with_claims).transpose()
    }
}

/// The caller's organisation.
impl<S: Sync> FromRequestParts<S> for OrgScope {
    type Rejection = AuthError;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, AuthError> {
        caller(parts)?.ok_or(AuthError::Missing)?.org_scope()
    }
}

fn caller(parts: &Parts) -> Result<Option<&Principal>, AuthError> {
    if parts.extensions.get::<Judged>().is_none() {
        layer::log(&AuthError::LayerMissing, parts.method.as_str(), parts.uri.path());
        return Err(AuthError::LayerMissing);
    }
    Ok(parts.extensions.get::<Principal>())
}
