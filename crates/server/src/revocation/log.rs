use std::collections::VecDeque;

use handstamp_api_types::{
    Rev,
    revocation::{MAX_EVENTS_PER_BATCH, RevocationEvent},
};
use handstamp_token::UnixTime;

use super::{coalesce, wire::Entry};

/// The part of the log that somebody may still have to know, in memory: subscribers cost the store nothing.
#[derive(Debug)]
pub(super) struct Log {
    position: Rev,
    earlier: Vec<Rev>,
    entries: VecDeque<Entry>,
    /// There are events that were not compared with the others yet.
    has_grown: bool,
}

/// A stretch of the log: all that is left of the events with `after < seq <= through`.
#[derive(Debug, Clone)]
pub(super) struct Stretch {
    pub(super) epoch: u32,
    pub(super) earlier: Vec<Rev>,
    pub(super) after: u64,
    pub(super) through: u64,
    pub(super) head: u64,
    pub(super) events: Vec<RevocationEvent>,
}

/// So many events are told apart, 80 bytes each. Of more the older half is widened, as verifiers do for lack of room.
const MOST_ENTRIES: usize = 500_000;

impl Log {
    /// Begins a log that nothing was read of yet, and that goes on from `earlier` epochs.
    pub(super) fn of_epoch(epoch: u32, earlier: Vec<Rev>) -> Self {
        Self { position: Rev { epoch, seq: 0 }, earlier, entries: VecDeque::new(), has_grown: false }
    }

    pub(super) fn position(&self) -> Rev {
        self.position
    }

    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }

    pub(super) fn extend(&mut self, entries: &[Entry], through: u64) {
        self.entries.extend(entries);
        self.position.seq = through;
        self.has_grown |= !entries.is_empty();
        if self.entries.len() > MOST_ENTRIES {
            coalesce::drop_covered(&mut self.entries);
        }
        if self.entries.len() > MOST_ENTRIES {
            tracing::warn!(
                events = self.entries.len(),
                "there are too many revocations to tell apart: members of whole organisations have to refresh once"
            );
            coalesce::fold_older_half(&mut self.entries);
        }
    }

    /// Forgets what can hit no token any more, and what something wider says as well.
    pub(super) fn tidy(&mut self, now: UnixTime) {
        self.entries.retain(|entry| entry.forget_at > now);
        if std::mem::take(&mut self.has_grown) {
            coalesce::drop_covered(&mut self.entries);
        }
    }

    /// Returns where the next stretch ends for a reader who knows everything up to `after`.
    pub(super) fn end_of_stretch(&self, after: u64) -> u64 {
        let first = self.entries.partition_point(|entry| entry.seq <= after);
        match self.entries.get(first + MAX_EVENTS_PER_BATCH - 1) {
            Some(last) => last.seq,
            None => self.position.seq,
        }
    }

    /// Returns the next stretch for a reader who knows everything up to `after`.
    pub(super) fn stretch(&self, after: u64) -> Stretch {
        let through = self.end_of_stretch(after);
        let first = self.entries.partition_point(|entry| entry.seq <= after);
        let end = self.entries.partition_point(|entry| entry.seq <= through);
        let events = self.entries.range(first..end.max(first)).map(RevocationEvent::from).collect();
        self.between(after, through, events)
    }

    /// Returns the stretch with these events.
    pub(super) fn between(&self, after: u64, through: u64, events: Vec<RevocationEvent>) -> Stretch {
        let Rev { epoch, seq: head } = self.position;
        Stretch { epoch, earlier: self.earlier.clone(), after, through, head, events }
    }

    /// Returns from where a reader has to be told: from its own position, if that is one of this log.
    pub(super) fn resume(&self, from: Option<Rev>) -> u64 {
        from.filter(|at| at.epoch == self.position.epoch && at.seq <= self.position.seq)
            .map_or(0, |at| at.seq)
    }
}

#[cfg(test)]
mod tests {
    use handstamp_api_types::revocation::{RevocationKind, RevocationLevel, SelectorHash};
    use handstamp_core::model::Reason;
    use proptest::prelude::*;

    use super::*;

    fn entry(seq: u64) -> Entry {
        let mut sel = [7; 16];
        sel[..8].copy_from_slice(&seq.to_be_bytes());
        Entry {
            seq,
            level: RevocationLevel::Session,
            sel: Some(SelectorHash(sel)),
            kind: RevocationKind::Dead,
            reason: Reason::Operator,
            at: UnixTime::from_secs(0),
            forget_at: UnixTime::from_secs(i64::try_from(seq).unwrap() + 100),
            sub: None,
            org: None,
        }
    }

    fn log(through: u64) -> Log {
        let mut log = Log::of_epoch(1, Vec::new());
        log.extend(&(1..=through).map(entry).collect::<Vec<_>>(), through);
        log
    }

    /// Reads the log as a reader does, and returns the numbers of the events it was told.
    fn read(log: &Log, start: u64) -> Vec<u64> {
        let (mut at, mut seen) = (start, Vec::new());
        loop {
            let stretch = log.stretch(at);
            assert_eq!((stretch.after, stretch.through), (at, log.end_of_stretch(at)));
            seen.extend(stretch.events.iter().map(|event| event.seq));
            at = stretch.through;
            if at == stretch.head {
                return seen;
            }
        }
    }

    /// The property that everything rests on: from any starting point, the stretches bring the whole rest once, in order.
    #[test]
    fn stretches_from_any_point_bring_the_rest_of_the_log() {
        let through = 2 * MAX_EVENTS_PER_BATCH as u64 + 7;
        let log = log(through);
        for start in [0, 1, 499, 500, 501, through - 1, through] {
            assert_eq!(read(&log, start), (start + 1..=through).collect::<Vec<_>>());
        }
    }

    proptest! {
        /// However it grew and whatever was forgotten in between.
        #[test]
        fn a_snapshot_and_what_comes_after_it_are_the_log(
            parts in proptest::collection::vec((0..400_u64, 0..1_500_i64), 1..6),
            start in 0..2_000_u64,
        ) {
            let mut log = Log::of_epoch(1, Vec::new());
            let (mut seq, mut forgotten) = (0, 0);
            for (count, now) in parts {
                let entries: Vec<_> = (seq + 1..=seq + count).map(entry).collect();
                seq += count;
                log.extend(&entries, seq);
                log.tidy(UnixTime::from_secs(now));
                forgotten = forgotten.max(u64::try_from(now - 100).unwrap_or(0).min(seq));
            }
            let start = start.min(seq);

            let expected: Vec<_> = (start.max(forgotten) + 1..=seq).collect();
            prop_assert_eq!(read(&log, start), expected);
        }
    }

    #[test]
    fn what_is_forgotten_leaves_no_gap() {
        let mut log = log(10);

        log.tidy(UnixTime::from_secs(105));

        let stretch = log.stretch(0);
        assert_eq!((stretch.after, stretch.through, stretch.head), (0, 10, 10));
        assert_eq!(stretch.events.iter().map(|event| event.seq).collect::<Vec<_>>(), [6, 7, 8, 9, 10]);
    }

    #[test]
    fn a_reader_of_another_epoch_or_from_the_future_begins_at_the_beginning() {
        let log = log(10);

        assert_eq!(log.resume(Some(Rev { epoch: 1, seq: 4 })), 4);
        assert_eq!(log.resume(Some(Rev { epoch: 2, seq: 4 })), 0);
        assert_eq!(log.resume(Some(Rev { epoch: 1, seq: 11 })), 0);
        assert_eq!(log.resume(None), 0);
    }

    /// A million people sign out: memory stays within its bound, and a reader who begins now hears of every one of them.
    #[test]
    fn a_million_sign_outs_stay_within_the_bound_and_none_is_left_out() {
        let mut log = Log::of_epoch(1, Vec::new());
        let org = |number: u64| SelectorHash([u8::try_from(number % 200).unwrap(); 16]);
        let one = |seq: u64| Entry { org: Some(org(seq)), forget_at: UnixTime::from_secs(660), ..entry(seq) };
        for start in (0..1_000_000).step_by(1_000) {
            let entries: Vec<_> = (start + 1..=start + 1_000).map(one).collect();
            log.extend(&entries, start + 1_000);
            assert!(log.len() <= MOST_ENTRIES);
        }

        let mut at = 0;
        let mut told = std::collections::HashMap::new();
        while at < 1_000_000 {
            let stretch = log.stretch(at);
            told.extend(stretch.events.iter().map(|event| (event.sel, event.seq)));
            at = stretch.through;
        }
        let hears = |seq: u64| [one(seq).sel, Some(org(seq))].iter().any(|sel| told.get(sel) >= Some(&seq));
        assert!((1..=1_000_000).all(hears));
        assert!(told.len() <= MOST_ENTRIES);
    }
}
