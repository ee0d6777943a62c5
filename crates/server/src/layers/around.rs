use std::{
    convert::Infallible,
    future::Future,
    panic::AssertUnwindSafe,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use axum::{extract::Request, handler::Handler, response::Response};
use futures_util::FutureExt as _;
use handstamp_verify::{VerifyLayer, access::Access};
use tower::{Layer as _, Service, ServiceExt as _, service_fn};
use tower_http::cors::CorsLayer;
use tracing::Instrument as _;

use super::{
    body_limit, cors, error_pages, panic, plain_http, request_id::RequestId, right_time, route::Route,
    security_headers, timeout, trace::Trace,
};
use crate::{AppState, metrics::RouteFigures};

/// What stands around every endpoint.
///
/// It is one service, whose parts follow each other in [`Endpoint::answer`], [`Endpoint::admit`] and [`Endpoint::check`]; the last
/// of them is the verify layer with the access rule of the table of routes, which applies the CSRF rules as well. As a tower layer
/// each part would allocate a future and copy all that it wraps, for every request: that took longer than the routes that are
/// asked most. Rate limits need to know whose account it is about: the routes ask for them.
pub(crate) struct Layers {
    state: AppState,
    cors: CorsLayer,
}

/// A handler with all that stands around it.
#[derive(Clone)]
pub(crate) struct Around(Arc<Endpoint>);

struct Endpoint {
    route: Route,
    guard: VerifyLayer,
    handler: Answer,
    figures: RouteFigures,
    cors: CorsLayer,
    state: AppState,
}

/// A handler whose arguments nobody needs to know any more. It is asked by reference: nothing is copied for a request.
pub(crate) type Answer = Box<dyn Fn(Request, AppState) -> Answering + Send + Sync>;

/// What axum's handlers return.
pub(crate) type Answering = Pin<Box<dyn Future<Output = Response> + Send>>;

/// Forgets what a handler takes.
pub(crate) fn erase<H, T>(handler: H) -> Answer
where
    H: Handler<T, AppState, Future = Answering>,
    T: 'static,
{
    Box::new(move |request, state| handler.clone().call(request, state))
}

impl Layers {
    pub(crate) fn new(state: &AppState) -> Self {
        Self { state: state.clone(), cors: cors::layer(state.config()) }
    }

    /// Wraps a handler. Nobody gets to it whom the access rule does not let pass.
    pub(crate) fn around(&self, route: Route, access: Access, handler: Answer) -> Around {
        let guard = VerifyLayer::guarding(self.state.gate().verifier().clone(), access);
        let (cors, state) = (self.cors.clone(), self.state.clone());
        Around(Arc::new(Endpoint { route, guard, handler, figures: RouteFigures::default(), cors, state }))
    }
}

impl Service<Request> for Around {
    type Response = Response;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Response, Infallible>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, mut request: Request) -> Self::Future {
        let endpoint = Arc::clone(&self.0);
        Box::pin(async move {
            // Everything below can be found in the log by its id, refusals included.
            let id = RequestId::of(&mut request, &endpoint.state);
            let span = tracing::info_span!("request", id = id.as_str());
            let mut response = endpoint.answer(request).instrument(span).await;
            id.name(&mut response);
            Ok(response)
        })
    }
}

impl Endpoint {
    /// The outer parts: whatever becomes of a request, its reply passes all of them.
    async fn answer(&self, request: Request) -> Response {
        let state = &self.state;
        let trace = Trace::begin(&self.route, &request);
        let by_https = plain_http::by_https(state, &request) == Some(true);
        // People get a page in the place of a problem, panics and timeouts included.
        let page = error_pages::wanted(state, &self.route, &request);
        let judged = AssertUnwindSafe(self.admit(request)).catch_unwind();
        let mut response = match tokio::time::timeout(state.config().server.request_timeout, judged).await {
            Ok(Ok(response)) => response,
            Ok(Err(panic)) => panic::to_problem(&panic),
            Err(_) => timeout::problem(),
        };
        if let Some(page) = page {
            response = page.in_place_of(response);
        }
        security_headers::add(state, by_https, response.headers_mut());
        trace.end(state, &self.figures, response.status());
        response
    }

    /// The inner parts. A page that is allowed to call must be able to read why it was refused: that is why permissions of
    /// other origins stand around the checks.
    async fn admit(&self, request: Request) -> Response {
        if !cors::concerns(&request) {
            let vary = cors::may_vary(&request);
            let mut response = self.check(request).await;
            if vary {
                cors::vary(response.headers_mut());
            }
            return response;
        }
        let checked = service_fn(async |request| Ok::<_, Infallible>(self.check(request).await));
        match self.cors.layer(checked).oneshot(request).await {
            Ok(response) => response,
            Err(never) => match never {},
        }
    }

    async fn check(&self, request: Request) -> Response {
        let state = &self.state;
        if let Some(refused) = right_time::refused(state, &request) {
            return refused;
        }
        if let Some(elsewhere) = plain_http::refused(state, &request) {
            return elsewhere;
        }
        if body_limit::is_exceeded(state, &request) {
            return body_limit::refuse(state, request).await;
        }
        let (mut parts, body) = request.into_parts();
        if let Err(refused) = self.guard.admit(&mut parts).await {
            return refused.response();
        }
        (self.handler)(Request::from_parts(parts, body), state.clone()).await
    }
}
