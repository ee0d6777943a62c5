use std::{collections::VecDeque, sync::Arc};

use handstamp_api_types::Rev;
use jiff::{SignedDuration, Timestamp};

use super::batch::Signed;

/// Batches that were signed lately: a hundred services that come back after a cut ask for the same stretch.
///
/// What makes an answer fresh is its greeting, which is signed for each reader; a stretch of the log is as good from the shelf.
#[derive(Debug, Default)]
pub(super) struct SignedBatches {
    kept: VecDeque<(Arc<Signed>, Timestamp)>,
    bytes: usize,
}

/// Half of a batch's life: a reader whose clock is ahead still takes it.
const KEPT_FOR: SignedDuration = SignedDuration::from_mins(5);
/// Some two hundred full batches.
const MOST_BYTES: usize = 32 * 1024 * 1024;
/// So many events may come to a reader for the second time. More cost longer than a signature.
const OVERLAP: u64 = 16;

impl SignedBatches {
    /// Returns a batch for a reader who is at `at`, which brings it to `end` at least.
    pub(super) fn find(&self, at: Rev, end: u64, now: Timestamp) -> Option<Arc<Signed>> {
        let fits = |signed: &Signed| {
            signed.epoch == at.epoch
                && (signed.after..=signed.after.saturating_add(OVERLAP)).contains(&at.seq)
                && signed.through >= end
        };
        let kept = self.kept.iter().rev();
        let young = kept.take_while(|(_, signed_at)| now.duration_since(*signed_at) < KEPT_FOR);
        young.map(|(signed, _)| signed).find(|signed| fits(signed)).cloned()
    }

    pub(super) fn keep(&mut self, signed: &Arc<Signed>, now: Timestamp) {
        self.bytes += signed.jwt.len();
        self.kept.push_back((Arc::clone(signed), now));
        while self.bytes > MOST_BYTES
            && let Some((dropped, _)) = self.kept.pop_front()
        {
            self.bytes -= dropped.jwt.len();
        }
    }

    /// Drops what is too old to be handed out.
    pub(super) fn sweep(&mut self, now: Timestamp) {
        while let Some((old, _)) =
            self.kept.pop_front_if(|(_, signed_at)| now.duration_since(*signed_at) >= KEPT_FOR)
        {
            self.bytes -= old.jwt.len();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn signed(after: u64, through: u64) -> Arc<Signed> {
        Arc::new(Signed { epoch: 1, after, through, jwt: "x".repeat(1_000_000) })
    }

    fn at(seq: u64) -> Rev {
        Rev { epoch: 1, seq }
    }

    const NOW: Timestamp = Timestamp::UNIX_EPOCH;

    #[test]
    fn a_reader_gets_what_was_signed_for_another_if_it_gets_as_far() {
        let mut batches = SignedBatches::default();
        batches.keep(&signed(10, 60), NOW);

        let found = |seq, end| batches.find(at(seq), end, NOW).map(|signed| signed.after);

        assert_eq!((found(10, 60), found(26, 60)), (Some(10), Some(10)));
        assert_eq!((found(9, 60), found(27, 60), found(10, 61)), (None, None, None));
        assert_eq!(batches.find(Rev { epoch: 2, seq: 10 }, 60, NOW).map(|signed| signed.after), None);
    }

    #[test]
    fn what_is_old_is_signed_again_and_forgotten() {
        let mut batches = SignedBatches::default();
        batches.keep(&signed(10, 60), NOW);

        assert!(batches.find(at(10), 60, NOW + KEPT_FOR).is_none());
        batches.sweep(NOW + KEPT_FOR);

        assert_eq!((batches.kept.len(), batches.bytes), (0, 0));
    }

    #[test]
    fn memory_is_bounded() {
        let mut batches = SignedBatches::default();
        for number in 0..100 {
            batches.keep(&signed(number, number + 1), NOW);
        }

        assert!(batches.bytes <= MOST_BYTES);
        assert_eq!(batches.kept.len(), MOST_BYTES / 1_000_000);
    }
}
