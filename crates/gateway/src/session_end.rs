//! When a reply that is still under way has to end, because the session behind it has.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use handstamp_token::UnixTime;
use handstamp_verify::revocation::{Ended, SilencePolicy};
use handstamp_verify::{Clock, Principal, Verifier};
use tokio::time::sleep;

use crate::stop::Stop;

/// A reply that is done by then needs no watching.
const LONG: Duration = Duration::from_secs(1);

/// Looks again at a token whose claims are merely out of date.
const LOOK_AGAIN: Duration = Duration::from_secs(1);

/// Ready when a reply has to end.
pub(crate) struct SessionEnd(Pin<Box<dyn Future<Output = ()> + Send>>);

impl SessionEnd {
    /// The end of a stream: an event stream or WebSocket lives as long as its token passes. Its client comes back with a fresh one.
    pub(crate) fn of_stream(verifier: &Verifier, caller: &Principal) -> Self {
        let mut watch = verifier.watch(caller);
        Self(Box::pin(async move {
            let ended = watch.ended().await;
            tracing::debug!(?ended, "a stream ended with its session");
        }))
    }

    /// The same, or the end of the gateway, whichever comes first: a stream would keep it for ever.
    pub(crate) fn or_stop(this: Option<Self>, mut stop: Stop) -> Self {
        Self(Box::pin(async move {
            tokio::select! {
                () = Self::wait(this) => {}
                () = stop.stopped() => {}
            }
        }))
    }

    /// The end of one reply, such as a long download: nothing but the end of the session cuts it off. Whoever was allowed to begin it
    /// may finish although the token expires meanwhile, or its roles change.
    pub(crate) fn of_reply(verifier: &Verifier, caller: &Principal, clock: &Arc<dyn Clock>) -> Self {
        let (verifier, caller, clock) = (verifier.clone(), caller.clone(), Arc::clone(clock));
        Self(Box::pin(async move {
            sleep(LONG).await;
            let never = UnixTime::from_secs(i64::MAX);
            let policy = SilencePolicy::serve_stale();
            let mut watch = verifier.revocations().watch(&caller.token_identity(), never, policy, clock);
            while watch.ended().await != Ended::Revoked {
                sleep(LOOK_AGAIN).await;
            }
            tracing::debug!("a reply was cut off: its session has ended");
        }))
    }

    pub(crate) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        self.0.as_mut().poll(cx)
    }

    /// Waits for the end of a session, if there is one.
    pub(crate) async fn wait(this: Option<Self>) {
        match this {
            Some(this) => this.0.await,
            None => std::future::pending().await,
        }
    }
}

impl fmt::Debug for SessionEnd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SessionEnd")
    }
}
