//! How the gateway is doing, for those who run it: on a listener of its own, which nothing from outside reaches.

use std::convert::Infallible;
use std::future::{Ready, ready};
use std::sync::Arc;

use bytes::Bytes;
use handstamp_api_types::{ErrorCode, Health, HealthStatus};
use http::{HeaderValue, Method, Request, Response, header};
use hyper::body::Incoming;
use hyper::service::Service;
use tokio::time::Instant;

use crate::body::ReplyBody;
use crate::gateway::Gateway;
use crate::refusal::Refusal;
use crate::routes::Destination;

const TEXT: HeaderValue = HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8");

/// Answers `/health/live`, `/health/ready` and `/metrics`.
#[derive(Clone)]
pub(crate) struct Admin {
    gateway: Arc<Gateway>,
}

impl Admin {
    pub(crate) fn new(gateway: Arc<Gateway>) -> Self {
        Self { gateway }
    }

    fn answer(&self, method: &Method, path: &str) -> Result<Response<ReplyBody>, Refusal> {
        if !matches!(*method, Method::GET | Method::HEAD) {
            return Err(Refusal::new(
                ErrorCode::MethodNotAllowed,
                "Health and figures are to be read alone.",
            ));
        }
        match path {
            "/health/live" => Ok(healthy()),
            "/health/ready" => self.ready(),
            "/metrics" => self.figures(),
            _ => Err(Refusal::new(ErrorCode::NotFound, "Here are /health/live, /health/ready and /metrics.")),
        }
    }

    /// Ready is who has keys to verify with, and knows what was revoked lately. Services that are away are no reason to send their
    /// requests to another gateway: they are away from there too.
    fn ready(&self) -> Result<Response<ReplyBody>, Refusal> {
        if self.gateway.stopper.is_stopped() {
            return Err(Refusal::new(ErrorCode::Unavailable, "The gateway is stopping."));
        }
        if !self.gateway.verifier.has_keys() {
            return Err(Refusal::new(
                ErrorCode::Unavailable,
                "The auth service's keys are not known yet: see gateway.auth.",
            ));
        }
        if !self.gateway.verifier.is_ready() {
            return Err(Refusal::new(
                ErrorCode::Unavailable,
                "There is no news of revocations: see gateway.auth and gateway.client_id.",
            ));
        }
        Ok(healthy())
    }

    fn figures(&self) -> Result<Response<ReplyBody>, Refusal> {
        let gateway = &self.gateway;
        let now = Instant::now();
        for route in gateway.routes.iter() {
            let Destination::Service(service) = &route.to else { continue };
            for target in service.targets.iter() {
                gateway.metrics.set_target(&route.label, &target.label, target.health.is_well(now));
            }
        }
        let mut text = gateway.metrics.render().map_err(|error| {
            Refusal::new(ErrorCode::Internal, "The figures cannot be written.").because(&error)
        })?;
        text.push_str(&gateway.verifier.revocations().status(gateway.verifier.now()).to_prometheus());
        let mut reply = Response::new(ReplyBody::from(Bytes::from(text)));
        reply.headers_mut().insert(header::CONTENT_TYPE, TEXT);
        Ok(reply)
    }
}

impl Service<Request<Incoming>> for Admin {
    type Response = Response<ReplyBody>;
    type Error = Infallible;
    type Future = Ready<Result<Self::Response, Infallible>>;

    fn call(&self, request: Request<Incoming>) -> Self::Future {
        let answer = self.answer(request.method(), request.uri().path());
        ready(Ok(answer.unwrap_or_else(|refusal| refusal.into_reply("admin"))))
    }
}

fn healthy() -> Response<ReplyBody> {
    // A `Health` is one word: serialising it cannot fail.
    let body =
        serde_json::to_vec(&Health { status: HealthStatus::Ok, degraded: Vec::new() }).unwrap_or_default();
    let mut reply = Response::new(ReplyBody::from(Bytes::from(body)));
    reply.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    reply.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    reply
}
