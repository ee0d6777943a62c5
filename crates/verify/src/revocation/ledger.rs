use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use handstamp_api_types::Rev;
use handstamp_api_types::revocation::{RevocationKind, RevocationLevel};
use handstamp_token::UnixTime;

use super::{
    filter::Filter,
    identity::{NARROW_LEVELS, narrow_index},
    marks::{Marks, NEWER_THAN_ALL, OLDEST, Order},
    selector::{Selector, SelectorKey},
    snapshot::Snapshot,
    stretch::Event,
    table::{Slot, Table},
};

/// The writer's side: takes events, keeps memory within its bound, and makes the snapshots that readers see.
#[derive(Debug)]
pub(super) struct Ledger {
    next: Snapshot,
    staged: HashMap<Selector, Slot>,
    /// How many of the staged selectors the table does not have yet.
    staged_new: usize,
    /// When the last event of each narrow level can be forgotten.
    forget_level_at: [u32; NARROW_LEVELS.len()],
    forget_everything_at: u32,
    max_events: usize,
    /// The next shard to be swept.
    broom: usize,
    added_to_filter: usize,
    changed: bool,
    coarsened: u64,
}

/// A slower verifier clock must not forget early. The same bound as the leeway of a verifier.
const LEEWAY: Duration = crate::MAX_LEEWAY;

/// The table is swept once in this many calls: a forgotten event stays that much longer, which harms nobody.
const SWEEPS_PER_ROUND: usize = 60;

/// The next snapshot's number.
static NUMBERS: AtomicU64 = AtomicU64::new(1);

/// So many events are merged at once while catching up.
const STAGE_AT_MOST: usize = 16_384;

impl Ledger {
    pub(super) fn new(max_events: usize) -> Self {
        Self {
            next: Snapshot::empty(),
            staged: HashMap::new(),
            staged_new: 0,
            forget_level_at: [0; NARROW_LEVELS.len()],
            forget_everything_at: 0,
            max_events,
            broom: 0,
            added_to_filter: 0,
            changed: false,
            coarsened: 0,
        }
    }

    /// Returns whether another epoch has followed on this one.
    pub(super) fn has_left(&self, epoch: u32) -> bool {
        self.next.epochs.has_left(epoch)
    }

    /// Returns the order of a `seq` in the current log.
    pub(super) fn order(&self, seq: u64) -> Order {
        self.next.epochs.order(seq)
    }

    /// Returns how often an event had to be widened for lack of room.
    pub(super) fn coarsened(&self) -> u64 {
        self.coarsened
    }

    /// Begins another epoch, whose log goes on from `earlier` ones. What is held stays, and hits tokens of the epochs it is from.
    pub(super) fn begin_epoch(&mut self, epoch: u32, earlier: &[Rev]) {
        self.next.epochs.begin(epoch, earlier);
        self.changed = true;
    }

    /// Sets the key that selectors are hashed under, and returns whether it was another before. What is held under that one can
    /// be compared with no token any more, so it becomes one event against everybody.
    pub(super) fn set_key(&mut self, key: SelectorKey) -> bool {
        let known = self.next.key.as_ref().map(SelectorKey::fingerprint);
        if known == Some(key.fingerprint()) {
            return false;
        }
        if known.is_some() {
            tracing::warn!("the key of the revocation feed changed: every token has to be refreshed once");
            self.fold_into_everything();
            // Keys are few and the issuer has to repeat them under the new hash; until then their tokens are stale at least.
            self.next.kids.clear();
        }
        self.next.key = Some(key);
        self.changed = true;
        known.is_some()
    }

    /// Takes an event of the current epoch.
    pub(super) fn add(&mut self, event: &Event) {
        let order = self.order(event.seq);
        self.next.newest = self.next.newest.max(order);
        self.changed = true;
        match (event.level, event.selector) {
            (RevocationLevel::Key, Some(selector)) => {
                let marks = Marks::of(event.kind, NEWER_THAN_ALL);
                self.add_kid(Slot { selector, marks, forget_at: event.forget_at });
            }
            (level, Some(selector)) if narrow_index(level).is_some() => {
                let slot = Slot { selector, marks: Marks::of(event.kind, order), forget_at: event.forget_at };
                if !self.stage(level, slot) {
                    self.coarsen(event, order);
                }
            }
            _ => self.add_everything(Marks::of(event.kind, order), event.forget_at),
        }
        if self.staged.len() >= STAGE_AT_MOST {
            self.merge_staged();
        }
    }

    /// Returns the snapshot that readers are to see, if it differs from the last one.
    pub(super) fn publish(&mut self) -> Option<Arc<Snapshot>> {
        if !self.changed {
            return None;
        }
        self.merge_staged();
        self.next.number = NUMBERS.fetch_add(1, Ordering::Relaxed);
        self.changed = false;
        Some(Arc::new(self.next.clone()))
    }

    /// Drops a part of what nobody needs any more, and returns the smaller snapshot. It has the number of the last one: whoever
    /// passed that one passes this.
    ///
    /// Leaked keys stay for as long as the process runs: what a thief signs never gets old, and a service that cannot fetch the
    /// key set, or was built with a fixed one, holds the key longer than the log tells of it.
    pub(super) fn sweep(&mut self, now: UnixTime) -> Option<Arc<Snapshot>> {
        if self.changed {
            // The next publication will bring it along.
            return None;
        }
        let now = forget_time(now.saturating_sub(LEEWAY));
        let before = (self.next.len(), self.next.everything);
        self.forget_whole_levels(now);
        let everything = self.next.everything;
        let keep = |slot: &Slot| slot.forget_at > now && !everything.cover(slot.marks);
        for _ in 0..self.next.table.shard_count().div_ceil(SWEEPS_PER_ROUND) {
            self.next.table.sweep(self.broom, keep);
            self.broom = self.broom.wrapping_add(1);
        }
        ((self.next.len(), self.next.everything) != before).then(|| Arc::new(self.next.clone()))
    }

    /// Stages a slot for the table, unless it would be one too many.
    fn stage(&mut self, level: RevocationLevel, slot: Slot) -> bool {
        let Some(index) = narrow_index(level) else { return false };
        if let Some(staged) = self.staged.get_mut(&slot.selector) {
            staged.merge(&slot);
        } else {
            let is_new = !self.is_in_table(slot.selector);
            if is_new && self.next.table.len() + self.staged_new >= self.room_for(level) {
                return false;
            }
            self.staged_new += usize::from(is_new);
            self.staged.insert(slot.selector, slot);
        }
        self.next.newest_at[index] = self.next.newest_at[index].max(slot.marks.newest());
        self.forget_level_at[index] = self.forget_level_at[index].max(slot.forget_at);
        true
    }

    fn is_in_table(&self, selector: Selector) -> bool {
        self.next.filter.may_hold(selector) && self.next.table.find(selector).is_some()
    }

    /// Wider levels have room left when narrower ones do not: one of them can stand for many.
    fn room_for(&self, level: RevocationLevel) -> usize {
        let extra = match level {
            RevocationLevel::Organization | RevocationLevel::Client => self.max_events / 4,
            RevocationLevel::Subject => self.max_events / 8,
            _ => 0,
        };
        self.max_events.saturating_add(extra)
    }

    /// There is no room for the event: a wider one takes its place. Tokens that would have been dead are then stale: they are
    /// refused as well, and whether they can be refreshed is for the auth service to say.
    fn coarsen(&mut self, event: &Event, order: Order) {
        self.coarsened += 1;
        let marks = Marks::of(RevocationKind::Stale, order);
        for (level, selector) in
            [(RevocationLevel::Subject, event.subject), (RevocationLevel::Organization, event.organization)]
        {
            let wider = narrow_index(level) < narrow_index(event.level);
            let Some(selector) = selector.filter(|_| wider) else { continue };
            if self.stage(level, Slot { selector, marks, forget_at: event.forget_at }) {
                return;
            }
        }
        tracing::warn!(
            max_events = self.max_events,
            "there are too many revocations to tell apart: every token has to be refreshed once"
        );
        self.add_everything(marks, event.forget_at);
        self.fold_into_everything();
    }

    fn add_everything(&mut self, marks: Marks, forget_at: u32) {
        self.next.everything.merge(marks);
        self.forget_everything_at = self.forget_everything_at.max(forget_at);
    }

    /// Replaces all narrow events by one against every token up to the newest of them.
    fn fold_into_everything(&mut self) {
        let forget_at = self.forget_level_at.into_iter().max().unwrap_or_default();
        self.add_everything(Marks::of(RevocationKind::Stale, self.next.newest), forget_at);
        self.staged.clear();
        self.staged_new = 0;
        self.next.table = Table::empty();
        self.next.filter = Arc::new(Filter::with_room_for(0));
        self.added_to_filter = 0;
        self.next.newest_at = [OLDEST; NARROW_LEVELS.len()];
        self.forget_level_at = [0; NARROW_LEVELS.len()];
    }

    fn add_kid(&mut self, slot: Slot) {
        let kids = &mut self.next.kids;
        match kids.binary_search_by(|other| other.selector.cmp(&slot.selector)) {
            Ok(at) => kids[at].merge(&slot),
            Err(at) => kids.insert(at, slot),
        }
    }

    fn merge_staged(&mut self) {
        let mut slots: Vec<Slot> = self.staged.drain().map(|(_, slot)| slot).collect();
        self.staged_new = 0;
        slots.sort_unstable_by_key(|slot| slot.selector);
        self.next.table.merge(&slots);
        self.added_to_filter += slots.len();
        if self.added_to_filter <= self.next.filter.room() {
            for slot in &slots {
                self.next.filter.add(slot.selector);
            }
        } else {
            self.renew_filter();
        }
    }

    /// A filter cannot forget: once it has been added to enough, it is made anew from what is still there.
    fn renew_filter(&mut self) {
        let count = self.next.table.len();
        let filter = Filter::with_room_for(count + count / 4);
        self.next.table.slots().for_each(|slot| filter.add(slot.selector));
        self.next.filter = Arc::new(filter);
        self.added_to_filter = count;
    }

    fn forget_whole_levels(&mut self, now: u32) {
        for (newest, forget_at) in self.next.newest_at.iter_mut().zip(&self.forget_level_at) {
            if *forget_at <= now {
                *newest = OLDEST;
            }
        }
        if self.forget_everything_at <= now {
            self.next.everything = Marks::default();
        }
    }
}

/// Returns a time as it is kept in a [`Slot`]: later than 2106 is as good as for ever.
pub(super) fn forget_time(time: UnixTime) -> u32 {
    u32::try_from(time.as_secs().max(0)).unwrap_or(u32::MAX)
}
