use std::ops::Deref;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use handstamp_token::{UnixTime, VerifiedToken};

use crate::principal::{Identity, Verified};

/// How long an entry may be believed.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Validity {
    /// The keys it was verified with.
    key_generation: u64,
    /// From this on it is dead, leeway included.
    until: UnixTime,
    /// Longer than this before `until`, the token was not valid yet: clocks can be set back.
    seconds: u32,
}

/// A verified token, with all that the cache has to know of it.
///
/// It is one piece of memory, the token's text included, and the table has nothing but where it is: with more tokens than the
/// processor's caches hold, a hit waits for memory once. In this order, because what every request needs comes first.
#[repr(C)]
pub(crate) struct Remembered<T: ?Sized = [u8]> {
    hash: u64,
    validity: Validity,
    /// Since the cache last looked for something to forget.
    used: AtomicBool,
    len: u32,
    verified: Verified,
    /// The token, and zeros up to the end: only memory of a size known when this was compiled can follow in one piece.
    text: T,
}

/// Tries one size of text after the other.
macro_rules! in_the_smallest {
    ($head:expr, $token:expr, [$($size:literal)+]) => {
        match $token.len() {
            $(..=$size => Ok($head.with_text::<$size>($token)),)+
            _ => Err($head.verified.into_token()),
        }
    };
}

impl Remembered {
    /// Puts a verified token into one piece with its text. One that is longer than any verifier reads comes back.
    #[expect(
        clippy::result_large_err,
        reason = "what comes back is what was given, moved once and kept in no other place"
    )]
    pub(super) fn new(
        token: &str,
        hash: u64,
        validity: Validity,
        verified: VerifiedToken<Identity>,
    ) -> Result<Arc<Self>, VerifiedToken<Identity>> {
        let head = Head { hash, validity, verified: Verified::new(verified) };
        in_the_smallest!(head, token, [384 512 576 640 704 768 896 1024 1280 1536 2048 3072 4096 8192 16384])
    }

    /// The same for a token that is not remembered.
    pub(crate) fn without_token(verified: VerifiedToken<Identity>) -> Arc<Self> {
        let validity = Validity { key_generation: 0, until: UnixTime::default(), seconds: 0 };
        Head { hash: 0, validity, verified: Verified::new(verified) }.with_text::<0>("")
    }

    #[inline]
    pub(super) fn hash(&self) -> u64 {
        self.hash
    }

    /// Returns whether this is what verifying the token would yield.
    #[inline]
    pub(super) fn holds(&self, token: &str, key_generation: u64, now: UnixTime) -> bool {
        // Comparing in variable time tells nothing: who gets here knows the end of a good signature.
        self.validity.holds(key_generation, now)
            && self.text.get(..self.len as usize) == Some(token.as_bytes())
    }

    pub(super) fn is_dead(&self, now: UnixTime) -> bool {
        now >= self.validity.until
    }

    #[inline]
    pub(super) fn set_used(&self) {
        self.used.store(true, Ordering::Relaxed);
    }

    pub(super) fn take_used(&self) -> bool {
        self.used.swap(false, Ordering::Relaxed)
    }

    /// Returns the bytes it takes: with its place in the table, which is half empty at worst, and in the queue.
    pub(super) fn cost(&self) -> usize {
        2 * (1 + size_of::<Arc<Self>>()) + size_of::<u64>() + size_of_val(self) + self.verified.size()
    }
}

impl Deref for Remembered {
    type Target = Verified;

    #[inline]
    fn deref(&self) -> &Verified {
        &self.verified
    }
}

/// All but the text.
struct Head {
    hash: u64,
    validity: Validity,
    verified: Verified,
}

impl Head {
    fn with_text<const SIZE: usize>(self, token: &str) -> Arc<Remembered> {
        let mut text = [0; SIZE];
        text.iter_mut().zip(token.bytes()).for_each(|(to, from)| *to = from);
        let Self { hash, validity, verified } = self;
        // The largest size is far below 4 GiB.
        let len = u32::try_from(token.len().min(SIZE)).unwrap_or(0);
        Arc::new(Remembered { hash, validity, used: AtomicBool::new(false), len, verified, text })
    }
}

impl Validity {
    pub(crate) fn new(key_generation: u64, from: UnixTime, until: UnixTime) -> Self {
        // A span that does not fit begins later than it might: that costs verifications, no more.
        let seconds = u32::try_from(until.saturating_since(from).as_secs()).unwrap_or(u32::MAX);
        Self { key_generation, until, seconds }
    }

    #[inline]
    fn holds(&self, key_generation: u64, now: UnixTime) -> bool {
        let left = self.until.as_secs().saturating_sub(now.as_secs());
        self.key_generation == key_generation && 0 < left && left <= i64::from(self.seconds)
    }
}
