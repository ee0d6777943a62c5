use std::{error::Error, future::Future, io, pin::pin, time::Duration};

use http::{Request, Response};
use hyper::{
    body::{Body, Incoming},
    service::Service,
};
use tokio::{sync::watch, time::timeout};

use crate::{
    Limits, Listener,
    connection::{Connection, Stage},
    listener::Listeners,
    places::Places,
};

/// How long to wait after the system refused a connection, usually for want of file descriptors.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

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
    let mut listeners = Listeners::new(listeners);
    let mut places = Places::new(limits.max_connections);
    let stage = watch::Sender::new(Stage::Open);
    let mut shutdown = pin!(shutdown);
    loop {
        let place = tokio::select! {
            place = places.take() => place?,
            () = &mut shutdown => break,
        };
        tokio::select! {
            accepted = listeners.accept() => match accepted {
                Ok((stream, address, speaks)) => {
                    let stage = stage.subscribe();
                    let connection = Connection { stream, address, speaks, place, limits, stage };
                    tokio::spawn(connection.answer(service.clone()));
                }
                Err(error) => {
                    tracing::warn!(%error, "a connection could not be accepted");
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                }
            },
            () = &mut shutdown => break,
        }
    }
    // New connections are refused from here on.
    drop(listeners);
    stage.send_replace(Stage::Draining);
    if timeout(limits.shutdown_timeout, places.all()).await.is_err() {
        tracing::warn!("connections were cut that did not end in time");
        stage.send_replace(Stage::Cut);
    }
    Ok(())
}
