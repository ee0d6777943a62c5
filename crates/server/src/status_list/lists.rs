use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use handstamp_core::{
    Context, claims,
    flows::status_lists,
    model::{LogPosition, StatusList, StatusListId},
    store::StoreError,
};
use handstamp_token::KeyId;
use jiff::Timestamp;

use super::{
    document::{Document, DocumentError, Draft},
    packed::Statuses,
};

/// How often it is asked at most whether something has happened.
pub(crate) const LOOK: Duration = Duration::from_secs(1);

/// How often in its `ttl` a list is made anew at most, however often sessions end. Packing a million places takes 4 ms with one in
/// a thousand set and 71 ms with one in a hundred, and whoever fetches once in a `ttl` does not notice a twentieth of it.
const LOOKS_IN_TTL: u32 = 20;

/// A list that nobody asked for in this time is not kept ready.
const KEEP_READY: Duration = Duration::from_mins(10);

/// The status lists of this process, as documents: made beside the requests, and kept until something has happened.
pub(crate) struct StatusLists {
    ttl: Duration,
    ready: Mutex<HashMap<StatusListId, Arc<Ready>>>,
}

/// One list.
#[derive(Default)]
struct Ready {
    kept: Mutex<Option<Kept>>,
    /// Held while a document is made: whoever needs the same one waits for it.
    making: tokio::sync::Mutex<()>,
    asked_at: Mutex<Option<Timestamp>>,
}

/// A document, and what it rests on.
#[derive(Clone)]
struct Kept {
    document: Arc<Document>,
    head: LogPosition,
    kid: KeyId,
    /// Nothing had happened by then.
    looked_at: Timestamp,
}

/// A list cannot be had now.
#[derive(Debug, thiserror::Error)]
pub(crate) enum BuildError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Document(#[from] DocumentError),
    #[error("making a status list was broken off")]
    BrokenOff(#[from] tokio::task::JoinError),
}

impl StatusLists {
    pub(crate) fn new(ttl: Duration) -> Self {
        Self { ttl, ready: Mutex::default() }
    }

    /// Returns a list as it is now; `None` if there is no such list.
    ///
    /// The first who asks waits for it. After that it is kept ready, and asking costs nothing.
    pub(crate) async fn find(
        &self,
        core: &Context,
        id: StatusListId,
        now: Timestamp,
    ) -> Result<Option<Arc<Document>>, BuildError> {
        if let Some(ready) = self.known(id) {
            ready.ask(now);
            if let Some(kept) = ready.kept().filter(|kept| self.is_current(kept, core, now)) {
                return Ok(Some(kept.document));
            }
        }
        let list = match status_lists::find(core, id).await {
            Ok(Some(list)) => list,
            Ok(None) => {
                self.ready().remove(&id);
                return Ok(None);
            }
            // Only a list that was there before: of others nothing is known, not even that they are unknown.
            Err(error) => return self.last_resort(id, now, error.into()).map(Some),
        };
        let ready = Arc::clone(self.ready().entry(id).or_default());
        ready.ask(now);
        let _making = ready.making.lock().await;
        if let Some(kept) = ready.kept().filter(|kept| self.is_current(kept, core, now)) {
            return Ok(Some(kept.document));
        }
        match self.renew(core, &ready, list, now).await {
            Ok(document) => Ok(Some(document)),
            Err(error) => self.last_resort(id, now, error).map(Some),
        }
    }

    /// Makes the lists anew that are asked for and of which something is no longer so. Lets go of those that nobody wants.
    pub(crate) async fn refresh(&self, core: &Context, now: Timestamp) {
        self.ready().retain(|_, ready| ready.is_wanted(now));
        let wanted: Vec<_> = self.ready().iter().map(|(id, ready)| (*id, Arc::clone(ready))).collect();
        for (id, ready) in wanted {
            let Ok(_making) = ready.making.try_lock() else { continue };
            if ready.kept().is_some_and(|kept| since(kept.looked_at, now) < self.pace()) {
                continue;
            }
            if let Err(error) = self.look(core, id, &ready, now).await {
                // What is kept goes on until it runs out; requests try again meanwhile.
                tracing::warn!(%id, error = &error as &dyn std::error::Error, "a status list cannot be renewed");
            }
        }
    }

    async fn look(
        &self,
        core: &Context,
        id: StatusListId,
        ready: &Ready,
        now: Timestamp,
    ) -> Result<(), BuildError> {
        let head = core.store.log_head().await?;
        if let Some(kept) = ready.kept().filter(|kept| kept.says_what_is(core, head, now)) {
            ready.keep(Kept { looked_at: now, ..kept });
            return Ok(());
        }
        if let Some(list) = status_lists::find(core, id).await? {
            return self.renew(core, ready, list, now).await.map(drop);
        }
        self.ready().remove(&id);
        Ok(())
    }

    async fn renew(
        &self,
        core: &Context,
        ready: &Ready,
        list: StatusList,
        now: Timestamp,
    ) -> Result<Arc<Document>, BuildError> {
        // Before the places are read: what happens in between makes the document old, and never goes unnoticed.
        let head = core.store.log_head().await?;
        let statuses = if list.id.epoch() == head.epoch {
            Statuses::AllBut(status_lists::bad_places(core, list.id, now).await?)
        } else {
            Statuses::NoneGood
        };
        let issuer = core.settings.issuer.clone();
        let uri = claims::status_list_uri(&issuer, list.id);
        let draft = Draft { issuer, uri, list, statuses, ttl: self.ttl, now };
        let key = core.keyring.signing_key();
        let kid = key.key_id().clone();
        let document = Arc::new(tokio::task::spawn_blocking(move || draft.sign(&key)).await??);
        ready.keep(Kept { document: Arc::clone(&document), head, kid, looked_at: now });
        Ok(document)
    }

    /// Returns what was kept, where it says itself that it may still be believed: verifiers that have it do.
    fn last_resort(
        &self,
        id: StatusListId,
        now: Timestamp,
        error: BuildError,
    ) -> Result<Arc<Document>, BuildError> {
        let ready = self.known(id);
        let kept = ready.as_ref().and_then(|ready| Some((ready, ready.kept()?)));
        let Some((ready, kept)) = kept.filter(|(_, kept)| !kept.document.is_over(now)) else {
            return Err(error);
        };
        tracing::warn!(%id, error = &error as &dyn std::error::Error, "an older status list is sent");
        let document = Arc::clone(&kept.document);
        // Not every request tries again.
        ready.keep(Kept { looked_at: now, ..kept });
        Ok(document)
    }

    /// Returns whether a request may have it: it was looked at lately, and its key was not taken back.
    fn is_current(&self, kept: &Kept, core: &Context, now: Timestamp) -> bool {
        since(kept.looked_at, now) < self.pace().saturating_mul(2)
            && !kept.document.fresh_for(now).is_zero()
            && kept.is_of(core)
    }

    /// Returns how long a list that was looked at is left alone.
    fn pace(&self) -> Duration {
        LOOK.max(self.ttl / LOOKS_IN_TTL).min(self.ttl / 2)
    }

    fn known(&self, id: StatusListId) -> Option<Arc<Ready>> {
        self.ready().get(&id).cloned()
    }

    fn ready(&self) -> MutexGuard<'_, HashMap<StatusListId, Arc<Ready>>> {
        self.ready.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Ready {
    fn kept(&self) -> Option<Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn keep(&self, kept: Kept) {
        *self.kept.lock().unwrap_or_else(PoisonError::into_inner) = Some(kept);
    }

    fn ask(&self, now: Timestamp) {
        *self.asked_at.lock().unwrap_or_else(PoisonError::into_inner) = Some(now);
    }

    fn is_wanted(&self, now: Timestamp) -> bool {
        let asked_at = *self.asked_at.lock().unwrap_or_else(PoisonError::into_inner);
        asked_at.is_some_and(|at| since(at, now) < KEEP_READY)
    }
}

impl Kept {
    /// Returns whether a new document would say the same.
    fn says_what_is(&self, core: &Context, head: LogPosition, now: Timestamp) -> bool {
        self.head == head && self.is_of(core) && !self.document.is_old(now)
    }

    fn is_of(&self, core: &Context) -> bool {
        self.kid == *core.keyring.signing_key().key_id()
    }
}

/// Of a clock that was set back nothing is known: as if it were long ago.
fn since(then: Timestamp, now: Timestamp) -> Duration {
    Duration::try_from(now.duration_since(then)).unwrap_or(Duration::MAX)
}
