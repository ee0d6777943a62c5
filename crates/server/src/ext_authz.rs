//! Envoy's `ext_authz` over gRPC, on a listener of its own.

use std::{io, time::Instant};

use handstamp_listen::{Limits, Listener, PerAddress, Tls};
use handstamp_verify::forward_auth::{Check, Passed, Question, Refused, ext_authz::ExtAuthz};
use http::Method;
use hyper::{body::Incoming, service::service_fn};
use tokio::net::TcpListener;
use tower::ServiceExt as _;

use crate::{AppState, access::Door};

/// The name of these questions in the log and the figures, where routes stand otherwise.
const ROUTE: &str = "ext_authz";

/// Answers Envoy until the service stops: the same checks as at `/auth/check`, over gRPC, encrypted where there is something to
/// show.
pub async fn serve_ext_authz(listener: TcpListener, tls: Option<Tls>, app: AppState) -> io::Result<()> {
    let server = &app.config().server;
    let limits = Limits {
        max_connections: server.max_connections,
        // It is for proxies alone.
        per_address: PerAddress::UNBOUNDED,
        write_timeout: server.write_timeout,
        shutdown_timeout: server.shutdown_timeout,
        ..Limits::default()
    };
    let answers = ExtAuthz::new(Counted(app.clone()));
    let service = service_fn(move |request: hyper::Request<Incoming>| answers.clone().oneshot(request));
    let listener = match &tls {
        Some(tls) => Listener::tls(listener, tls),
        None => Listener::plain_with_http2(listener),
    };
    handstamp_listen::serve(vec![listener], limits, service, app.stopped()).await
}

/// One log line and one count for each question, as every other request has them.
#[derive(Clone)]
struct Counted(AppState);

impl Check for Counted {
    async fn check(&self, question: &Question<'_>) -> Result<Passed, Refused> {
        let started = Instant::now();
        let answered = Door(self.0.clone()).check(question).await;
        let status = answered.as_ref().map_or_else(|refused| refused.status().as_u16(), |_| 200);
        let took = started.elapsed();
        self.0.metrics().http.observe(&Method::POST, ROUTE, status, took);
        tracing::info!(route = ROUTE, status, ms = took.as_secs_f64() * 1_000.0, "answered");
        answered
    }
}
