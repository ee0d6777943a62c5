//! Remembers verified tokens, so that the next request with the same one costs a comparison instead of a signature.
//!
//! Each thread has a table of its own: cores share nothing that either of them writes, so none waits for another. The price
//! is one verification per token and thread. The budget of bytes is shared by all threads.
//!
//! An entry counts only for the very same token, all of its bytes compared; until the token expires; and as long as the keys
//! are those it was verified with.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::hash::{BuildHasher as _, RandomState};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Weak};

use handstamp_token::{UnixTime, VerifiedToken};
use hashbrown::HashTable;

use crate::principal::{Identity, Verified};

mod remembered;

pub(crate) use remembered::{Remembered, Validity};

/// How much a verifier remembers.
///
/// A hit takes about 70 ns while the tokens fit into the processor's caches. With 100,000 of them it waits for memory, and for half as
/// long where the allocator uses huge pages: on Linux with glibc, start the service with `GLIBC_TUNABLES=glibc.malloc.hugetlb=1`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CacheLimits {
    /// The most tokens, over all threads.
    pub entries: usize,
    /// The most bytes, over all threads: tokens, claims and bookkeeping.
    pub bytes: usize,
}

impl Default for CacheLimits {
    /// 32,768 tokens in 32 MiB. Nothing is taken before it is needed.
    fn default() -> Self {
        Self { entries: 32_768, bytes: 32 * 1024 * 1024 }
    }
}

/// The cache of one verifier.
pub(crate) struct TokenCache {
    shared: Arc<Shared>,
}

/// What the tables of all threads have in common. It is written on a miss only.
struct Shared {
    id: u64,
    limits: CacheLimits,
    /// One thread's share, so that the first thread to run does not starve the others.
    share: CacheLimits,
    /// Places in the tables are nothing an attacker can predict.
    hasher: TailHasher,
    bytes: AtomicUsize,
    entries: AtomicUsize,
}

thread_local! {
    static TABLES: RefCell<Vec<Table>> = const { RefCell::new(Vec::new()) };
}

/// One thread's part of one verifier's cache.
struct Table {
    owner_id: u64,
    owner: Weak<Shared>,
    /// By the hash that each of them keeps.
    entries: HashTable<Arc<Remembered>>,
    /// Oldest first, each entry once. One that was used since it was last looked at gets a second round.
    order: VecDeque<u64>,
    bytes: usize,
}

impl TokenCache {
    pub(crate) fn new(limits: CacheLimits) -> Self {
        static IDS: AtomicU64 = AtomicU64::new(0);
        let threads = std::thread::available_parallelism().map_or(1, usize::from);
        let share =
            CacheLimits { entries: limits.entries.div_ceil(threads), bytes: limits.bytes.div_ceil(threads) };
        let id = IDS.fetch_add(1, Ordering::Relaxed);
        let (bytes, entries) = (AtomicUsize::new(0), AtomicUsize::new(0));
        Self { shared: Arc::new(Shared { id, limits, share, hasher: TailHasher::new(), bytes, entries }) }
    }

    /// Returns what verifying this token yielded, if that still holds, and what `look` makes of it.
    ///
    /// `look` is asked before the token is compared: with many tokens neither is in the processor's cache, and both are
    /// fetched at once. What it says of another token is thrown away.
    pub(crate) fn find<T>(
        &self,
        token: &str,
        key_generation: u64,
        now: UnixTime,
        look: impl FnOnce(&Verified) -> T,
    ) -> Option<(Arc<Remembered>, T)> {
        let hash = self.shared.hash(token);
        let find = |tables: &RefCell<Vec<Table>>| {
            // Borrowed already: a destructor of the service's claims calls us. It gets a miss.
            let tables = tables.try_borrow().ok()?;
            let table = tables.iter().find(|table| table.owner_id == self.shared.id)?;
            let found = table.entries.find(hash, |entry| entry.hash() == hash)?;
            let looked = look(found);
            found.holds(token, key_generation, now).then(|| {
                found.set_used();
                (Arc::clone(found), looked)
            })
        };
        TABLES.try_with(find).ok().flatten()
    }

    /// Remembers a verified token, forgetting others where the limits ask for it. Returns it in the form it is remembered in.
    pub(crate) fn insert(
        &self,
        token: &str,
        verified: VerifiedToken<Identity>,
        validity: Validity,
        now: UnixTime,
    ) -> Arc<Remembered> {
        let entry = match Remembered::new(token, self.shared.hash(token), validity, verified) {
            Ok(entry) => entry,
            Err(verified) => return Remembered::without_token(verified),
        };
        // A thread that is ending has no table any more, and needs none.
        let _ = TABLES.try_with(|tables| {
            if let Ok(mut tables) = tables.try_borrow_mut() {
                self.table(&mut tables).insert(Arc::clone(&entry), &self.shared, now);
            }
        });
        entry
    }

    fn table<'t>(&self, tables: &'t mut Vec<Table>) -> &'t mut Table {
        let index = tables.iter().position(|table| table.owner_id == self.shared.id).unwrap_or_else(|| {
            // Verifiers come and go in tests; a new one is a good moment to let go of those that went.
            tables.retain(|table| table.owner.strong_count() > 0);
            tables.push(Table::new(&self.shared));
            tables.len() - 1
        });
        &mut tables[index]
    }
}

impl Shared {
    fn hash(&self, token: &str) -> u64 {
        self.hasher.hash(token.as_bytes())
    }
}

impl Table {
    fn new(owner: &Arc<Shared>) -> Self {
        Self {
            owner_id: owner.id,
            owner: Arc::downgrade(owner),
            entries: HashTable::new(),
            order: VecDeque::new(),
            bytes: 0,
        }
    }

    fn insert(&mut self, entry: Arc<Remembered>, shared: &Shared, now: UnixTime) {
        while self.order.front().is_some_and(|oldest| self.is_dead(*oldest, now)) {
            self.evict(shared, now);
        }
        let cost = entry.cost();
        while !self.order.is_empty() && !self.has_room(cost, shared) {
            self.evict(shared, now);
        }
        if !self.has_room(cost, shared) {
            return;
        }
        let hash = entry.hash();
        // What comes again (after a change of keys, say) takes the place it has, also in the queue, which would grow otherwise.
        if !self.remove(hash, shared) {
            self.order.push_back(hash);
        }
        shared.bytes.fetch_add(cost, Ordering::Relaxed);
        shared.entries.fetch_add(1, Ordering::Relaxed);
        self.bytes += cost;
        self.entries.insert_unique(hash, entry, |entry| entry.hash());
    }

    fn has_room(&self, cost: usize, shared: &Shared) -> bool {
        self.entries.len() < shared.share.entries
            && self.bytes + cost <= shared.share.bytes
            && shared.entries.load(Ordering::Relaxed) < shared.limits.entries
            && shared.bytes.load(Ordering::Relaxed) + cost <= shared.limits.bytes
    }

    fn is_dead(&self, hash: u64, now: UnixTime) -> bool {
        self.entry(hash).is_none_or(|entry| entry.is_dead(now))
    }

    fn entry(&self, hash: u64) -> Option<&Arc<Remembered>> {
        self.entries.find(hash, |entry| entry.hash() == hash)
    }

    /// Forgets the oldest entry that is dead, or was not used since its last turn.
    fn evict(&mut self, shared: &Shared, now: UnixTime) {
        while let Some(hash) = self.order.pop_front() {
            let Some(entry) = self.entry(hash) else { return };
            if entry.take_used() && !entry.is_dead(now) {
                self.order.push_back(hash);
                continue;
            }
            self.remove(hash, shared);
            return;
        }
    }

    /// Forgets an entry but for its place in the queue, and returns whether it was there.
    fn remove(&mut self, hash: u64, shared: &Shared) -> bool {
        let Ok(entry) = self.entries.find_entry(hash, |entry| entry.hash() == hash) else { return false };
        let cost = entry.remove().0.cost();
        self.bytes -= cost;
        shared.bytes.fetch_sub(cost, Ordering::Relaxed);
        shared.entries.fetch_sub(1, Ordering::Relaxed);
        true
    }
}

/// A thread that ends gives its part of the budget back.
impl Drop for Table {
    fn drop(&mut self) {
        if let Some(shared) = self.owner.upgrade() {
            shared.bytes.fetch_sub(self.bytes, Ordering::Relaxed);
            shared.entries.fetch_sub(self.entries.len(), Ordering::Relaxed);
        }
    }
}

/// Hashes a token by its end, which is the end of its signature: nobody but the issuer chooses it. Two drawn numbers keep even the
/// issuer from choosing places. Two tokens with one hash cost a verification, never a confusion: the whole token is compared.
struct TailHasher {
    keys: [u64; 2],
}

impl TailHasher {
    fn new() -> Self {
        Self { keys: [0, 1].map(|index: u64| RandomState::new().hash_one(index)) }
    }

    fn hash(&self, token: &[u8]) -> u64 {
        let mut tail = [[0; 8]; 2];
        if let Some(last) = token.last_chunk::<16>() {
            tail = [last.first_chunk(), last.last_chunk()].map(|half| half.copied().unwrap_or_default());
        } else {
            // Shorter than any token, and than what two words hold.
            tail.as_flattened_mut().iter_mut().zip(token).for_each(|(to, from)| *to = *from);
        }
        let [first, second] = tail.map(u64::from_le_bytes);
        let product = u128::from(first ^ self.keys[0]) * u128::from((second ^ self.keys[1]) | 1);
        #[expect(clippy::cast_possible_truncation, reason = "both halves are wanted")]
        let halves = [product as u64, (product >> 64) as u64];
        halves[0] ^ halves[1]
    }
}

#[cfg(test)]
mod tests;
