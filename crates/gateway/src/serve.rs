use std::convert::Infallible;
use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use handstamp_listen::{Limits, Listener, PerAddress};
use http::{Request, Response};
use hyper::body::Incoming;
use hyper::service::Service;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinSet;

use crate::admin::Admin;
use crate::body::ReplyBody;
use crate::gateway::Gateway;
use crate::target;

/// Whoever asks how the gateway is doing needs few connections, and little time.
const ADMIN_LIMITS: Limits = Limits {
    max_connections: 64,
    per_address: PerAddress::UNBOUNDED,
    handshake_timeout: Duration::from_secs(5),
    header_timeout: Duration::from_secs(10),
    idle_timeout: Duration::from_mins(2),
    max_header: 16 * 1024,
    write_timeout: Duration::from_secs(10),
    shutdown_timeout: Duration::from_secs(1),
};

/// Serves until `shutdown` is ready, then lets running requests end. Streams and WebSockets end at once, their clients come back.
///
/// What happens at `admin` is not for the world: health and figures. It is there until the last request is done.
pub async fn serve(
    listeners: Vec<Listener>,
    admin: TcpListener,
    limits: Limits,
    gateway: Arc<Gateway>,
    shutdown: impl Future<Output = ()>,
) -> io::Result<()> {
    let mut probes = JoinSet::new();
    for probe in &gateway.probes {
        for at in 0..probe.targets.len() {
            probes.spawn(target::watch(probe.clone(), at, gateway.client.clone()));
        }
    }
    let (done, is_done) = oneshot::channel::<()>();
    let until_done = async {
        // Dropped or said, it is over.
        let _ = is_done.await;
    };
    let asked = handstamp_listen::serve(
        vec![Listener::plain(admin)],
        ADMIN_LIMITS,
        Admin::new(Arc::clone(&gateway)),
        until_done,
    );
    let served = async {
        let stop = async {
            shutdown.await;
            gateway.stopper.stop();
        };
        let served = handstamp_listen::serve(listeners, limits, Front(Arc::clone(&gateway)), stop).await;
        drop(done);
        served
    };
    tokio::try_join!(served, asked).map(|_| ())
}

/// What the world reaches.
#[derive(Clone)]
struct Front(Arc<Gateway>);

impl Service<Request<Incoming>> for Front {
    type Response = Response<ReplyBody>;
    type Error = Infallible;
    // On the heap: a connection that asks for nothing holds no place for what a request would need.
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Infallible>> + Send>>;

    fn call(&self, request: Request<Incoming>) -> Self::Future {
        let gateway = Arc::clone(&self.0);
        Box::pin(async move { Ok(gateway.answer(request).await) })
    }
}
