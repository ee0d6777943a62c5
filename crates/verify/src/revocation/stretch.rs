use handstamp_api_types::Rev;
use handstamp_api_types::revocation::{
    MAX_EARLIER_EPOCHS, MAX_EVENTS_PER_BATCH, MAX_SEQ, RevocationBatch, RevocationEvent, RevocationKind,
    RevocationLevel,
};

use super::{
    ledger::forget_time,
    selector::{Selector, SelectorKey},
};

/// A batch that makes sense: what the log says between two positions.
#[derive(Debug)]
pub(super) struct Stretch {
    pub(super) epoch: u32,
    /// The epochs that this log goes on from, oldest first, each with where it ended.
    pub(super) earlier: Vec<Rev>,
    pub(super) after: u64,
    pub(super) through: u64,
    pub(super) head: u64,
    pub(super) time_ms: u64,
    pub(super) events: Vec<Event>,
    #[cfg(feature = "remote")]
    pub(super) nonce: Option<String>,
    pub(super) key: Option<SelectorKey>,
}

/// An event as the ledger takes it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Event {
    pub(super) seq: u64,
    pub(super) level: RevocationLevel,
    /// None for [`RevocationLevel::All`] alone.
    pub(super) selector: Option<Selector>,
    pub(super) kind: RevocationKind,
    pub(super) forget_at: u32,
    pub(super) subject: Option<Selector>,
    pub(super) organization: Option<Selector>,
}

/// Why a batch makes no sense. It was signed, so this is the issuer's fault; nothing of it is used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum MalformedBatch {
    /// The positions are not in the order `after` ≤ `through` ≤ `head`, or too large.
    #[error("positions out of order: after {after}, through {through}, head {head}")]
    Positions {
        /// Where the batch begins.
        after: u64,
        /// Where it ends.
        through: u64,
        /// Where the log ends.
        head: u64,
    },
    /// The epoch is one that is never given out.
    #[error("the epoch {epoch} is never given out")]
    Epoch {
        /// The epoch.
        epoch: u32,
    },
    /// The earlier epochs are too many, or not in the order in which epochs and numbers are given out.
    #[error("the epochs before epoch {epoch} are out of order")]
    EarlierEpochs {
        /// The epoch they should come before.
        epoch: u32,
    },
    /// An event lies outside the batch, or not behind the one before it.
    #[error("event {seq} is out of place")]
    EventOutOfPlace {
        /// The event.
        seq: u64,
    },
    /// An event does not say which token, session, … it means, or says so where it means all.
    #[error("event {seq} has a selector that does not fit its level")]
    Selector {
        /// The event.
        seq: u64,
    },
    /// There are more events than a batch may have.
    #[error("{count} events in one batch, at most {MAX_EVENTS_PER_BATCH} are allowed")]
    TooManyEvents {
        /// The number of events.
        count: usize,
    },
}

impl Stretch {
    pub(super) fn read(batch: &RevocationBatch) -> Result<Self, MalformedBatch> {
        let RevocationBatch { epoch, after, through, head, .. } = *batch;
        if after > through || through > head || head >= MAX_SEQ {
            return Err(MalformedBatch::Positions { after, through, head });
        }
        if epoch == u32::MAX {
            return Err(MalformedBatch::Epoch { epoch });
        }
        if !are_in_order(&batch.earlier, epoch) {
            return Err(MalformedBatch::EarlierEpochs { epoch });
        }
        if batch.events.len() > MAX_EVENTS_PER_BATCH {
            return Err(MalformedBatch::TooManyEvents { count: batch.events.len() });
        }
        let mut events = Vec::with_capacity(batch.events.len());
        let mut last = after;
        for event in &batch.events {
            if event.seq <= last || event.seq > through {
                return Err(MalformedBatch::EventOutOfPlace { seq: event.seq });
            }
            last = event.seq;
            events.push(Event::read(event)?);
        }
        Ok(Self {
            epoch,
            earlier: batch.earlier.clone(),
            after,
            through,
            head,
            time_ms: batch.time_ms,
            events,
            #[cfg(feature = "remote")]
            nonce: batch.nonce.clone(),
            key: batch.selector_key.map(SelectorKey::from),
        })
    }
}

/// Epochs rise, and so do the places where one went on from the other.
fn are_in_order(earlier: &[Rev], epoch: u32) -> bool {
    earlier.len() <= MAX_EARLIER_EPOCHS
        && earlier.is_sorted_by(|one, next| one.epoch < next.epoch && one.seq <= next.seq)
        && earlier.last().is_none_or(|last| last.epoch < epoch && last.seq < MAX_SEQ)
}

impl Event {
    fn read(event: &RevocationEvent) -> Result<Self, MalformedBatch> {
        if (event.level == RevocationLevel::All) == event.sel.is_some() {
            return Err(MalformedBatch::Selector { seq: event.seq });
        }
        Ok(Self {
            seq: event.seq,
            level: event.level,
            selector: event.sel.map(Selector::from),
            kind: event.kind,
            forget_at: forget_time(event.forget_at),
            subject: event.sub.map(Selector::from),
            organization: event.org.map(Selector::from),
        })
    }
}
