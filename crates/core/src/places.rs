//! Places of a status list that this process may give away, in an order that nobody can foretell.

use std::{fmt, ops::Range};

use aws_lc_rs::hmac;
use jiff::Timestamp;

use crate::model::{StatusListId, StatusPlace};

/// Places that were taken in the store and wait for sessions.
#[derive(Debug, Default)]
pub(crate) struct Reserved(Option<Stock>);

#[derive(Debug)]
struct Stock {
    list: StatusListId,
    permutation: Permutation,
    left: Range<u32>,
    keep_until: Timestamp,
}

impl Reserved {
    pub(crate) fn new(
        list: StatusListId,
        permutation: Permutation,
        left: Range<u32>,
        keep_until: Timestamp,
    ) -> Self {
        Self(Some(Stock { list, permutation, left, keep_until }))
    }

    /// Returns a place whose last token is dead by `dead_by`; `None` when none is left, the list is not kept so long, or is of
    /// another epoch.
    pub(crate) fn next(&mut self, epoch: u32, dead_by: Timestamp) -> Option<StatusPlace> {
        let fits = |stock: &&mut Stock| stock.list.epoch() == epoch && dead_by <= stock.keep_until;
        let stock = self.0.as_mut().filter(fits)?;
        let number = stock.left.next()?;
        Some(StatusPlace { list: stock.list, index: stock.permutation.place(number) })
    }
}

/// An order of the places of one list: a secret permutation, so that no look-up is needed to find a free one at random.
///
/// Places in the order of sign-ins would tell everybody who sees two tokens how many people signed in between.
pub(crate) struct Permutation {
    key: hmac::Key,
    size: u32,
    half: u32,
}

/// A Feistel network of four rounds with a pseudo-random function cannot be told from a random permutation in both directions
/// (Luby and Rackoff); on so few bits some more do no harm: it runs once a session.
const ROUNDS: u8 = 8;

impl Permutation {
    /// Returns the order of `size` places under a key.
    pub(crate) fn new(key: &[u8], size: u32) -> Self {
        // Two halves of the same size hold every place, and less than four times as many.
        let bits = u32::BITS - size.saturating_sub(1).leading_zeros();
        Self { key: hmac::Key::new(hmac::HMAC_SHA256, key), size, half: bits.div_ceil(2).max(1) }
    }

    /// Returns the place that comes `number`th, counted from 0. For numbers below the size no two are the same.
    pub(crate) fn place(&self, number: u32) -> u32 {
        // Whoever follows a permutation from a place of the list comes back to one: at the latest to where they began.
        let mut place = self.permute(number);
        while place >= self.size {
            place = self.permute(place);
        }
        place
    }

    fn permute(&self, value: u32) -> u32 {
        let mask = (1 << self.half) - 1;
        let (mut left, mut right) = (value >> self.half, value & mask);
        for round in 0..ROUNDS {
            (left, right) = (right, left ^ (self.round(round, right) & mask));
        }
        left << self.half | right
    }

    fn round(&self, round: u8, half: u32) -> u32 {
        let [a, b, c, d] = half.to_be_bytes();
        match hmac::sign(&self.key, &[round, a, b, c, d]).as_ref() {
            &[a, b, c, d, ..] => u32::from_be_bytes([a, b, c, d]),
            // An HMAC has 32 bytes.
            _ => 0,
        }
    }
}

impl fmt::Debug for Permutation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Permutation")
            .field("key", &"[redacted]")
            .field("size", &self.size)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use jiff::Timestamp;

    use super::{Permutation, Reserved};
    use crate::model::StatusListId;

    const EPOCH: u32 = 0x0101_0101;
    const SIZES: [u32; 8] = [1, 2, 3, 64, 1_000, 1_024, 1_025, 4_096];

    #[test]
    fn every_place_comes_once() {
        for size in SIZES {
            let permutation = Permutation::new(b"a key", size);
            let places: BTreeSet<u32> = (0..size).map(|number| permutation.place(number)).collect();
            assert_eq!(places.len(), size as usize, "{size}");
            assert!(places.last().is_some_and(|last| *last < size), "{size}");
        }
    }

    #[test]
    fn another_key_is_another_order() {
        let (one, other) = (Permutation::new(b"one", 1 << 20), Permutation::new(b"other", 1 << 20));
        let same = (0..1_000).filter(|number| one.place(*number) == other.place(*number)).count();
        assert!(same < 10, "{same} of 1,000 places are the same");
    }

    /// Of a random order a half rises and a half falls; neighbours in time are as far apart as any two places.
    #[test]
    fn the_order_tells_nothing_of_the_order_of_sign_ins() {
        let size = 1 << 20;
        let permutation = Permutation::new(b"a key", size);
        let places: Vec<u32> = (0..10_001).map(|number| permutation.place(number)).collect();
        let rises = places.windows(2).filter(|pair| pair[0] < pair[1]).count();
        assert!((4_700..5_300).contains(&rises), "{rises} of 10,000 rise");
        let apart: u64 = places.windows(2).map(|pair| u64::from(pair[0].abs_diff(pair[1]))).sum();
        let third = u64::from(size) / 3 * 10_000;
        assert!(apart.abs_diff(third) < third / 20, "{apart} instead of {third}");
    }

    #[test]
    fn a_stock_gives_each_place_once_and_then_none() {
        let keep_until = Timestamp::from_second(1_000).unwrap();
        let list = StatusListId::from_bytes([1; 8]);
        let mut reserved = Reserved::new(list, Permutation::new(b"a key", 1_024), 7..10, keep_until);
        let places: BTreeSet<u32> =
            std::iter::from_fn(|| reserved.next(EPOCH, keep_until)).map(|p| p.index).collect();
        assert_eq!(places.len(), 3);
        assert_eq!(reserved.next(EPOCH, keep_until), None);
    }

    #[test]
    fn a_stock_gives_no_place_of_a_list_that_is_gone_before_the_session() {
        let keep_until = Timestamp::from_second(1_000).unwrap();
        let list = StatusListId::from_bytes([1; 8]);
        let mut reserved = Reserved::new(list, Permutation::new(b"a key", 1_024), 7..10, keep_until);
        assert_eq!(reserved.next(EPOCH, Timestamp::from_second(1_001).unwrap()), None);
    }

    #[test]
    fn a_stock_gives_no_place_of_an_earlier_epoch() {
        let keep_until = Timestamp::from_second(1_000).unwrap();
        let list = StatusListId::from_bytes([1; 8]);
        let mut reserved = Reserved::new(list, Permutation::new(b"a key", 1_024), 7..10, keep_until);
        assert_eq!(reserved.next(EPOCH + 1, keep_until), None);
        assert!(reserved.next(EPOCH, keep_until).is_some());
    }

    #[test]
    fn the_key_is_not_shown() {
        assert!(format!("{:?}", Permutation::new(b"a key", 8)).contains("[redacted]"));
    }
}
