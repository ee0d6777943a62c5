use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use handstamp_token::UnixTime;

use super::held::Held;
use super::{ProfileError, is_left_in_peace};
use crate::CacheLimits;

/// The profiles that are at hand.
pub(super) struct Cache {
    table: Mutex<Table>,
    limits: CacheLimits,
}

/// How much a source keeps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ProfilesHeld {
    /// So many users, those that are not there included.
    pub entries: usize,
    /// About so many bytes.
    pub bytes: usize,
}

#[derive(Default)]
struct Table {
    slots: HashMap<String, Arc<Slot>>,
    bytes: usize,
    /// Moves with every look.
    tick: u64,
}

/// One user, and the right to ask for them.
pub(super) struct Slot {
    pub(super) sub: String,
    pub(super) turn: Arc<tokio::sync::Mutex<()>>,
    state: Mutex<State>,
    /// When it was last looked at.
    used: AtomicU64,
}

#[derive(Default)]
struct State {
    held: Option<Arc<Held>>,
    /// How many questions have failed, and how the last one did: whoever waited for it is told the same, and does not ask in turn.
    failures: u64,
    failure: Option<Failure>,
}

struct Failure {
    error: ProfileError,
    /// Until then nobody asks again.
    until: UnixTime,
}

impl Cache {
    pub(super) fn new(limits: CacheLimits) -> Self {
        Self { table: Mutex::default(), limits: CacheLimits { entries: limits.entries.max(1), ..limits } }
    }

    /// Returns the place of a user, which may be empty.
    pub(super) fn slot(&self, sub: &str) -> Arc<Slot> {
        let mut table = self.table();
        table.tick += 1;
        let tick = table.tick;
        if let Some(slot) = table.slots.get(sub) {
            slot.used.store(tick, Ordering::Relaxed);
            return Arc::clone(slot);
        }
        if table.slots.len() >= self.limits.entries {
            table.make_room(self.limits);
        }
        let slot = Arc::new(Slot::new(sub, tick));
        table.bytes += slot.cost();
        table.slots.insert(sub.to_owned(), Arc::clone(&slot));
        slot
    }

    /// Keeps what the auth service said, and forgets others where the limits ask for it.
    pub(super) fn put(&self, slot: &Slot, held: Held) {
        let mut table = self.table();
        // Forgotten while it was asked for: whoever waits for it is told, and nobody after them.
        let is_kept = table.has(slot);
        let before = if is_kept { slot.cost() } else { 0 };
        {
            let mut state = slot.state();
            state.held = Some(Arc::new(held));
            state.failure = None;
        }
        if is_kept {
            table.bytes = table.bytes - before + slot.cost();
        }
        if table.bytes > self.limits.bytes {
            table.make_room(self.limits);
        }
        // It is too much even by itself.
        if is_kept && table.bytes > self.limits.bytes {
            table.remove(&slot.sub);
        }
    }

    /// Lets go of what is known of a user. Their place stays: it says why there was no answer.
    pub(super) fn let_go(&self, slot: &Slot) {
        let mut table = self.table();
        let before = slot.cost();
        slot.state().held = None;
        if table.has(slot) {
            table.bytes = table.bytes - before + slot.cost();
        }
    }

    pub(super) fn held(&self) -> ProfilesHeld {
        let table = self.table();
        ProfilesHeld { entries: table.slots.len(), bytes: table.bytes }
    }

    fn table(&self) -> MutexGuard<'_, Table> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Table {
    /// Forgets those that were looked at longest ago, an eighth more than need be, so that it is not done for each new one. What
    /// somebody looks at just now stays.
    fn make_room(&mut self, limits: CacheLimits) {
        let mut by_use: Vec<_> = self
            .slots
            .values()
            .filter(|slot| Arc::strong_count(slot) == 1)
            .map(|slot| (slot.used.load(Ordering::Relaxed), slot.sub.clone()))
            .collect();
        by_use.sort_unstable();
        let (entries, bytes) = (limits.entries - limits.entries.div_ceil(8), limits.bytes / 8 * 7);
        for (_, sub) in by_use {
            if self.slots.len() <= entries && self.bytes <= bytes {
                return;
            }
            self.remove(&sub);
        }
    }

    /// Returns whether this is the user's place, and was not forgotten.
    fn has(&self, slot: &Slot) -> bool {
        self.slots.get(&slot.sub).is_some_and(|kept| std::ptr::eq(Arc::as_ptr(kept), slot))
    }

    fn remove(&mut self, sub: &str) {
        if let Some(slot) = self.slots.remove(sub) {
            self.bytes -= slot.cost();
        }
    }
}

impl Slot {
    fn new(sub: &str, tick: u64) -> Self {
        let (turn, state, used) = (Arc::default(), Mutex::default(), AtomicU64::new(tick));
        Self { sub: sub.to_owned(), turn, state, used }
    }

    /// Returns what is held, and how many questions have failed so far.
    pub(super) fn seen(&self) -> (Option<Arc<Held>>, u64) {
        let state = self.state();
        (state.held.clone(), state.failures)
    }

    pub(super) fn failure(&self) -> Option<ProfileError> {
        self.state().failure.as_ref().map(|failure| failure.error.clone())
    }

    /// Returns how the last question failed, if that was a moment ago.
    pub(super) fn failed_lately(&self, now: UnixTime) -> Option<ProfileError> {
        let state = self.state();
        let lately = state.failure.as_ref().filter(|failure| is_left_in_peace(failure.until, now));
        lately.map(|failure| failure.error.clone())
    }

    pub(super) fn note_failure(&self, error: &ProfileError, until: UnixTime) {
        let mut state = self.state();
        state.failures += 1;
        state.failure = Some(Failure { error: error.clone(), until });
    }

    /// The name stands twice, and the map is half empty at worst.
    fn cost(&self) -> usize {
        let held = self.state().held.as_ref().map_or(0, |held| held.cost());
        size_of::<Self>() + 2 * self.sub.len() + 2 * size_of::<(String, Arc<Self>)>() + held
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use handstamp_api_types::Rev;
    use handstamp_token::UnixTime;
    use serde_json::json;

    use super::super::fetch::At;
    use super::*;

    fn held(sub: &str, bytes: usize) -> Held {
        let snapshot = json!({
            "sub": sub, "preferred_username": sub, "roles": [], "active": true, "profile": { "text": "x".repeat(bytes) },
        });
        let at = At { rev: Rev { epoch: 1, seq: 0 }, keep: Duration::from_mins(10) };
        Held::new(serde_json::from_value(snapshot).unwrap(), "\"x\"".to_owned(), at, UnixTime::from_secs(0))
    }

    fn put(cache: &Cache, sub: &str, bytes: usize) {
        let slot = cache.slot(sub);
        cache.put(&slot, held(sub, bytes));
    }

    fn has(cache: &Cache, sub: &str) -> bool {
        cache.table().slots.get(sub).is_some_and(|slot| slot.seen().0.is_some())
    }

    #[test]
    fn the_number_of_users_is_bounded_and_who_was_asked_for_longest_ago_goes_first() {
        let cache = Cache::new(CacheLimits { entries: 16, bytes: usize::MAX });
        (0..16).for_each(|number| put(&cache, &number.to_string(), 1));
        cache.slot("0");

        put(&cache, "one more", 1);

        assert!(has(&cache, "0") && has(&cache, "15") && has(&cache, "one more"));
        assert!(!has(&cache, "1"));
        assert!(cache.held().entries <= 16);
    }

    #[test]
    fn bytes_are_bounded_whatever_comes() {
        let cache = Cache::new(CacheLimits { entries: 1000, bytes: 64 * 1024 });
        for number in 0..200 {
            put(&cache, &number.to_string(), 16 * 1024 / (1 + number % 7));
            assert!(cache.held().bytes <= 64 * 1024, "{:?}", cache.held());
        }
        assert!(has(&cache, "199"));
    }

    #[test]
    fn one_that_is_larger_than_all_the_room_is_not_kept() {
        let cache = Cache::new(CacheLimits { entries: 10, bytes: 8 * 1024 });
        put(&cache, "large", 16 * 1024);
        assert_eq!(cache.held(), ProfilesHeld { entries: 0, bytes: 0 });
    }

    #[test]
    fn what_is_replaced_is_counted_once_and_what_is_forgotten_not_at_all() {
        let cache = Cache::new(CacheLimits { entries: 10, bytes: usize::MAX });
        put(&cache, "ada", 1000);
        let one = cache.held();
        put(&cache, "ada", 5000);
        put(&cache, "ada", 1000);
        assert_eq!(cache.held(), one);

        cache.let_go(&cache.slot("ada"));
        assert!(cache.held().entries == 1 && cache.held().bytes < one.bytes && !has(&cache, "ada"));
        cache.table().remove("ada");
        assert_eq!(cache.held(), ProfilesHeld { entries: 0, bytes: 0 });
    }

    #[test]
    fn what_was_forgotten_while_it_was_asked_for_is_not_counted() {
        let cache = Cache::new(CacheLimits { entries: 10, bytes: usize::MAX });
        let slot = cache.slot("ada");
        cache.table().remove("ada");

        cache.put(&slot, held("ada", 100));

        assert!(slot.seen().0.is_some());
        assert_eq!(cache.held(), ProfilesHeld { entries: 0, bytes: 0 });
    }
}
