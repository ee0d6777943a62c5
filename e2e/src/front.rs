//! A proxy before several replicas that knows nothing about sessions: whoever's turn it is gets the next request.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::Bytes;
use http::{HeaderMap, Method, Request, Response, StatusCode};
use http_body_util::{BodyExt as _, Either, Empty, Full};
use hyper::body::Incoming;
use hyper::client::conn::http1 as client;
use hyper::server::conn::http1 as server;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use hyper_util::server::graceful::GracefulShutdown;
use tokio::net::{TcpListener, TcpStream};

use crate::figures;

type Body = Either<Incoming, Full<Bytes>>;

/// Round robin without sticky sessions, as it would hide what replicas do not share.
#[derive(Debug, Clone)]
pub struct Front {
    replicas: Arc<[SocketAddr]>,
    turn: Arc<AtomicUsize>,
}

impl Front {
    /// Returns a front before these replicas, which may come and go.
    pub fn before(replicas: &[SocketAddr]) -> Self {
        Self { replicas: replicas.into(), turn: Arc::default() }
    }

    /// Passes every HTTP request to the next replica, whichever connection it comes by. When `closed` is ready it takes no more, and
    /// returns after the last reply.
    pub async fn pass_requests(self, listener: TcpListener, closed: impl Future<Output = ()>) {
        let open = GracefulShutdown::new();
        let mut closed = std::pin::pin!(closed);
        loop {
            let accepted = tokio::select! {
                accepted = listener.accept() => accepted,
                () = &mut closed => break,
            };
            // Out of file descriptors, or the client has thought better of it.
            let Ok((stream, _)) = accepted else { continue };
            let front = self.clone();
            let service = service_fn(move |request| {
                let front = front.clone();
                async move { Ok::<_, Infallible>(front.pass(request).await) }
            });
            let connection = server::Builder::new().serve_connection(TokioIo::new(stream), service);
            // What is left of a broken connection nobody can be told.
            tokio::spawn(open.watch(connection));
        }
        drop(listener);
        open.shutdown().await;
    }

    /// Passes every connection to the next replica, whatever is spoken on it.
    pub async fn pass_connections(self, listener: TcpListener) {
        loop {
            let Ok((mut stream, _)) = listener.accept().await else { continue };
            let front = self.clone();
            tokio::spawn(async move {
                if let Some(mut replica) = front.connect().await {
                    let _ = tokio::io::copy_bidirectional(&mut stream, &mut replica).await;
                }
            });
        }
    }

    async fn pass(&self, request: Request<Incoming>) -> Response<Body> {
        // Each replica counts for itself; whoever asks here wants to know of all.
        if request.method() == Method::GET && request.uri().path() == "/metrics" {
            return self.figures(request.headers()).await;
        }
        let Some(replica) = self.connect().await else { return bad_gateway("no replica is there") };
        // Who knows what became of it: a proxy says so and does not send it twice.
        send(replica, request)
            .await
            .map_or_else(|cause| bad_gateway(&cause.to_string()), |reply| reply.map(Either::Left))
    }

    async fn figures(&self, headers: &HeaderMap) -> Response<Body> {
        let mut told = Vec::new();
        for replica in self.replicas.iter() {
            let mut request = Request::get("/metrics").body(Empty::<Bytes>::new()).expect("a request");
            request.headers_mut().clone_from(headers);
            let Ok(stream) = TcpStream::connect(replica).await else { continue };
            match send(stream, request).await {
                Ok(reply) if reply.status().is_success() => {
                    let Ok(text) = reply.into_body().collect().await else { continue };
                    told.push(String::from_utf8_lossy(&text.to_bytes()).into_owned());
                }
                Ok(refused) => return refused.map(Either::Left),
                Err(_) => {}
            }
        }
        Response::new(Either::Right(Full::from(figures::sum(&told))))
    }

    /// Connects to the replica whose turn it is. One that is not there is passed over: nothing was sent yet.
    async fn connect(&self) -> Option<TcpStream> {
        let turn = self.turn.fetch_add(1, Ordering::Relaxed);
        for offset in 0..self.replicas.len() {
            let replica = self.replicas[(turn + offset) % self.replicas.len()];
            if let Ok(stream) = TcpStream::connect(replica).await {
                let _ = stream.set_nodelay(true);
                return Some(stream);
            }
        }
        None
    }
}

async fn send<B>(replica: TcpStream, request: Request<B>) -> hyper::Result<Response<Incoming>>
where
    B: hyper::body::Body<Data: Send, Error: Into<Box<dyn std::error::Error + Send + Sync>>> + Send + 'static,
{
    let (mut sender, connection) = client::handshake(TokioIo::new(replica)).await?;
    tokio::spawn(connection);
    sender.send_request(request).await
}

fn bad_gateway(why: &str) -> Response<Body> {
    let mut reply = Response::new(Either::Right(Full::from(format!("bad gateway: {why}\n"))));
    *reply.status_mut() = StatusCode::BAD_GATEWAY;
    reply
}
