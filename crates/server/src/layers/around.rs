use std::{
    convert::Infallible,
    future::Future,
    panic::AssertUnwindSafe,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use axum::{Router, extract::Request, response::Response};
use futures_util::FutureExt as _;
use tower::{Layer, Service, ServiceExt as _, service_fn};
use tower_http::cors::CorsLayer;
use tracing::Instrument as _;

use super::{
    body_limit, client_address, cors, error_pages, panic, plain_http, request_id::RequestId,
    security_headers, timeout, trace::Trace,
};
use crate::AppState;

/// Wraps the routes.
///
/// Innermost, around each route of its own, stands the verify layer with the access rule of the table of routes; it
/// applies the CSRF rules as well. Rate limits need to know whose account it is about: the routes ask for them.
///
/// What stands around all routes is one service, whose parts follow each other in [`answer`] and [`admit`]. As a tower layer
/// each part would allocate a future and copy all that it wraps, for every request: that took longer than the routes that are
/// asked most.
pub(crate) fn wrap(router: Router, state: &AppState) -> Router {
    let (cors, state) = (cors::layer(state.config()), state.clone());
    router.layer(AroundLayer(Arc::new(Parts { state, cors })))
}

/// What the parts need. Every request counts its holders up and down, on all cores: one counter is enough.
struct Parts {
    state: AppState,
    cors: CorsLayer,
}

#[derive(Clone)]
struct AroundLayer(Arc<Parts>);

/// The routes of one kind, wrapped.
///
/// The router copies it for each request, which must not copy the route as well: a route is copied when it is needed.
struct Around<S> {
    route: Arc<S>,
    ready: Option<S>,
    with: Arc<Parts>,
}

impl<S> Clone for Around<S> {
    fn clone(&self) -> Self {
        Self { route: Arc::clone(&self.route), ready: None, with: Arc::clone(&self.with) }
    }
}

impl<S> Layer<S> for AroundLayer {
    type Service = Around<S>;

    fn layer(&self, route: S) -> Around<S> {
        Around { route: Arc::new(route), ready: None, with: Arc::clone(&self.0) }
    }
}

impl<S> Service<Request> for Around<S>
where
    S: Service<Request, Response = Response, Error = Infallible> + Clone + Send + 'static,
    S::Future: Send,
{
    type Response = Response;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Response, Infallible>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.ready.get_or_insert_with(|| S::clone(&self.route)).poll_ready(cx)
    }

    fn call(&mut self, mut request: Request) -> Self::Future {
        // The route that was polled ready must be the one that is called.
        let route = self.ready.take().unwrap_or_else(|| S::clone(&self.route));
        let with = Arc::clone(&self.with);
        Box::pin(async move {
            // Everything below can be found in the log by its id, refusals included.
            let id = RequestId::of(&mut request, &with.state);
            let span = tracing::info_span!("request", id = id.as_str());
            let mut response = answer(&with, route, request).instrument(span).await;
            id.name(&mut response);
            Ok(response)
        })
    }
}

/// The outer parts: whatever becomes of a request, its reply passes all of them.
async fn answer<S>(with: &Parts, route: S, request: Request) -> Response
where
    S: Service<Request, Response = Response, Error = Infallible> + Clone + Send + 'static,
    S::Future: Send,
{
    let state = &with.state;
    let trace = Trace::begin(&request);
    let by_https = plain_http::came_by_https(state, &request);
    // People get a page in the place of a problem, panics and timeouts included.
    let page = error_pages::wanted(state, &request);
    let judged = AssertUnwindSafe(admit(with, route, request)).catch_unwind();
    let mut response = match tokio::time::timeout(state.config().server.request_timeout, judged).await {
        Ok(Ok(response)) => response,
        Ok(Err(panic)) => panic::to_problem(&panic),
        Err(_) => timeout::problem(),
    };
    if let Some(page) = page {
        response = page.in_place_of(response);
    }
    security_headers::add(state, by_https, response.headers_mut());
    trace.end(state, response.status());
    response
}

/// The inner parts. A page that is allowed to call must be able to read why it was refused: that is why permissions of other
/// origins stand around the checks.
async fn admit<S>(with: &Parts, route: S, request: Request) -> Response
where
    S: Service<Request, Response = Response, Error = Infallible> + Clone + Send + 'static,
    S::Future: Send,
{
    let Parts { state, cors } = with;
    if !cors::concerns(&request) {
        let vary = cors::may_vary(&request);
        let mut response = check(state, route, request).await;
        if vary {
            cors::vary(response.headers_mut());
        }
        return response;
    }
    let checked = service_fn(move |request| {
        let route = route.clone();
        async move { Ok::<_, Infallible>(check(state, route, request).await) }
    });
    match cors.layer(checked).oneshot(request).await {
        Ok(response) => response,
        Err(never) => match never {},
    }
}

async fn check<S>(state: &AppState, mut route: S, mut request: Request) -> Response
where
    S: Service<Request, Response = Response, Error = Infallible> + Send,
    S::Future: Send,
{
    if let Some(elsewhere) = plain_http::refused(state, &request) {
        return elsewhere;
    }
    if body_limit::is_exceeded(state, &request) {
        return body_limit::refuse(state, request).await;
    }
    client_address::note(state, &mut request);
    match route.call(request).await {
        Ok(response) => response,
        Err(never) => match never {},
    }
}
