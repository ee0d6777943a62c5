use std::sync::atomic::{AtomicU64, Ordering};

use handstamp_api_types::Rev;
use handstamp_api_types::revocation::MAX_SEQ;

use super::snapshot::Snapshot;

/// Lets young tokens pass with a comparison: those that were minted at or after the newest event, which is most of them.
///
/// Three numbers beside the snapshot, so that not even the pointer to it has to be loaded. They are read without a lock: the
/// epoch is read before and after, and is [`CLOSED`] while the others change their meaning.
#[derive(Debug)]
pub(super) struct Gate {
    epoch: AtomicU64,
    newest: AtomicU64,
    /// A token beyond it is younger than all we know, but tells that we are behind: the long way notes that.
    followed: AtomicU64,
}

/// No epoch: no token passes here.
const CLOSED: u64 = u64::MAX;

impl Gate {
    pub(super) fn new() -> Self {
        Self { epoch: AtomicU64::new(CLOSED), newest: AtomicU64::new(MAX_SEQ), followed: AtomicU64::new(0) }
    }

    /// Returns whether nothing that is known can hit a token with this position.
    #[inline]
    pub(super) fn admits(&self, rev: Option<Rev>) -> bool {
        let Some(rev) = rev else { return false };
        let epoch = u64::from(rev.epoch);
        if self.epoch.load(Ordering::Acquire) != epoch {
            return false;
        }
        let newest = self.newest.load(Ordering::Acquire);
        let followed = self.followed.load(Ordering::Acquire);
        // If either number was of another epoch already, this sees at least that the gate was closed before.
        newest <= rev.seq && rev.seq <= followed && self.epoch.load(Ordering::Relaxed) == epoch
    }

    /// Follows a snapshot that readers see already.
    pub(super) fn set(&self, snapshot: &Snapshot) {
        // A revoked key hits young tokens too.
        let epoch = snapshot.epochs.current().filter(|_| snapshot.kids.is_empty()).map_or(CLOSED, u64::from);
        if self.epoch.load(Ordering::Relaxed) != epoch {
            self.epoch.store(CLOSED, Ordering::Relaxed);
            self.followed.store(0, Ordering::Release);
        }
        self.newest.store(snapshot.newest_seq(), Ordering::Release);
        self.epoch.store(epoch, Ordering::Release);
    }

    /// Notes how far the log of the current epoch was followed.
    pub(super) fn set_followed(&self, seq: u64) {
        self.followed.store(seq, Ordering::Release);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn admits(gate: &Gate, epoch: u32, seq: u64) -> bool {
        gate.admits(Some(Rev { epoch, seq }))
    }

    #[test]
    fn it_is_closed_until_there_is_a_snapshot() {
        let gate = Gate::new();
        gate.set(&Snapshot::empty());
        gate.set_followed(9);

        assert!(!admits(&gate, 1, 5) && !admits(&gate, u32::MAX, u64::MAX) && !gate.admits(None));
    }

    #[test]
    fn it_admits_what_lies_between_the_newest_event_and_where_we_are() {
        let mut snapshot = Snapshot::empty();
        snapshot.epochs.begin(3, &[]);
        snapshot.newest = snapshot.epochs.order(5);
        let gate = Gate::new();
        gate.set(&snapshot);
        gate.set_followed(7);

        let admitted: Vec<u64> = (0..10).filter(|seq| admits(&gate, 3, *seq)).collect();
        assert_eq!(admitted, [5, 6, 7]);
        assert!((0..10).all(|seq| !admits(&gate, 2, seq)));
    }

    #[test]
    fn after_a_change_of_epoch_the_old_numbers_admit_nobody() {
        let mut snapshot = Snapshot::empty();
        snapshot.epochs.begin(3, &[]);
        let gate = Gate::new();
        gate.set(&snapshot);
        gate.set_followed(7);
        assert!(admits(&gate, 3, 6));

        snapshot.epochs.begin(4, &[]);
        gate.set(&snapshot);
        assert!(!admits(&gate, 3, 6) && !admits(&gate, 4, 6));
        gate.set_followed(6);
        assert!(admits(&gate, 4, 6));
    }
}
