use std::{convert::Infallible, error::Error, io, sync::Arc, time::Duration};

use http::{Request, Response};
use hyper::{
    body::{Body, Incoming},
    service::Service,
};
use tokio::sync::watch;

use crate::{
    Limits, Listener,
    connection::{Connection, Stage},
    listener::Listeners,
    places::Places,
};

/// How long to wait after the system refused a connection, usually for want of file descriptors.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Listeners that share their places.
pub(crate) struct Door {
    listeners: Listeners,
    pub(crate) places: Places,
    limits: Arc<Limits>,
}

impl Door {
    pub(crate) fn new(listeners: Vec<Listener>, limits: Limits) -> Self {
        let places = Places::new(limits.max_connections, limits.per_address.clone());
        Self { listeners: Listeners::new(listeners), places, limits: Arc::new(limits) }
    }

    /// Lets people in, one after the other, for ever.
    pub(crate) async fn stand_open<S, B>(
        &mut self,
        service: &S,
        stage: &watch::Sender<Stage>,
    ) -> io::Result<Infallible>
    where
        S: Service<Request<Incoming>, Response = Response<B>, Future: Send + 'static>
            + Clone
            + Send
            + 'static,
        S::Error: Into<Box<dyn Error + Send + Sync>>,
        B: Body<Data: Send, Error: Into<Box<dyn Error + Send + Sync>>> + Send + 'static,
    {
        loop {
            let free = self.places.free().await?;
            match self.listeners.accept().await {
                Ok((stream, address, speaks)) => {
                    // Whoever is sent away finds the connection closed: an answer would need time and a place, which are what is short.
                    let Some(place) = self.places.give(free, address) else { continue };
                    let (limits, stage) = (Arc::clone(&self.limits), stage.subscribe());
                    let connection = Connection { stream, address, speaks, place, limits, stage };
                    tokio::spawn(connection.answer(service.clone()));
                }
                Err(error) => {
                    tracing::warn!(%error, "a connection could not be accepted");
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                }
            }
        }
    }

    /// Refuses new connections from here on.
    pub(crate) fn close(self) -> Places {
        self.places
    }
}
