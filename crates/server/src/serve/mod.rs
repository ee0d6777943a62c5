//! The service on a socket.

mod places;
mod progress;

use std::{future::Future, io, time::Duration};

use axum::{Router, body::Body};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    server::graceful::GracefulShutdown,
};
use places::Places;
use progress::Progress;
use tokio::{
    net::{TcpListener, TcpStream},
    sync::OwnedSemaphorePermit,
};
use tower::ServiceExt as _;

use crate::{AppState, Peer, router, tasks};

/// A client that has not sent its header by then is slow on purpose.
const HEADER_TIMEOUT: Duration = Duration::from_secs(10);
/// Cookies of a whole site fit many times over. Larger headers are answered 431.
const LARGEST_HEADER: usize = 64 * 1024;
/// How long to wait after the system refused a connection, usually for want of file descriptors.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Serves until `shutdown` is ready, then lets running requests end.
///
/// Connections that are still open after `server.shutdown_timeout` are cut.
pub async fn serve(
    listener: TcpListener,
    app: AppState,
    shutdown: impl Future<Output = ()>,
) -> io::Result<()> {
    let router = router(&app);
    app.follow_revocations().await;
    let mut tasks = tasks::start(&app);
    let graceful = GracefulShutdown::new();
    let server = &app.config().server;
    let mut places = Places::new(server.max_connections);
    tokio::pin!(shutdown);
    loop {
        let place = tokio::select! {
            place = places.take() => place?,
            () = &mut shutdown => break,
        };
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, peer)) => {
                    let stream = Connected { stream, peer: Peer(peer), place };
                    stream.answer(server.write_timeout, &router, &graceful);
                }
                Err(error) => {
                    tracing::warn!(%error, "a connection could not be accepted");
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                }
            },
            () = &mut shutdown => break,
        }
    }
    // New connections are refused from here on; streams and tasks hear of it.
    drop(listener);
    app.stop();
    let patience = app.config().server.shutdown_timeout;
    if tokio::time::timeout(patience, graceful.shutdown()).await.is_err() {
        tracing::warn!("connections were cut that did not end in time");
    }
    while tasks.join_next().await.is_some() {}
    Ok(())
}

/// A connection, and the place it takes.
struct Connected {
    stream: TcpStream,
    peer: Peer,
    place: OwnedSemaphorePermit,
}

impl Connected {
    /// Answers its requests, beside everything else.
    fn answer(self, write_timeout: Duration, router: &Router, graceful: &GracefulShutdown) {
        let Self { stream, peer, place } = self;
        // Replies are small and latency is what people feel.
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(%error, "TCP_NODELAY could not be set");
        }
        let router = router.clone();
        let service = service_fn(move |request: hyper::Request<Incoming>| {
            let mut request = request.map(Body::new);
            request.extensions_mut().insert(peer);
            router.clone().oneshot(request)
        });
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(HEADER_TIMEOUT)
            .max_buf_size(LARGEST_HEADER)
            .serve_connection(TokioIo::new(Progress::new(stream, write_timeout)), service);
        let connection = graceful.watch(connection);
        tokio::spawn(async move {
            if let Err(error) = connection.await {
                tracing::debug!(%error, "a connection ended early");
            }
            drop(place);
        });
    }
}
