//! The revocation log as a whole: a new epoch after the database went back to an older state.

use jiff::Timestamp;

use super::{TRIES, contended, events};
use crate::{
    Context,
    model::{AuditEntry, AuditKind, LogPosition, Reason, Selector, UserId, later},
    store::{Applied, Change, Changes, Conflict, StoreError},
};

/// How far ahead of this machine's clock an epoch can be that was ever given out: they are Unix seconds, and a clock that is set
/// back is off by less.
const CLOCK_TOLERANCE: u32 = 86_400;

/// Returns whether a log that now ends at `head` has lost something, if it was at `seen` before.
///
/// Positions are compared that one log has had. A database that was put back to an older state would give out numbers for the
/// second time: whoever has read past them would never hear of what they mean now.
pub fn went_back(head: LogPosition, seen: LogPosition, now: Timestamp) -> bool {
    seen > head && seen.epoch <= unix_seconds(now).saturating_add(CLOCK_TOLERANCE)
}

/// Begins another epoch of the log, unless it has left `from` meanwhile. Returns where the log stands.
///
/// Every token of before is stale: all clients refresh once, spread over some seconds. `seen` is how far the log is known to have
/// been, where that is further than the database says.
pub async fn begin_epoch(
    ctx: &Context,
    from: u32,
    seen: Option<LogPosition>,
    actor: Option<UserId>,
    now: Timestamp,
) -> Result<LogPosition, StoreError> {
    for _ in 0..TRIES {
        let head = ctx.store.log_head().await?;
        if head.epoch != from {
            return Ok(head);
        }
        let lost = seen.map(|seen| seen.epoch).filter(|epoch| *epoch > head.epoch);
        let to = unix_seconds(now).max(lost.unwrap_or(head.epoch).saturating_add(1));
        let forget_at = later(now, ctx.settings.tokens.reach());
        let entry = AuditEntry {
            actor,
            detail: Some(match seen.filter(|seen| *seen > head) {
                Some(seen) => format!("epoch {to}: the log was at {seen} and the database ended at {head}"),
                None => format!("epoch {to}: the database ended at {head}"),
            }),
            ..AuditEntry::new(AuditKind::RevocationEpochBegun, now)
        };
        let changes = Changes::one(Change::BeginEpoch { from, to, lost, forget_at })
            .event(events::stale(Selector::Everything, Reason::LogRebuilt, now, &ctx.settings))
            .audit(entry);
        match ctx.store.apply(changes).await? {
            Applied::Committed { head, .. } => return Ok(head),
            Applied::Conflict(Conflict::EpochChanged) => {}
            Applied::Conflict(conflict) => {
                return Err(StoreError::Defect { doing: "beginning an epoch", source: conflict.into() });
            }
        }
    }
    Err(contended("beginning an epoch"))
}

fn unix_seconds(now: Timestamp) -> u32 {
    u32::try_from(now.as_second()).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_support::Kit;

    fn at(epoch: u32, seq: u64) -> LogPosition {
        LogPosition { epoch, seq }
    }

    #[test]
    fn a_log_went_back_when_it_was_further_before() {
        let now = Timestamp::from_second(1_800_000_000).expect("a time");

        assert!(went_back(at(5, 3), at(5, 4), now));
        assert!(went_back(at(5, 3), at(6, 1), now));
        assert!(!went_back(at(5, 3), at(5, 3), now));
        assert!(!went_back(at(5, 3), at(4, 99), now));
    }

    #[test]
    fn an_epoch_that_nobody_can_have_given_out_proves_nothing() {
        let now = Timestamp::from_second(1_800_000_000).expect("a time");

        assert!(!went_back(at(5, 3), at(u32::MAX - 1, 4), now));
    }

    #[tokio::test]
    async fn a_new_epoch_is_later_than_all_that_were_seen_and_makes_everything_stale() {
        let kit = Kit::new().await;
        let before = kit.ctx.store.log_head().await.expect("the store works");
        let now = kit.clock.now();
        let lost = at(unix_seconds(now) + 5, 7);

        let head = begin_epoch(&kit.ctx, before.epoch, Some(lost), None, now).await.expect("the store works");

        assert!(head > lost && head.seq > before.seq);
        let events = kit.ctx.store.events_after(before.seq, 10).await.expect("the store works");
        let told = events.iter().map(|event| (&event.event.selector, event.event.reason));
        assert_eq!(told.collect::<Vec<_>>(), [(&Selector::Everything, Reason::LogRebuilt)]);
        let earlier = kit.ctx.store.earlier_epochs().await.expect("the store works");
        assert_eq!(earlier, [before, at(lost.epoch, before.seq)]);
    }

    #[tokio::test]
    async fn of_two_replicas_that_notice_one_begins_the_epoch() {
        let kit = Kit::new().await;
        let from = kit.ctx.store.log_head().await.expect("the store works").epoch;
        let now = kit.clock.now();

        let begin = || begin_epoch(&kit.ctx, from, None, None, now);
        let (one, other) = tokio::join!(begin(), begin());

        assert_eq!(one.expect("the store works"), other.expect("the store works"));
        assert_eq!(kit.ctx.store.earlier_epochs().await.expect("the store works").len(), 1);
    }
}
