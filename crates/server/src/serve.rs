//! The service on a socket.

use std::{future::Future, io};

use axum::body::Body;
use handstamp_listen::{Limits, Listener};
use hyper::{body::Incoming, service::service_fn};
use tokio::net::TcpListener;
use tower::ServiceExt as _;

use crate::{AppState, config::ServerConfig, router, tasks};

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
    let service =
        service_fn(move |request: hyper::Request<Incoming>| router.clone().oneshot(request.map(Body::new)));
    let stop = async {
        shutdown.await;
        // Streams and tasks hear of it.
        app.stop();
    };
    let limits = limits(&app.config().server);
    handstamp_listen::serve(vec![Listener::plain(listener)], limits, service, stop).await?;
    while tasks.join_next().await.is_some() {}
    Ok(())
}

fn limits(server: &ServerConfig) -> Limits {
    Limits {
        max_connections: server.max_connections,
        write_timeout: server.write_timeout,
        shutdown_timeout: server.shutdown_timeout,
        ..Limits::default()
    }
}
