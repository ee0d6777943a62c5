//! The service on a socket.

use std::{future::Future, io, net::IpAddr, pin::Pin};

use axum::body::Body;
use handstamp_listen::{Limits, Listener, PerAddress, Tls};
use hyper::{body::Incoming, service::service_fn};
use tokio::net::TcpListener;
use tower::ServiceExt as _;

use crate::{
    AppState,
    config::{PublicUrl, ServerConfig},
    router, tasks,
};

/// The sockets that a service listens at, and how it is spoken to there.
#[derive(Debug)]
pub struct Sockets {
    /// Where the service answers.
    pub main: TcpListener,
    /// What it shows there to speak TLS.
    pub tls: Option<Tls>,
    /// Where people who come by plain http are sent to the public URL.
    pub redirect: Option<TcpListener>,
}

impl From<TcpListener> for Sockets {
    /// One socket, unencrypted: on loopback, or behind a proxy.
    fn from(main: TcpListener) -> Self {
        Self { main, tls: None, redirect: None }
    }
}

impl Sockets {
    fn listeners(self, public_url: &PublicUrl) -> Vec<Listener> {
        let main = match &self.tls {
            Some(tls) => Listener::tls(self.main, tls),
            None => Listener::plain(self.main),
        };
        let redirect = self.redirect.map(|redirect| Listener::redirect(redirect, public_url.as_str()));
        std::iter::once(main).chain(redirect).collect()
    }
}

/// Serves until `shutdown` is ready, then lets running requests end.
///
/// Connections that are still open after `server.shutdown_timeout` are cut.
pub async fn serve(
    sockets: impl Into<Sockets>,
    app: AppState,
    shutdown: impl Future<Output = ()> + Send,
) -> io::Result<()> {
    // All that stands on a socket is compiled in this crate, and not once more in each that serves.
    run(sockets.into(), app, Box::pin(shutdown)).await
}

async fn run(
    sockets: Sockets,
    app: AppState,
    shutdown: Pin<Box<dyn Future<Output = ()> + Send + '_>>,
) -> io::Result<()> {
    let router = router(&app);
    app.follow_revocations().await;
    // A database that is away is told of by whoever needs it first.
    let _ = app.compare_clocks().await;
    let mut tasks = tasks::start(&app);
    let service =
        service_fn(move |request: hyper::Request<Incoming>| router.clone().oneshot(request.map(Body::new)));
    let stop = async {
        shutdown.await;
        // Streams and tasks hear of it.
        app.stop();
    };
    let limits = limits(&app.config().server);
    let listeners = sockets.listeners(app.public_url());
    handstamp_listen::serve(listeners, limits, service, stop).await?;
    while tasks.join_next().await.is_some() {}
    Ok(())
}

fn limits(server: &ServerConfig) -> Limits {
    // Behind a proxy are many people, and so they are behind whatever hands connections on from this machine.
    let trusted = server.trusted_proxies.clone();
    let is_exempt = move |ip: IpAddr| ip.is_loopback() || trusted.iter().any(|network| network.contains(ip));
    Limits {
        max_connections: server.max_connections,
        per_address: PerAddress::at_most(server.max_connections_per_address).except(is_exempt),
        write_timeout: server.write_timeout,
        shutdown_timeout: server.shutdown_timeout,
        ..Limits::default()
    }
}
