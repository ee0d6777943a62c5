use std::collections::VecDeque;

use handstamp_api_types::{
    Rev,
    revocation::{MAX_EVENTS_PER_BATCH, RevocationEvent},
};
use handstamp_token::UnixTime;

/// The part of the log that somebody may still have to know, in memory: subscribers cost the store nothing.
#[derive(Debug)]
pub(super) struct Log {
    position: Rev,
    events: VecDeque<RevocationEvent>,
}

/// A stretch of the log: all that is left of the events with `after < seq <= through`.
#[derive(Debug, Clone)]
pub(super) struct Stretch {
    pub(super) epoch: u32,
    pub(super) after: u64,
    pub(super) through: u64,
    pub(super) head: u64,
    pub(super) events: Vec<RevocationEvent>,
}

impl Log {
    /// Begins a log that nothing was read of yet.
    pub(super) fn of_epoch(epoch: u32) -> Self {
        Self { position: Rev { epoch, seq: 0 }, events: VecDeque::new() }
    }

    pub(super) fn position(&self) -> Rev {
        self.position
    }

    pub(super) fn len(&self) -> usize {
        self.events.len()
    }

    pub(super) fn extend(&mut self, events: &[RevocationEvent], through: u64) {
        self.events.extend(events.iter().cloned());
        self.position.seq = through;
    }

    /// Forgets what can hit no token any more.
    pub(super) fn forget(&mut self, now: UnixTime) {
        self.events.retain(|event| event.forget_at > now);
    }

    /// Returns the next stretch for a reader who knows everything up to `after`.
    pub(super) fn stretch(&self, after: u64) -> Stretch {
        let first = self.events.partition_point(|event| event.seq <= after);
        let events: Vec<_> = self.events.range(first..).take(MAX_EVENTS_PER_BATCH).cloned().collect();
        let through = match events.last() {
            Some(last) if events.len() == MAX_EVENTS_PER_BATCH => last.seq,
            _ => self.position.seq,
        };
        Stretch { epoch: self.position.epoch, after, through, head: self.position.seq, events }
    }

    /// Returns from where a reader has to be told: from its own position, if that is one of this log.
    pub(super) fn resume(&self, from: Option<Rev>) -> u64 {
        from.filter(|at| at.epoch == self.position.epoch && at.seq <= self.position.seq)
            .map_or(0, |at| at.seq)
    }
}

#[cfg(test)]
mod tests {
    use handstamp_api_types::{
        Rev,
        revocation::{MAX_EVENTS_PER_BATCH, RevocationEvent, RevocationKind, RevocationLevel},
    };
    use handstamp_token::UnixTime;

    use super::Log;

    fn event(seq: u64) -> RevocationEvent {
        RevocationEvent {
            seq,
            level: RevocationLevel::All,
            sel: None,
            kind: RevocationKind::Dead,
            reason: "operator".to_owned(),
            at: UnixTime::from_secs(0),
            forget_at: UnixTime::from_secs(i64::try_from(seq).unwrap() + 100),
            sub: None,
            org: None,
        }
    }

    fn log(through: u64) -> Log {
        let mut log = Log::of_epoch(1);
        log.extend(&(1..=through).map(event).collect::<Vec<_>>(), through);
        log
    }

    /// The property that everything rests on: from any starting point, the stretches bring the whole rest once, in order.
    #[test]
    fn stretches_from_any_point_bring_the_rest_of_the_log() {
        let through = 2 * MAX_EVENTS_PER_BATCH as u64 + 7;
        let log = log(through);
        for start in [0, 1, 499, 500, 501, through - 1, through] {
            let (mut at, mut seen) = (start, Vec::new());
            loop {
                let stretch = log.stretch(at);
                assert_eq!(stretch.after, at);
                seen.extend(stretch.events.iter().map(|event| event.seq));
                at = stretch.through;
                if at == stretch.head {
                    break;
                }
            }
            assert_eq!(seen, (start + 1..=through).collect::<Vec<_>>());
        }
    }

    #[test]
    fn what_is_forgotten_leaves_no_gap() {
        let mut log = log(10);

        log.forget(UnixTime::from_secs(105));

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
}
