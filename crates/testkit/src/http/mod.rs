//! A test issuer that listens, for services in other processes and other languages.
//!
//! It speaks what the auth service speaks to services: metadata, keys, the revocation feed, a status list, and who a token is about.
//! Below `/dev/` a test makes tokens, takes them back and moves the clock; `docs/guide/testing.md` has the list.
//!
//! Whoever reaches it makes any token, so it listens within this machine alone, and refuses what pages in a browser send.

mod browser;
mod control;
mod count;
mod documents;
mod feed;
mod state;
mod whoami;

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::ops::Deref;
use std::time::Duration;

use axum::Router;
use axum::middleware;
use axum::routing::{get, post};
use handstamp_api_types::revocation::HEARTBEAT_SECONDS;
use handstamp_verify::{VerifyLayer, access};
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

pub(crate) use documents::status_list_uri;
pub(crate) use state::State;

use crate::issuer::{TestIssuer, TestIssuerBuilder};

/// A [`TestIssuer`] that listens. It stops listening when this is dropped.
#[derive(Debug)]
pub struct ServedIssuer {
    issuer: TestIssuer,
    address: SocketAddr,
    stop: Option<oneshot::Sender<()>>,
    heart: JoinHandle<()>,
}

impl TestIssuerBuilder {
    /// Starts the issuer with a listener on a free port of this machine, whose address is the issuer's name. Its clock goes with
    /// the machine's, for other processes have no other.
    ///
    /// Inside a tokio runtime.
    pub async fn serve(self) -> io::Result<ServedIssuer> {
        self.serve_on(TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?)
    }

    /// Does the same with a listener that is there already.
    ///
    /// # Errors
    ///
    /// An address that other machines reach is refused: whoever reaches it makes any token.
    pub fn serve_on(self, listener: TcpListener) -> io::Result<ServedIssuer> {
        let address = listener.local_addr()?;
        if !address.ip().is_loopback() {
            return Err(io::Error::new(
                io::ErrorKind::InvalidInput,
                format!(
                    "{address} can be reached from other machines, and a test issuer makes any token for anybody"
                ),
            ));
        }
        let issuer = self.url(format!("http://{address}")).start_running();
        issuer.inner().http.serve();
        let (stop, stopped) = oneshot::channel::<()>();
        let app = router(&issuer);
        tokio::spawn(async move {
            let serving = axum::serve(listener, app).with_graceful_shutdown(async move {
                // An error means that the other side was dropped, which is the usual way to say it.
                let _ = stopped.await;
            });
            if let Err(problem) = serving.await {
                // Nobody is left to tell: the tests see that nobody answers.
                drop(problem);
            }
        });
        let heart = tokio::spawn(beat(issuer.clone()));
        Ok(ServedIssuer { issuer, address, stop: Some(stop), heart })
    }
}

impl ServedIssuer {
    /// Returns the address it listens on.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Returns how often a path was asked for: `/.well-known/jwks.json`.
    pub fn requests(&self, path: &str) -> u64 {
        self.issuer.inner().http.requests().get(path).copied().unwrap_or_default()
    }
}

impl Deref for ServedIssuer {
    type Target = TestIssuer;

    fn deref(&self) -> &TestIssuer {
        &self.issuer
    }
}

impl Drop for ServedIssuer {
    fn drop(&mut self) {
        self.heart.abort();
        // A stream has no end of its own, and would keep its connection open.
        self.issuer.inner().http.close_streams();
        if let Some(stop) = self.stop.take() {
            let _ = stop.send(());
        }
    }
}

fn router(issuer: &TestIssuer) -> Router {
    let people = VerifyLayer::guarding(issuer.verifier(), access::signed_in());
    Router::new()
        .route("/", get(documents::front_page))
        .route("/.well-known/oauth-authorization-server", get(documents::metadata))
        .route("/.well-known/openid-configuration", get(documents::metadata))
        .route("/.well-known/jwks.json", get(documents::jwks))
        .route("/status-lists", get(documents::status_lists))
        .route("/status-lists/1", get(documents::status_list))
        .route("/revocations", get(feed::stream))
        .route("/revocations/snapshot", get(feed::snapshot))
        .route("/revocations/jwks.json", get(feed::jwks))
        .route("/revocations/report", post(feed::report))
        .route("/auth/whoami", get(whoami::whoami).layer(people))
        .route("/dev/tokens", post(control::mint))
        .route("/dev/invalid-tokens", get(control::invalid_tokens).post(control::invalid_tokens_like))
        .route("/dev/recipe", get(documents::recipe))
        .route("/dev/revocations", post(control::revoke))
        .route("/dev/clock", get(control::clock).post(control::move_clock))
        .route("/dev/keys/rotate", post(control::rotate_key))
        .route("/dev/keys/private", get(control::private_key))
        .route("/dev/requests", get(control::requests))
        .fallback(control::not_found)
        .method_not_allowed_fallback(control::not_that_way)
        .layer(middleware::from_fn_with_state(issuer.clone(), count::count))
        .layer(middleware::from_fn(browser::keep_out))
        .with_state(issuer.clone())
}

/// Says that nothing else has happened, for as long as the issuer is served.
async fn beat(issuer: TestIssuer) {
    let mut interval = tokio::time::interval(Duration::from_secs(HEARTBEAT_SECONDS));
    loop {
        interval.tick().await;
        issuer.beat();
        issuer.inner().http.heartbeat(&issuer);
    }
}
