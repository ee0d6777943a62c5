use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use arc_swap::{ArcSwap, Guard};
use handstamp_token::KeySet;

/// Keys that live in this process and may be replaced at any time: the auth service's own, or a test's.
///
/// Clones share the keys. Readers never wait for [`replace`](Self::replace), and tokens verified before it are verified again.
#[derive(Debug, Clone)]
pub struct SharedKeys {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    current: ArcSwap<KeyGeneration>,
    /// The current generation's number, beside it: a remembered token needs nothing else of the keys.
    number: AtomicU64,
}

/// A key set and its number. What was verified under another number must be verified again.
#[derive(Debug)]
pub(crate) struct KeyGeneration {
    pub(crate) number: u64,
    pub(crate) keys: KeySet,
}

impl SharedKeys {
    /// Returns a holder of these keys.
    pub fn new(keys: KeySet) -> Self {
        let first = KeyGeneration::next(keys);
        let number = AtomicU64::new(first.number);
        Self { inner: Arc::new(Inner { current: ArcSwap::from_pointee(first), number }) }
    }

    /// Replaces the keys, from the next verification on.
    pub fn replace(&self, keys: KeySet) {
        let next = Arc::new(KeyGeneration::next(keys));
        let number = next.number;
        self.inner.current.store(next);
        // After the keys, so that who sees the new number finds the new keys; and never back, so that of two writers at once
        // neither brings tokens back that were verified with keys before theirs.
        self.inner.number.fetch_max(number, Ordering::Release);
    }

    /// Returns the keys as they are now.
    pub fn keys(&self) -> KeySet {
        self.inner.current.load().keys.clone()
    }

    pub(crate) fn load(&self) -> Guard<Arc<KeyGeneration>> {
        self.inner.current.load()
    }

    /// Returns the number of the current generation.
    pub(crate) fn generation(&self) -> u64 {
        self.inner.number.load(Ordering::Acquire)
    }
}

impl From<KeySet> for SharedKeys {
    fn from(keys: KeySet) -> Self {
        Self::new(keys)
    }
}

impl KeyGeneration {
    /// Numbers are unique in the process, so no generation can be taken for another, whichever holder it is from.
    fn next(keys: KeySet) -> Self {
        static NUMBERS: AtomicU64 = AtomicU64::new(1);
        Self { number: NUMBERS.fetch_add(1, Ordering::Relaxed), keys }
    }
}
