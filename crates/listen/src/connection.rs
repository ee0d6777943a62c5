use std::{
    error::Error,
    future::Future,
    io,
    net::SocketAddr,
    pin::{Pin, pin},
    sync::Arc,
    time::Duration,
};

use http::{Request, Response};
use hyper::{
    body::{Body, Incoming},
    server::conn::{http1, http2},
    service::Service,
};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use socket2::{SockRef, TcpKeepalive};
use tokio::{
    net::TcpStream,
    sync::watch,
    time::{sleep, timeout},
};

use crate::{
    Limits, Peer,
    activity::{Activity, Overdue},
    exchange::Exchanges,
    listener::Speaks,
    places::Place,
    progress::Progress,
    stream::Stream,
    version::Version,
};

/// A client that has vanished, such as a phone without its network, is noticed although nobody has anything to say: else a silent event
/// stream or WebSocket of such a one would keep its place for ever.
const PROBE_AFTER: Duration = Duration::from_mins(1);
const PROBE_EVERY: Duration = Duration::from_secs(10);
/// How often a silent HTTP/2 client is asked whether it is still there.
const PING_EVERY: Duration = Duration::from_secs(20);
/// How long an idle client has to hear that its connection ends.
const GOODBYE: Duration = Duration::from_secs(1);

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
    pub(crate) speaks: Speaks,
    pub(crate) place: Place,
    pub(crate) limits: Arc<Limits>,
    pub(crate) stage: watch::Receiver<Stage>,
}

impl Connection {
    /// Answers its requests until one side ends it.
    pub(crate) async fn answer<S, B>(self, service: S)
    where
        S: Service<Request<Incoming>, Response = Response<B>, Future: Send + 'static> + Send,
        S::Error: Into<Box<dyn Error + Send + Sync>>,
        B: Body<Data: Send, Error: Into<Box<dyn Error + Send + Sync>>> + Send + 'static,
    {
        if let Err(error) = prepare(&self.stream) {
            tracing::debug!(%error, "a connection could not be set up as it should be");
        }
        let Self { stream, address, speaks, place, limits, mut stage } = self;
        let activity = Activity::new(place);
        let peer = Peer { address, tls: matches!(speaks, Speaks::Tls(_)) };
        let redirect = if let Speaks::Redirect(redirect) = &speaks { Some(redirect.clone()) } else { None };
        let agreed = tokio::select! {
            agreed = timeout(limits.handshake_timeout, agree(stream, speaks, &limits, &activity)) => agreed,
            () = reached(&mut stage, Stage::Draining) => return,
        };
        let (stream, version) = match agreed {
            Ok(Ok(agreed)) => agreed,
            Ok(Err(error)) => return tracing::debug!(%error, "a client did not agree on how to speak"),
            Err(_) => return tracing::debug!("a client took too long to agree on how to speak"),
        };
        let exchanges = Exchanges { service, peer, activity: Arc::clone(&activity), version, redirect };
        let overdue = activity.overdue(version, &limits);
        let stream = TokioIo::new(stream);
        match version {
            Version::Http1 => {
                // Slow headers are the business of `overdue`: one timer for a connection, not one for each request.
                let connection = http1::Builder::new()
                    .max_buf_size(usize::try_from(limits.max_header).unwrap_or(usize::MAX))
                    .serve_connection(stream, exchanges)
                    .with_upgrades();
                drive(connection, http1::UpgradeableConnection::graceful_shutdown, overdue, stage).await;
            }
            Version::Http2 => {
                let connection = http2::Builder::new(TokioExecutor::new())
                    .timer(TokioTimer::new())
                    .max_header_list_size(limits.max_header)
                    .keep_alive_interval(PING_EVERY)
                    .keep_alive_timeout(limits.write_timeout)
                    .serve_connection(stream, exchanges);
                drive(connection, http2::Connection::graceful_shutdown, overdue, stage).await;
            }
        }
    }
}

fn prepare(stream: &TcpStream) -> io::Result<()> {
    // Replies are small and latency is what people feel.
    stream.set_nodelay(true)?;
    let probes = TcpKeepalive::new().with_time(PROBE_AFTER).with_interval(PROBE_EVERY);
    SockRef::from(stream).set_tcp_keepalive(&probes)
}

/// Agrees on how to speak. An upgraded connection leaves hyper, and takes its place along in `activity`.
async fn agree(
    stream: TcpStream,
    speaks: Speaks,
    limits: &Limits,
    activity: &Arc<Activity>,
) -> io::Result<(Stream, Version)> {
    let version = match speaks {
        Speaks::ByPreface => Version::by_preface(&stream).await?,
        Speaks::Http1 | Speaks::Redirect(_) | Speaks::Tls(_) => Version::Http1,
    };
    let stream = Progress::new(stream, limits.write_timeout, Arc::clone(activity));
    let Speaks::Tls(tls) = speaks else { return Ok((Stream::Plain(stream), version)) };
    let (stream, version) = tls.accept(stream).await?;
    Ok((Stream::Tls(stream), version))
}

/// Runs a connection to its end, or to ours.
async fn drive<C: Future<Output = hyper::Result<()>>>(
    connection: C,
    drain: impl FnOnce(Pin<&mut C>),
    overdue: impl Future<Output = Overdue>,
    mut stage: watch::Receiver<Stage>,
) {
    let mut connection = pin!(connection);
    let patience = tokio::select! {
        biased;
        ended = connection.as_mut() => return tell(ended),
        why = overdue => match why {
            // Whoever may ask again is told that it is over, and not only hung up on.
            Overdue::Idle => GOODBYE,
            Overdue::Header | Overdue::Reading => return tracing::debug!(?why, "a connection was given up"),
        },
        () = reached(&mut stage, Stage::Draining) => Duration::MAX,
    };
    drain(connection.as_mut());
    tokio::select! {
        biased;
        ended = connection => tell(ended),
        () = sleep(patience) => {}
        () = reached(&mut stage, Stage::Cut) => {}
    }
}

fn tell(ended: hyper::Result<()>) {
    if let Err(error) = ended {
        tracing::debug!(%error, "a connection ended early");
    }
}

/// Waits until the end has come so far. When nobody can say so any more, it has.
async fn reached(stage: &mut watch::Receiver<Stage>, wanted: Stage) {
    let _ = stage.wait_for(|stage| *stage >= wanted).await;
}

#[cfg(test)]
mod tests {
    use socket2::SockRef;
    use tokio::net::{TcpListener, TcpStream};

    use super::prepare;

    #[tokio::test]
    async fn a_client_that_says_nothing_is_asked_whether_it_is_there() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let (_client, accepted) =
            tokio::join!(TcpStream::connect(listener.local_addr().unwrap()), listener.accept());
        let (stream, _) = accepted.unwrap();

        prepare(&stream).unwrap();

        let socket = SockRef::from(&stream);
        assert!(socket.keepalive().unwrap() && socket.tcp_nodelay().unwrap());
    }
}
