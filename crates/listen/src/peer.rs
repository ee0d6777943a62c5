use std::net::SocketAddr;

use http::Request;
use hyper::service::Service;

/// The other end of the connection. [`serve`](crate::serve) puts it into the extensions of each request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Peer {
    /// Where the connection comes from: the client, or a proxy.
    pub address: SocketAddr,
    /// Whether the connection is a TLS one of ours.
    pub tls: bool,
}

/// A service that is told who is asking.
#[derive(Debug, Clone)]
pub(crate) struct Introduced<S> {
    pub(crate) service: S,
    pub(crate) peer: Peer,
}

impl<S: Service<Request<B>>, B> Service<Request<B>> for Introduced<S> {
    type Response = S::Response;
    type Error = S::Error;
    type Future = S::Future;

    fn call(&self, mut request: Request<B>) -> Self::Future {
        request.extensions_mut().insert(self.peer);
        self.service.call(request)
    }
}
