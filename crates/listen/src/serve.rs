use std::{error::Error, future::Future, io};

use http::{Request, Response};
use hyper::{
    body::{Body, Incoming},
    service::Service,
};
use tokio::{sync::watch, time::timeout};

use crate::{Limits, Listener, connection::Stage, door::Door};

/// Redirects have places of their own, so many times fewer: whoever fills them keeps nobody from what is served.
const SERVED_FOR_A_REDIRECT: u32 = 8;

/// Answers everybody who connects until `shutdown` is ready, then lets running requests end.
///
/// Each request has the [`Peer`](crate::Peer) in its extensions, and can be upgraded with [`hyper::upgrade::on`]. An upgraded
/// connection keeps its place until it is dropped; whoever took it over ends it when the server stops.
pub async fn serve<S, B>(
    listeners: Vec<Listener>,
    limits: Limits,
    service: S,
    shutdown: impl Future<Output = ()>,
) -> io::Result<()>
where
    S: Service<Request<Incoming>, Response = Response<B>, Future: Send + 'static> + Clone + Send + 'static,
    S::Error: Into<Box<dyn Error + Send + Sync>>,
    B: Body<Data: Send, Error: Into<Box<dyn Error + Send + Sync>>> + Send + 'static,
{
    let shutdown_timeout = limits.shutdown_timeout;
    let (redirects, served) = listeners.into_iter().partition(Listener::is_redirect);
    let fewer = (limits.max_connections / SERVED_FOR_A_REDIRECT).max(1);
    let mut redirects = Door::new(redirects, Limits { max_connections: fewer, ..limits.clone() });
    let mut served = Door::new(served, limits);
    let stage = watch::Sender::new(Stage::Open);
    tokio::select! {
        Err(error) = served.stand_open(&service, &stage) => return Err(error),
        Err(error) = redirects.stand_open(&service, &stage) => return Err(error),
        () = shutdown => {}
    }
    let (served, redirects) = (served.close(), redirects.close());
    stage.send_replace(Stage::Draining);
    let all = async { tokio::join!(served.all(), redirects.all()) };
    if timeout(shutdown_timeout, all).await.is_err() {
        tracing::warn!("connections were cut that did not end in time");
        stage.send_replace(Stage::Cut);
    }
    Ok(())
}
