//! Remembers verified tokens, so that the next request with the same one costs a comparison instead of a signature.
//!
//! Each thread has a table of its own: cores share nothing that either of them writes, so none waits for another. The price
//! is one verification per token and thread. The budget of bytes is shared by all threads.
//!
//! An entry counts only for the very same token, all of its bytes compared; until the token expires; and as long as the keys
//! are those it was verified with.

use std::cell::{Cell, RefCell};
use std::collections::{HashMap, VecDeque};
use std::hash::{BuildHasher, BuildHasherDefault, Hasher, RandomState};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Weak};

use handstamp_token::UnixTime;

use crate::principal::Verified;

/// How much a verifier remembers.
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
    /// Tables are keyed by what an attacker cannot predict.
    hasher: RandomState,
    bytes: AtomicUsize,
    entries: AtomicUsize,
}

/// How long an entry may be believed.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Validity {
    /// The keys it was verified with.
    key_generation: u64,
    /// From this on it is dead, leeway included.
    until: UnixTime,
    /// Longer than this before `until`, the token was not valid yet: clocks can be set back. Four bytes, so that an entry fits
    /// into one line of the processor's cache.
    seconds: u32,
}

thread_local! {
    static TABLES: RefCell<Vec<Table>> = const { RefCell::new(Vec::new()) };
}

/// One thread's part of one verifier's cache.
struct Table {
    owner_id: u64,
    owner: Weak<Shared>,
    entries: HashMap<u64, Entry, BuildHasherDefault<Identity>>,
    /// Oldest first. An entry that was used since it was last looked at gets a second round.
    order: VecDeque<u64>,
    bytes: usize,
}

struct Entry {
    token: Box<str>,
    verified: Arc<Verified>,
    validity: Validity,
    used: Cell<bool>,
}

impl TokenCache {
    pub(crate) fn new(limits: CacheLimits) -> Self {
        static IDS: AtomicU64 = AtomicU64::new(0);
        let threads = std::thread::available_parallelism().map_or(1, usize::from);
        let share =
            CacheLimits { entries: limits.entries.div_ceil(threads), bytes: limits.bytes.div_ceil(threads) };
        let id = IDS.fetch_add(1, Ordering::Relaxed);
        let (bytes, entries) = (AtomicUsize::new(0), AtomicUsize::new(0));
        Self { shared: Arc::new(Shared { id, limits, share, hasher: RandomState::new(), bytes, entries }) }
    }

    /// Returns what verifying this token yielded, if that still holds.
    pub(crate) fn find(&self, token: &str, key_generation: u64, now: UnixTime) -> Option<Arc<Verified>> {
        let hash = self.shared.hash(token);
        let find = |tables: &RefCell<Vec<Table>>| {
            // Borrowed already: a destructor of the service's claims calls us. It gets a miss.
            let tables = tables.try_borrow().ok()?;
            let entry = tables.iter().find(|table| table.owner_id == self.shared.id)?.entries.get(&hash)?;
            entry.holds(token, key_generation, now).then(|| {
                entry.used.set(true);
                Arc::clone(&entry.verified)
            })
        };
        TABLES.try_with(find).ok().flatten()
    }

    /// Remembers a verified token, forgetting others where the limits ask for it.
    pub(crate) fn insert(&self, token: &str, verified: &Arc<Verified>, validity: Validity, now: UnixTime) {
        let entry =
            Entry { token: token.into(), verified: Arc::clone(verified), validity, used: Cell::new(false) };
        let hash = self.shared.hash(token);
        // A thread that is ending has no table any more, and needs none.
        let _ = TABLES.try_with(|tables| {
            if let Ok(mut tables) = tables.try_borrow_mut() {
                self.table(&mut tables).insert(hash, entry, &self.shared, now);
            }
        });
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
    /// The end of a token is the end of its signature: as good as random, and keyed besides. Two tokens with one hash cost a
    /// verification, never a confusion: the whole token is compared.
    fn hash(&self, token: &str) -> u64 {
        let bytes = token.as_bytes();
        self.hasher.hash_one(&bytes[bytes.len().saturating_sub(24)..])
    }
}

impl Table {
    fn new(owner: &Arc<Shared>) -> Self {
        Self {
            owner_id: owner.id,
            owner: Arc::downgrade(owner),
            entries: HashMap::default(),
            order: VecDeque::new(),
            bytes: 0,
        }
    }

    fn insert(&mut self, hash: u64, entry: Entry, shared: &Shared, now: UnixTime) {
        self.remove(hash, shared);
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
        shared.bytes.fetch_add(cost, Ordering::Relaxed);
        shared.entries.fetch_add(1, Ordering::Relaxed);
        self.bytes += cost;
        self.order.push_back(hash);
        self.entries.insert(hash, entry);
    }

    fn has_room(&self, cost: usize, shared: &Shared) -> bool {
        self.entries.len() < shared.share.entries
            && self.bytes + cost <= shared.share.bytes
            && shared.entries.load(Ordering::Relaxed) < shared.limits.entries
            && shared.bytes.load(Ordering::Relaxed) + cost <= shared.limits.bytes
    }

    fn is_dead(&self, hash: u64, now: UnixTime) -> bool {
        self.entries.get(&hash).is_none_or(|entry| entry.is_dead(now))
    }

    /// Forgets the oldest entry that is dead, or was not used since its last turn.
    fn evict(&mut self, shared: &Shared, now: UnixTime) {
        while let Some(hash) = self.order.pop_front() {
            let Some(entry) = self.entries.get(&hash) else { return };
            if entry.used.take() && !entry.is_dead(now) {
                self.order.push_back(hash);
                continue;
            }
            self.remove(hash, shared);
            return;
        }
    }

    fn remove(&mut self, hash: u64, shared: &Shared) {
        if let Some(entry) = self.entries.remove(&hash) {
            let cost = entry.cost();
            self.bytes -= cost;
            shared.bytes.fetch_sub(cost, Ordering::Relaxed);
            shared.entries.fetch_sub(1, Ordering::Relaxed);
        }
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

impl Entry {
    fn holds(&self, token: &str, key_generation: u64, now: UnixTime) -> bool {
        // Comparing in variable time tells nothing: who gets here knows the end of a good signature.
        self.validity.holds(key_generation, now) && *self.token == *token
    }

    fn is_dead(&self, now: UnixTime) -> bool {
        now >= self.validity.until
    }

    /// The bytes it takes: with its place in the table, which is half empty at worst, and in the queue.
    fn cost(&self) -> usize {
        2 * (size_of::<u64>() + size_of::<Self>())
            + size_of::<u64>()
            + self.token.len()
            + self.verified.size()
    }
}

impl Validity {
    pub(crate) fn new(key_generation: u64, from: UnixTime, until: UnixTime) -> Self {
        // A span that does not fit begins later than it might: that costs verifications, no more.
        let seconds = u32::try_from(until.saturating_since(from).as_secs()).unwrap_or(u32::MAX);
        Self { key_generation, until, seconds }
    }

    fn holds(&self, key_generation: u64, now: UnixTime) -> bool {
        let left = self.until.as_secs().saturating_sub(now.as_secs());
        self.key_generation == key_generation && 0 < left && left <= i64::from(self.seconds)
    }
}

/// The keys of the tables are hashes already.
#[derive(Default)]
struct Identity(u64);

impl Hasher for Identity {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        // Not reached: tables are keyed by u64. Correct all the same.
        for byte in bytes {
            self.0 = self.0.rotate_left(8) ^ u64::from(*byte);
        }
    }

    fn write_u64(&mut self, hash: u64) {
        self.0 = hash;
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::Ordering;

    use handstamp_token::{Algorithm, KeySet, SigningKey, SystemEntropy, TokenBuilder, UnixTime, Validator};

    use super::{CacheLimits, TABLES, TokenCache, Validity};
    use crate::principal::Verified;

    const NOW: UnixTime = UnixTime::from_secs(1_800_000_000);

    /// Remembers tokens that were never verified: the cache does not know the difference.
    struct Filler {
        verified: Arc<Verified>,
        cache: TokenCache,
    }

    impl Filler {
        fn new(limits: CacheLimits) -> Self {
            let key = SigningKey::generate(Algorithm::EdDsa).unwrap();
            let token = TokenBuilder::access_token("i", "a").subject("s").lifetime("10m");
            let token = token.sign(&key, NOW, &SystemEntropy).unwrap();
            let keys = KeySet::new([key.verifying_key()]).unwrap();
            let validator = Validator::access_token("i", "a", &[Algorithm::EdDsa]).unwrap();
            let verified = Verified::new(validator.verify(token.as_str(), &keys, NOW).unwrap());
            Self { verified: Arc::new(verified), cache: TokenCache::new(limits) }
        }

        fn insert(&self, token: &str, seconds: i64) {
            let until = UnixTime::from_secs(NOW.as_secs() + seconds);
            self.cache.insert(token, &self.verified, Validity::new(1, NOW, until), NOW);
        }

        fn holds(&self, token: &str) -> bool {
            self.cache.find(token, 1, NOW).is_some()
        }

        fn entries(&self) -> usize {
            self.cache.shared.entries.load(Ordering::Relaxed)
        }

        fn bytes(&self) -> usize {
            self.cache.shared.bytes.load(Ordering::Relaxed)
        }
    }

    #[test]
    fn entries_and_bytes_stay_within_the_limits() {
        let by_entries = Filler::new(CacheLimits { entries: 16, bytes: 1 << 30 });
        let by_bytes = Filler::new(CacheLimits { entries: 1 << 20, bytes: 20_000 });

        for n in 0..1000 {
            by_entries.insert(&format!("token {n}"), 60);
            by_bytes.insert(&format!("token {n}"), 60);
            assert!(by_entries.entries() <= 16 && by_bytes.bytes() <= 20_000);
        }
        assert!(by_entries.entries() > 0 && by_bytes.bytes() > 0);
        assert!(by_entries.holds("token 999") && by_bytes.holds("token 999"));
    }

    #[test]
    fn a_token_in_use_outlives_those_that_are_not() {
        let filler = Filler::new(CacheLimits { entries: 16, bytes: 1 << 30 });
        filler.insert("in use", 60);

        for n in 0..100 {
            assert!(filler.holds("in use"), "{n}");
            filler.insert(&format!("token {n}"), 60);
        }
        assert!(!filler.holds("token 0"));
    }

    #[test]
    fn dead_entries_go_first() {
        let filler = Filler::new(CacheLimits { entries: 1000, bytes: 1 << 30 });
        filler.insert("dead", 0);
        filler.insert("alive", 60);

        assert_eq!(filler.entries(), 1);
    }

    #[test]
    fn a_token_remembered_twice_is_one_entry() {
        let filler = Filler::new(CacheLimits::default());
        filler.insert("same", 60);
        let once = filler.bytes();
        filler.insert("same", 60);

        assert_eq!((filler.entries(), filler.bytes()), (1, once));
    }

    #[test]
    fn a_thread_that_ends_gives_its_budget_back() {
        let filler = Filler::new(CacheLimits::default());

        std::thread::scope(|scope| {
            let elsewhere = scope.spawn(|| {
                filler.insert("elsewhere", 60);
                assert!(filler.holds("elsewhere"));
            });
            // Joined by hand: the scope alone does not wait for the thread's destructors.
            elsewhere.join().unwrap();
        });

        assert!(!filler.holds("elsewhere"));
        assert_eq!((filler.entries(), filler.bytes()), (0, 0));
    }

    #[test]
    fn what_a_dropped_verifier_remembered_is_let_go_when_the_next_one_starts() {
        let gone = Filler::new(CacheLimits::default());
        gone.insert("old", 60);
        drop(gone);
        let next = Filler::new(CacheLimits::default());
        next.insert("new", 60);

        assert_eq!(TABLES.with_borrow(Vec::len), 1);
    }
}
