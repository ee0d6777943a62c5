use std::{error::Error, future::Future, net::SocketAddr, pin::Pin, pin::pin, time::Duration};

use http::{Request, Response};
use hyper::{
    body::{Body, Incoming},
    server::conn::{http1, http2},
    service::Service,
};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use tokio::{
    net::TcpStream,
    sync::{OwnedSemaphorePermit, watch},
    time::timeout,
};

use crate::{
    Limits, Peer,
    peer::Introduced,
    progress::Progress,
    version::{Version, Versions},
};

/// How often a silent HTTP/2 client is asked whether it is still there.
const PING_EVERY: Duration = Duration::from_secs(20);

/// How far the end has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd)]
pub(crate) enum Stage {
    /// It has not begun.
    Open,
    /// Running requests may end.
    Draining,
    /// They had their time.
    Cut,
}

/// A connection that was accepted, and the place it takes.
pub(crate) struct Connection {
    pub(crate) stream: TcpStream,
    pub(crate) address: SocketAddr,
    pub(crate) versions: Versions,
    pub(crate) place: OwnedSemaphorePermit,
    pub(crate) limits: Limits,
    pub(crate) stage: watch::Receiver<Stage>,
}

impl Connection {
    /// Answers its requests until one side ends it.
    pub(crate) async fn answer<S, B>(mut self, service: S)
    where
        S: Service<Request<Incoming>, Response = Response<B>, Future: Send + 'static> + Send,
        S::Error: Into<Box<dyn Error + Send + Sync>>,
        B: Body<Data: Send, Error: Into<Box<dyn Error + Send + Sync>>> + Send + 'static,
    {
        // Replies are small and latency is what people feel.
        if let Err(error) = self.stream.set_nodelay(true) {
            tracing::debug!(%error, "TCP_NODELAY could not be set");
        }
        let Some(version) = self.agree().await else { return };
        let Self { stream, address, place, limits, stage, .. } = self;
        let service = Introduced { service, peer: Peer { address, tls: false } };
        // An upgraded connection leaves hyper and takes its place along.
        let stream = TokioIo::new(Progress::new(stream, limits.write_timeout, place));
        match version {
            Version::Http1 => {
                let connection = http1::Builder::new()
                    .timer(TokioTimer::new())
                    .header_read_timeout(limits.header_timeout)
                    .max_buf_size(usize::try_from(limits.max_header).unwrap_or(usize::MAX))
                    .serve_connection(stream, service)
                    .with_upgrades();
                drive(connection, http1::UpgradeableConnection::graceful_shutdown, stage).await;
            }
            Version::Http2 => {
                let connection = http2::Builder::new(TokioExecutor::new())
                    .timer(TokioTimer::new())
                    .max_header_list_size(limits.max_header)
                    .keep_alive_interval(PING_EVERY)
                    .keep_alive_timeout(limits.write_timeout)
                    .serve_connection(stream, service);
                drive(connection, http2::Connection::graceful_shutdown, stage).await;
            }
        }
    }

    /// Agrees on how to speak; `None` when the client takes too long, breaks off, or the server stops.
    async fn agree(&mut self) -> Option<Version> {
        let agreed = tokio::select! {
            agreed = timeout(self.limits.handshake_timeout, self.versions.agree(&self.stream)) => agreed,
            () = reached(&mut self.stage, Stage::Draining) => return None,
        };
        match agreed {
            Ok(Ok(version)) => Some(version),
            Ok(Err(error)) => {
                tracing::debug!(%error, "a connection ended before it was agreed how to speak");
                None
            }
            Err(_) => {
                tracing::debug!("a client took too long to begin");
                None
            }
        }
    }
}

/// Runs a connection to its end, or to ours.
async fn drive<C: Future<Output = hyper::Result<()>>>(
    connection: C,
    drain: impl FnOnce(Pin<&mut C>),
    mut stage: watch::Receiver<Stage>,
) {
    let mut connection = pin!(connection);
    let ended = tokio::select! {
        biased;
        ended = connection.as_mut() => ended,
        () = reached(&mut stage, Stage::Draining) => {
            drain(connection.as_mut());
            tokio::select! {
                biased;
                ended = connection => ended,
                () = reached(&mut stage, Stage::Cut) => return,
            }
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%error, "a connection ended early");
    }
}

/// Waits until the end has come so far. When nobody can say so any more, it has.
async fn reached(stage: &mut watch::Receiver<Stage>, wanted: Stage) {
    let _ = stage.wait_for(|stage| *stage >= wanted).await;
}
