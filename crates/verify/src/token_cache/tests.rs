use std::sync::atomic::Ordering;

use handstamp_token::{
    Algorithm, KeySet, SigningKey, SystemEntropy, TokenBuilder, UnixTime, Validator, VerifiedToken,
};

use super::{CacheLimits, TABLES, TokenCache, Validity};
use crate::principal::Identity;

const NOW: UnixTime = UnixTime::from_secs(1_800_000_000);

/// Remembers tokens that were never verified: the cache does not know the difference.
struct Filler {
    verified: VerifiedToken<Identity>,
    cache: TokenCache,
}

impl Filler {
    fn new(limits: CacheLimits) -> Self {
        let key = SigningKey::generate(Algorithm::EdDsa).unwrap();
        let token = TokenBuilder::access_token("i", "a").subject("s").lifetime("10m");
        let token = token.sign(&key, NOW, &SystemEntropy).unwrap();
        let keys = KeySet::new([key.verifying_key()]).unwrap();
        let validator = Validator::access_token("i", "a", &[Algorithm::EdDsa]).unwrap();
        let verified = validator.verify(token.as_str(), &keys, NOW).unwrap();
        Self { verified, cache: TokenCache::new(limits) }
    }

    fn insert(&self, token: &str, seconds: i64) {
        let until = UnixTime::from_secs(NOW.as_secs() + seconds);
        self.cache.insert(token, self.verified.clone(), Validity::new(1, NOW, until), NOW);
    }

    fn holds(&self, token: &str) -> bool {
        self.cache.find(token, 1, NOW, |_| ()).is_some()
    }

    fn entries(&self) -> usize {
        self.cache.shared.entries.load(Ordering::Relaxed)
    }

    fn bytes(&self) -> usize {
        self.cache.shared.bytes.load(Ordering::Relaxed)
    }

    /// How many wait for their turn to be forgotten, in this thread.
    fn queued(&self) -> usize {
        TABLES.with_borrow(|tables| {
            let table = tables.iter().find(|table| table.owner_id == self.cache.shared.id);
            table.map_or(0, |table| table.order.len())
        })
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
fn tokens_that_come_again_and_again_do_not_make_the_queue_grow() {
    let filler = Filler::new(CacheLimits { entries: 1000, bytes: 1 << 30 });
    for _ in 0..100 {
        for token in
            ["same", "first, and the same sixteen at the end", "other, and the same sixteen at the end"]
        {
            filler.insert(token, 60);
        }
    }
    assert_eq!((filler.entries(), filler.queued()), (2, 2));
}

#[test]
fn a_full_table_holds_every_entry_once_in_its_queue() {
    let filler = Filler::new(CacheLimits { entries: 16, bytes: 1 << 30 });
    for n in 0..300 {
        filler.insert(&format!("token {}", n % 40), 60);
        assert!(filler.holds(&format!("token {}", n % 40)), "{n}");
        assert!(filler.entries() <= 16 && filler.queued() == filler.entries(), "{n}");
    }
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

#[test]
fn a_token_is_found_letter_for_letter_whatever_its_length() {
    let filler = Filler::new(CacheLimits { entries: 1000, bytes: 1 << 30 });
    for len in [0, 1, 15, 16, 17, 511, 512, 513, 768, 1024, 4096, 16_384] {
        let token = "x".repeat(len);
        filler.insert(&token, 60);
        assert!(filler.holds(&token), "{len}");
        assert!(!filler.holds(&format!("{token}\0")), "{len} and one more");
        for at in [0, len / 2, len.saturating_sub(1)].into_iter().filter(|at| *at < len) {
            let mut other = token.clone().into_bytes();
            other[at] = b'y';
            assert!(!filler.holds(&String::from_utf8(other).unwrap()), "{len}, byte {at} changed");
        }
    }
}

#[test]
fn a_token_too_long_to_be_one_is_not_kept() {
    let filler = Filler::new(CacheLimits::default());
    filler.insert(&"x".repeat(16_385), 60);
    assert_eq!((filler.entries(), filler.bytes()), (0, 0));
}

#[test]
fn tokens_with_one_end_are_told_apart() {
    let filler = Filler::new(CacheLimits::default());
    filler.insert("first, and the same sixteen at the end", 60);
    assert!(!filler.holds("other, and the same sixteen at the end"));
    filler.insert("other, and the same sixteen at the end", 60);
    assert!(filler.holds("other, and the same sixteen at the end"));
    assert_eq!(filler.entries(), 1);
}

#[test]
fn many_tokens_stay_apart_while_the_table_grows() {
    let filler = Filler::new(CacheLimits { entries: 1 << 20, bytes: 1 << 30 });
    let token = |number: usize| format!("{number:0>40}");
    (0..2000).for_each(|number| filler.insert(&token(number), 60));
    assert!((0..2000).all(|number| filler.holds(&token(number))));
    assert!((2000..4000).all(|number| !filler.holds(&token(number))));
}

#[test]
fn an_entry_dies_with_its_time_and_with_its_keys() {
    let filler = Filler::new(CacheLimits::default());
    filler.insert("token", 60);
    let holds = |generation, seconds: i64| {
        let now = UnixTime::from_secs(NOW.as_secs() + seconds);
        filler.cache.find("token", generation, now, |_| ()).is_some()
    };
    assert!(holds(1, 0) && holds(1, 59));
    assert!(!holds(1, 60) && !holds(1, -1) && !holds(2, 0));
}
