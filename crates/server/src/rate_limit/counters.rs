use std::{sync::Arc, time::Duration};

use handstamp_core::shared::{Limits, LocalLimits, Outcome, Quota, Refusal, Settled, SharedKey, Take};
use jiff::Timestamp;
use tokio::sync::Semaphore;

use crate::shared::Breaker;

/// Counts attempts: together with other replicas while that works, and alone while it does not.
///
/// What others count is counted here as well, as far as it came through this replica. So it can be refused without a question, and
/// when the others cannot be asked any more, nobody begins again at nothing.
#[derive(Debug)]
pub(super) struct Counters {
    local: LocalLimits,
    shared: Option<Together>,
}

/// What replicas count on together.
pub(crate) struct Together {
    pub(crate) limits: Arc<dyn Limits>,
    pub(crate) breaker: Breaker,
    /// In a flood those who get no place go by what this replica has counted, and leave the server, which may be the database, to
    /// those who do more than try.
    asking: Semaphore,
}

/// An attempt that was taken from a bucket.
#[derive(Debug, Clone, Copy)]
pub(super) struct Charge {
    bucket: SharedKey,
    quota: Quota,
    /// Whether the other replicas know of it.
    is_shared: bool,
}

impl Together {
    pub(crate) fn new(limits: Arc<dyn Limits>, breaker: Breaker) -> Self {
        let asking = Semaphore::new(limits.at_once());
        Self { limits, breaker, asking }
    }

    async fn take(&self, wanted: &[Take], now: Timestamp) -> Option<Outcome> {
        let _place = self.asking.try_acquire().ok()?;
        self.breaker.call(self.limits.take(wanted, now)).await
    }
}

impl Counters {
    pub(super) fn new(shared: Option<Together>) -> Self {
        Self { local: LocalLimits::default(), shared }
    }

    /// Returns the breaker before what replicas count on.
    pub(super) fn breaker(&self) -> Option<&Breaker> {
        self.shared.as_ref().map(|shared| &shared.breaker)
    }

    /// Takes an attempt from each of these buckets, or from none of them.
    pub(super) async fn take(&self, wanted: &[Take], now: Timestamp) -> Result<Vec<Charge>, Refusal> {
        if let Some(shared) = &self.shared {
            if let Some(refusal) = self.local.surely_refuses(wanted, now) {
                return Err(refusal);
            }
            match shared.take(wanted, now).await {
                Some(Outcome::Refused(refusal)) => return Err(refusal),
                Some(Outcome::Taken(buckets)) => {
                    let charges = charges(wanted, &buckets, true);
                    self.local.note(charges.iter().map(|charge| (charge.bucket, charge.quota)), now);
                    return Ok(charges);
                }
                None => {}
            }
        }
        match self.local.take(wanted, now) {
            Outcome::Refused(refusal) => Err(refusal),
            Outcome::Taken(buckets) => Ok(charges(wanted, &buckets, false)),
        }
    }

    /// Gives attempts back, and sets marks.
    pub(super) async fn settle(&self, charges: &[Charge], marked: Settled, now: Timestamp) {
        let back = |charge: &Charge| (charge.bucket, charge.quota);
        self.local.settle(&Settled { back: charges.iter().map(back).collect(), ..marked.clone() }, now);
        if let Some(shared) = &self.shared {
            let charges = charges.iter().filter(|charge| charge.is_shared);
            let settled = Settled { back: charges.map(back).collect(), ..marked };
            shared.breaker.call(shared.limits.settle(&settled, now)).await;
        }
    }

    /// Finds out whether replicas can count together just now, by an attempt of nobody's: a server may answer questions that has no
    /// memory left for a count, or may not write.
    pub(super) async fn probe(&self, bucket: SharedKey, now: Timestamp) {
        if let Some(shared) = &self.shared {
            let take = Take { bucket, quota: Quota::new(1000, Duration::from_secs(1)), known: None };
            let taken = async { shared.limits.take(&[take], now).await.map(|_| ()) };
            shared.breaker.probe(taken).await;
        }
    }

    /// Frees what nobody needs any more. Returns whether there may be more.
    ///
    /// Nobody waits for it, so that it may take longer than a request waits; that it does says nothing about those.
    pub(super) async fn clean_up(&self, now: Timestamp) -> bool {
        self.local.sweep(now);
        let Some(shared) = self.shared.as_ref().filter(|shared| !shared.breaker.is_open()) else {
            return false;
        };
        shared.limits.clean_up(now).await.unwrap_or_else(|error| {
            let error = &error as &dyn std::error::Error;
            tracing::debug!(error, "what is counted no longer is forgotten later");
            false
        })
    }
}

fn charges(wanted: &[Take], buckets: &[Option<SharedKey>], is_shared: bool) -> Vec<Charge> {
    let charge = |(take, bucket): (&Take, &Option<SharedKey>)| {
        bucket.map(|bucket| Charge { bucket, quota: take.quota, is_shared })
    };
    wanted.iter().zip(buckets).filter_map(charge).collect()
}

impl std::fmt::Debug for Together {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Together").field("breaker", &self.breaker).finish_non_exhaustive()
    }
}
