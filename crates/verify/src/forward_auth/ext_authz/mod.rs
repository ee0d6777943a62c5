//! The same answers for Envoy over gRPC: the service `envoy.service.auth.v3.Authorization`.
//!
//! Envoy says of itself which request it is about, and a route demands by `context_extensions` in its configuration:
//! `role: admin`, `org: acme`, as in the query of `/auth/check`.

mod answer;
mod messages;
mod request;
#[cfg(test)]
mod tests;

use std::convert::Infallible;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::Body;
use tonic::body::Body as ReplyBody;
use tonic::server::{Grpc, UnaryService};
use tonic::{Code, Status};
use tonic_prost::ProstCodec;

use super::Check;
use messages::{CheckRequest, CheckResponse};
use request::Asked;

/// The one method of the service.
const CHECK: &str = "/envoy.service.auth.v3.Authorization/Check";

/// The headers of a request, many times over. Bodies are not asked for.
const LARGEST_QUESTION: usize = 512 * 1024;

/// Answers Envoy over HTTP/2, as a tower service. Everything else that is called is not implemented.
#[derive(Debug, Clone)]
pub struct ExtAuthz<C> {
    check: C,
}

impl<C: Check> ExtAuthz<C> {
    /// Returns the service that answers as `check` does.
    pub fn new(check: C) -> Self {
        Self { check }
    }
}

impl<C, B> tower_service::Service<http::Request<B>> for ExtAuthz<C>
where
    C: Check,
    B: Body<Data = Bytes> + Send + 'static,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>> + Send,
{
    type Response = http::Response<ReplyBody>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Infallible>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: http::Request<B>) -> Self::Future {
        let check = self.check.clone();
        Box::pin(async move {
            if request.uri().path() != CHECK {
                return Ok(Status::new(Code::Unimplemented, "only Authorization/Check is here").into_http());
            }
            let codec = ProstCodec::<CheckResponse, CheckRequest>::default();
            let mut grpc = Grpc::new(codec).max_decoding_message_size(LARGEST_QUESTION);
            Ok(grpc.unary(CheckMethod { check }, request).await)
        })
    }
}

struct CheckMethod<C> {
    check: C,
}

impl<C: Check> UnaryService<CheckRequest> for CheckMethod<C> {
    type Response = CheckResponse;
    type Future = Pin<Box<dyn Future<Output = Result<tonic::Response<CheckResponse>, Status>> + Send>>;

    fn call(&mut self, request: tonic::Request<CheckRequest>) -> Self::Future {
        let check = self.check.clone();
        Box::pin(async move {
            // Envoy takes an error for a refusal, unless its operator has said `failure_mode_allow`.
            let asked = Asked::read(request.into_inner()).map_err(Status::invalid_argument)?;
            let answered = check.check(&asked.question()).await;
            Ok(tonic::Response::new(match answered {
                Ok(passed) => answer::passed(&passed.headers()),
                Err(refused) => answer::refused(&refused.response()),
            }))
        })
    }
}
