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
use tokio::time::{Instant, sleep};

use crate::body::FIRST_LOOK;
use crate::stop::Stop;

/// Looks again at a token whose claims are merely out of date.
const LOOK_AGAIN: Duration = Duration::from_secs(1);

/// Ready when a reply has to end.
pub(crate) enum SessionEnd {
    /// Nobody watches yet: most replies are done long before it would be worth it.
    Unwatched {
        /// Since when it is under way.
        since: Instant,
        verifier: Verifier,
        caller: Principal,
        clock: Arc<dyn Clock>,
    },
    /// Somebody does.
    Watched(Pin<Box<dyn Future<Output = ()> + Send>>),
}

impl SessionEnd {
    /// The end of a stream: an event stream or WebSocket lives as long as its token passes. Its client comes back with a fresh one.
    pub(crate) fn of_stream(verifier: &Verifier, caller: &Principal) -> Self {
        let mut watch = verifier.watch(caller);
        Self::Watched(Box::pin(async move {
            let ended = watch.ended().await;
            tracing::debug!(?ended, "a stream ended with its session");
        }))
    }

    /// The same, or the end of the gateway, whichever comes first: a stream would keep it for ever.
    pub(crate) fn or_stop(this: Option<Self>, mut stop: Stop) -> Self {
        Self::Watched(Box::pin(async move {
            tokio::select! {
                () = Self::wait(this) => {}
                () = stop.stopped() => {}
            }
        }))
    }

    /// The end of one reply, such as a long download: nothing but the end of the session cuts it off. Whoever was allowed to begin it
    /// may finish although the token expires meanwhile, or its roles change.
    ///
    /// Is to be asked again after [`FIRST_LOOK`], and whenever there is news of the reply.
    pub(crate) fn of_reply(verifier: &Verifier, caller: &Principal, clock: &Arc<dyn Clock>) -> Self {
        let (verifier, caller, clock) = (verifier.clone(), caller.clone(), Arc::clone(clock));
        Self::Unwatched { since: Instant::now(), verifier, caller, clock }
    }

    pub(crate) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if let Self::Unwatched { since, verifier, caller, clock } = self {
            if since.elapsed() < FIRST_LOOK {
                return Poll::Pending;
            }
            *self = Self::Watched(Box::pin(revoked(verifier.clone(), caller.clone(), Arc::clone(clock))));
        }
        match self {
            Self::Watched(end) => end.as_mut().poll(cx),
            Self::Unwatched { .. } => Poll::Pending,
        }
    }

    /// Waits for the end of a session, if there is one.
    pub(crate) async fn wait(this: Option<Self>) {
        match this {
            Some(mut this) => std::future::poll_fn(|cx| this.poll(cx)).await,
            None => std::future::pending().await,
        }
    }
}

/// Waits for the news that a session has ended, however long after the token's own end.
async fn revoked(verifier: Verifier, caller: Principal, clock: Arc<dyn Clock>) {
    let never = UnixTime::from_secs(i64::MAX);
    let policy = SilencePolicy::serve_stale();
    let mut watch = verifier.revocations().watch(&caller.token_identity(), never, policy, clock);
    while watch.ended().await != Ended::Revoked {
        sleep(LOOK_AGAIN).await;
    }
    tracing::debug!("a reply was cut off: its session has ended");
}

impl fmt::Debug for SessionEnd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SessionEnd")
    }
}
