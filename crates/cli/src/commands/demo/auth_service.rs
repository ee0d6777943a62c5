use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use handstamp_core::Context;
use handstamp_core::root_key::RootKey;
use handstamp_server::config::{Config, PublicUrl};
use handstamp_server::{AppState, Parts, StartError};
use tokio::net::TcpListener;
use tokio::sync::{Notify, watch};

use crate::edge::clock::SystemClock;
use crate::edge::listen;
use crate::failure::Failure;

/// How long the auth service stays away when it is sent. Long enough to be noticed, and half of what the services bear
/// with before they get suspicious of old tokens.
pub(super) const AWAY: Duration = Duration::from_secs(10);

/// The auth service, which can leave for a while and come back, as in a restart.
pub(super) struct AuthService {
    context: Arc<Context>,
    config: Config,
    public_url: PublicUrl,
    root_key: RootKey,
    handle: Handle,
}

/// What the rest of the demo has in hand of the auth service.
#[derive(Clone, Default)]
pub(super) struct Handle {
    /// Nothing while it is away.
    state: Arc<watch::Sender<Option<AppState>>>,
    leave: Arc<Notify>,
}

impl Handle {
    /// Sends the auth service away for [`AWAY`]: nobody listens at its address. Once it is on its way, nothing more happens.
    pub(super) fn send_away(&self) {
        if self.state.send_replace(None).is_some() {
            self.leave.notify_one();
        }
    }

    /// Publishes what the revocation log has got to say, as the auth service's own routes do before they answer. While it
    /// is away, that waits for its return.
    pub(super) async fn publish(&self) {
        let state = self.state.borrow().clone();
        if let Some(state) = state {
            state.follow_revocations().await;
        }
    }
}

impl AuthService {
    pub(super) fn new(
        context: Arc<Context>,
        config: Config,
        public_url: PublicUrl,
        root_key: RootKey,
    ) -> Self {
        Self { context, config, public_url, root_key, handle: Handle::default() }
    }

    /// Returns what the rest of the demo may do with it.
    pub(super) fn handle(&self) -> Handle {
        self.handle.clone()
    }

    /// Returns the service, ready to listen.
    pub(super) fn state(&self) -> Result<AppState, Failure> {
        self.assemble().map_err(|cause| Failure::because("the auth service cannot start", &cause))
    }

    fn assemble(&self) -> Result<AppState, StartError> {
        AppState::new(Parts {
            context: Arc::clone(&self.context),
            config: self.config.clone(),
            public_url: self.public_url.clone(),
            clock: Arc::new(SystemClock),
            root_key: self.root_key.clone(),
            shared: handstamp_server::Shared::default(),
        })
    }

    /// Serves until the demo stops, with a pause whenever it is sent away.
    pub(super) async fn serve(
        self,
        mut listener: TcpListener,
        mut state: AppState,
        mut stopping: watch::Receiver<bool>,
    ) -> Result<(), Failure> {
        let address = listen::address(&listener)?;
        loop {
            self.handle.state.send_replace(Some(state.clone()));
            let leave = async {
                tokio::select! {
                    () = self.handle.leave.notified() => {}
                    // Without its sender the system is gone, which is reason enough to stop.
                    _ = stopping.wait_for(|stop| *stop) => {}
                }
            };
            let served = handstamp_server::serve(listener, state, leave).await;
            served.map_err(|cause| Failure::because("the auth service stopped", &cause))?;
            tokio::select! {
                () = tokio::time::sleep(AWAY) => {}
                _ = stopping.wait_for(|stop| *stop) => return Ok(()),
            }
            listener = listen_again(address).await?;
            state = self.state()?;
        }
    }
}

async fn listen_again(address: SocketAddr) -> Result<TcpListener, Failure> {
    listen::bind(address, "--port").await.map_err(|failure| {
        Failure::new(format!("the auth service cannot come back, start the demo again: {failure}"))
    })
}
