use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::request::Parts;
use http::{Request, Response};
use tower_layer::Layer;
use tower_service::Service;

use crate::access::{self, Access, Who};
use crate::{AuthError, Principal, Verifier};

/// A tower layer that verifies each request before anything else sees it.
///
/// It puts a [`Principal`] into the request's extensions, and never lets a request with invalid credentials through. A
/// `Principal` that was in the extensions before is removed first: only this layer puts one there.
///
/// ```
/// use bytes::Bytes;
/// use handstamp_verify::{Principal, Verifier, VerifyLayer, access};
/// use http::{Request, Response};
/// use http_body_util::Full;
/// use tower::{Layer, service_fn};
///
/// fn admin_service(verifier: Verifier) {
///     let greet = service_fn(|request: Request<()>| async move {
///         // The rule lets only those pass who are signed in, so there is one.
///         let name = request.extensions().get::<Principal>().map_or("", |caller| caller.sub());
///         Ok::<_, std::convert::Infallible>(Response::new(Full::<Bytes>::from(format!("hello {name}"))))
///     });
///     let service = VerifyLayer::guarding(verifier, access::role("admin")).layer(greet);
///     # let _ = tower::ServiceExt::oneshot(service, Request::new(()));
/// }
/// ```
#[derive(Debug, Clone)]
pub struct VerifyLayer {
    verifier: Verifier,
    access: Arc<Access>,
}

/// What [`VerifyLayer`] wraps around a service.
#[derive(Debug, Clone)]
pub struct VerifyService<S> {
    inner: S,
    layer: VerifyLayer,
}

/// Stands in a request's extensions when a layer of ours judged it, also where nobody is signed in.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Judged;

impl VerifyLayer {
    /// Returns a layer that verifies credentials where there are any. Requests without credentials pass as anonymous: whoever
    /// handles them must ask for the [`Principal`].
    pub fn new(verifier: Verifier) -> Self {
        Self::guarding(verifier, access::optional())
    }

    /// Returns a layer that lets only those pass whom the access rule allows.
    pub fn guarding(verifier: Verifier, access: Access) -> Self {
        let verifier = match access.when_silent {
            Some(policy) => verifier.when_silent(policy),
            None => verifier,
        };
        Self { verifier, access: Arc::new(access) }
    }

    /// Does to a request what the layer does, for services that are put together in another way: verifies the credentials, asks
    /// the access rule, and puts the [`Principal`] into the extensions.
    ///
    /// Whoever is refused gets [`AuthError::response`], and nothing else sees the request.
    pub async fn admit(&self, parts: &mut Parts) -> Result<(), AuthError> {
        let admitted = self.judge(parts).await;
        if let Err(error) = &admitted {
            log(error, parts.method.as_str(), parts.uri.path());
        }
        admitted
    }

    async fn judge(&self, parts: &mut Parts) -> Result<(), AuthError> {
        parts.extensions.remove::<Principal>();
        if self.access.always_check_origin {
            self.verifier.check_origin(parts)?;
        }
        if self.access.who != Who::Public {
            let caller = self.verifier.authenticate(parts).await?;
            self.access.judge(caller.as_ref(), self.verifier.now())?;
            if let Some(principal) = caller {
                parts.extensions.insert(principal);
            }
        }
        parts.extensions.insert(Judged);
        Ok(())
    }
}

impl<S> Layer<S> for VerifyLayer {
    type Service = VerifyService<S>;

    fn layer(&self, inner: S) -> Self::Service {
        VerifyService { inner, layer: self.clone() }
    }
}

impl<S, B, R> Service<Request<B>> for VerifyService<S>
where
    S: Service<Request<B>, Response = Response<R>> + Clone + Send + 'static,
    S::Future: Send,
    B: Send + 'static,
    R: From<Bytes> + 'static,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = Pin<Box<dyn Future<Output = Result<S::Response, S::Error>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        // The service that was polled ready must be the one that is called; its clone waits for the next request.
        let next = self.inner.clone();
        let mut ready = std::mem::replace(&mut self.inner, next);
        let layer = self.layer.clone();
        Box::pin(async move {
            let (mut parts, body) = request.into_parts();
            match layer.admit(&mut parts).await {
                Ok(()) => ready.call(Request::from_parts(parts, body)).await,
                Err(error) => Ok(error.response()),
            }
        })
    }
}

/// Refusals are everyday; a closed route and missing keys are somebody's mistake.
pub(crate) fn log(error: &AuthError, method: &str, path: &str) {
    let cause = std::error::Error::source(error).map(ToString::to_string);
    let (code, cause) = (error.code(), cause.as_deref().unwrap_or_default());
    match error {
        AuthError::NotDeclared { .. } | AuthError::LayerMissing => {
            tracing::error!(%code, method, path, "{error}");
        }
        AuthError::KeysUnavailable { .. } | AuthError::RevocationsUnavailable { .. } => {
            tracing::warn!(%code, method, path, "{error}");
        }
        _ => tracing::debug!(%code, method, path, cause, "{error}"),
    }
}
