use std::{convert::Infallible, sync::Arc, time::Duration};

use bytes::Bytes;
use futures_util::stream::{self, Stream};
use handstamp_api_types::Rev;
use handstamp_core::model::ClientId;
use tokio::{
    sync::{
        OwnedSemaphorePermit,
        broadcast::{Receiver, error::RecvError},
    },
    time::Instant,
};

use super::batch::Signed;
use crate::{AppState, access::Subscriber};

/// A stream ends after this long. The reader comes back at once, and proves again that it may.
const LONGEST_STREAM: Duration = Duration::from_mins(15);

/// One subscriber's view of the feed: the hello, the gap, then the news.
pub(crate) struct Subscription {
    state: AppState,
    /// Whose stream it is; `None` where anybody may follow.
    client: Option<ClientId>,
    removals: Receiver<ClientId>,
    hello: Option<Signed>,
    /// Up to where the subscriber was told.
    at: Rev,
    news: Receiver<Arc<Signed>>,
    ends: Instant,
    _place: OwnedSemaphorePermit,
}

impl Subscription {
    /// Subscribes a reader who knows everything up to `from`; `None` while the log was never read.
    pub(crate) fn new(
        state: &AppState,
        place: OwnedSemaphorePermit,
        subscriber: Subscriber,
        nonce: String,
        from: Option<Rev>,
    ) -> Option<Self> {
        let feed = state.feed();
        let (at, news) = feed.subscribe(from)?;
        let hello = feed.hello(state.core(), nonce, state.now())?;
        Some(Self {
            state: state.clone(),
            client: subscriber.client,
            removals: subscriber.removals,
            hello: Some(hello),
            at,
            news,
            ends: Instant::now() + LONGEST_STREAM,
            _place: place,
        })
    }

    /// Returns the server-sent events.
    pub(crate) fn into_events(self) -> impl Stream<Item = Result<Bytes, Infallible>> + Send {
        stream::unfold(self, async |mut subscription| {
            let event = subscription.next().await?;
            Some((Ok(Bytes::from(event)), subscription))
        })
    }

    async fn next(&mut self) -> Option<String> {
        if let Some(hello) = self.hello.take() {
            return Some(hello.to_string());
        }
        if let Some(stretch) = self.told_by_log() {
            return Some(stretch);
        }
        loop {
            let heard = tokio::select! {
                heard = self.news.recv() => heard,
                () = ended(&mut self.removals, self.client.as_ref()) => return None,
                () = tokio::time::sleep_until(self.ends) => return None,
                () = self.state.stopped() => return None,
            };
            match heard {
                Ok(signed) if self.continues(&signed) => {
                    self.at = Rev { epoch: signed.epoch, seq: signed.through };
                    return Some(signed.to_string());
                }
                // Told from the log already.
                Ok(signed) if signed.epoch == self.at.epoch && signed.through <= self.at.seq => {}
                // Too slow, or the log was rebuilt: the log itself knows what is missing.
                Ok(_) | Err(RecvError::Lagged(_)) => {
                    if let Some(stretch) = self.told_by_log() {
                        return Some(stretch);
                    }
                }
                Err(RecvError::Closed) => return None,
            }
        }
    }

    fn told_by_log(&mut self) -> Option<String> {
        let state = &self.state;
        let signed = state.feed().next(state.core(), self.at, state.now())?;
        self.at = Rev { epoch: signed.epoch, seq: signed.through };
        Some(signed.to_string())
    }

    /// Returns whether it brings something, or says that there is nothing more.
    fn continues(&self, signed: &Signed) -> bool {
        let is_heartbeat = signed.after == signed.through && signed.through == self.at.seq;
        signed.epoch == self.at.epoch
            && signed.after <= self.at.seq
            && (is_heartbeat || signed.through > self.at.seq)
    }
}

/// Returns when the client may not follow any more.
async fn ended(removals: &mut Receiver<ClientId>, client: Option<&ClientId>) {
    let Some(client) = client else { return std::future::pending().await };
    // Who cannot tell any more whether it was meant has to prove again that it may.
    while removals.recv().await.is_ok_and(|removed| removed != *client) {}
}
