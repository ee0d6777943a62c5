use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use arc_swap::{ArcSwap, Guard};
use handstamp_token::KeySet;

/// Keys that live in this process and may be replaced at any time: the auth service's own, or a test's.
///
/// Clones share the keys. Readers never wait for [`replace`](Self::replace), and tokens verified before it are verified again.
#[derive(Debug, Clone)]
pub struct SharedKeys {
    current: Arc<ArcSwap<KeyGeneration>>,
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
        Self { current: Arc::new(ArcSwap::from_pointee(KeyGeneration::next(keys))) }
    }

    /// Replaces the keys, from the next verification on.
    pub fn replace(&self, keys: KeySet) {
        self.current.store(Arc::new(KeyGeneration::next(keys)));
    }

    /// Returns the keys as they are now.
    pub fn keys(&self) -> KeySet {
        self.current.load().keys.clone()
    }

    pub(crate) fn load(&self) -> Guard<Arc<KeyGeneration>> {
        self.current.load()
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
