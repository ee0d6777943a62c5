//! The service on a socket.

use std::{future::Future, io, pin::Pin};

use axum::body::Body;
use handstamp_listen::{Limits, Listener, PerAddress, Tls};
use handstamp_settings::stands_for_many;
use hyper::{body::Incoming, service::service_fn};
use tokio::{net::TcpListener, time::timeout};
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
/// Connections that are still open after `server.shutdown_timeout` are cut, and so are tasks that take as long once more.
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
    let ended = async { while tasks.join_next().await.is_some() {} };
    if timeout(app.config().server.shutdown_timeout, ended).await.is_err() {
        tracing::warn!("tasks were cut that did not end in time");
    }
    Ok(())
}

fn limits(server: &ServerConfig) -> Limits {
    Limits {
        max_connections: server.max_connections,
        per_address: PerAddress::at_most(server.max_connections_per_address)
            .except(stands_for_many(&server.trusted_proxies)),
        write_timeout: server.write_timeout,
        shutdown_timeout: server.shutdown_timeout,
        ..Limits::default()
    }
}

#[cfg(test)]
mod tests {
    use handstamp_listen::Counts;

    use super::limits;
    use crate::config::ServerConfig;

    #[test]
    fn one_address_holds_so_many_connections_and_those_who_stand_for_many_hold_all() {
        let server = ServerConfig {
            max_connections_per_address: 2,
            trusted_proxies: vec!["10.0.0.0/8".parse().unwrap()],
            ..ServerConfig::default()
        };
        let open = Counts::new(limits(&server).per_address);
        let holds = |address: &str| {
            let all: Vec<_> = (0..5).map_while(|_| open.add(address.parse().unwrap())).collect();
            all.len()
        };

        assert_eq!((holds("192.0.2.1"), holds("::ffff:192.0.2.1"), holds("2001:db8::1")), (2, 2, 2));
        assert_eq!((holds("10.1.2.3"), holds("::ffff:10.1.2.3")), (5, 5), "a trusted proxy");
        assert_eq!((holds("127.0.0.1"), holds("::1")), (5, 5), "this machine");
    }
}
