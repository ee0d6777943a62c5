use std::sync::atomic::{AtomicU64, Ordering};

use super::selector::Selector;

/// Answers "certainly not there" with one memory access: nearly every token is on no list, so this answer must be the cheap
/// one. A blocked Bloom filter: four bits in one word for each selector.
///
/// It only ever gains bits, so the writer adds to the filter that readers are using. A bit too many costs them one
/// needless look into the table.
#[derive(Debug)]
pub(super) struct Filter {
    words: Box<[AtomicU64]>,
    shift: u32,
}

/// At six selectors a word (10.7 bits each) about one look in fifty is needless.
const SELECTORS_PER_WORD: usize = 6;

const SMALLEST: usize = 64;

impl Filter {
    /// Returns an empty filter with room for at least `count` selectors.
    pub(super) fn with_room_for(count: usize) -> Self {
        let words = count.div_ceil(SELECTORS_PER_WORD).max(SMALLEST).next_power_of_two();
        Self {
            words: (0..words).map(|_| AtomicU64::new(0)).collect(),
            shift: u64::BITS - words.trailing_zeros(),
        }
    }

    /// Returns how many selectors can be added before the filter has to be made anew.
    pub(super) fn room(&self) -> usize {
        self.words.len() * SELECTORS_PER_WORD
    }

    pub(super) fn bytes(&self) -> usize {
        self.words.len() * size_of::<u64>()
    }

    pub(super) fn add(&self, selector: Selector) {
        if let Some(word) = self.words.get(self.index(selector)) {
            word.fetch_or(bits(selector), Ordering::Relaxed);
        }
    }

    /// Returns false only if the selector was never added.
    #[inline]
    pub(super) fn may_hold(&self, selector: Selector) -> bool {
        let bits = bits(selector);
        self.words.get(self.index(selector)).is_none_or(|word| word.load(Ordering::Relaxed) & bits == bits)
    }

    #[inline]
    #[expect(
        clippy::cast_possible_truncation,
        reason = "the shift leaves fewer bits than the filter has words"
    )]
    fn index(&self, selector: Selector) -> usize {
        (selector.lo >> self.shift) as usize
    }
}

/// Four of 64 bits, chosen by bits of the hash that choose neither word nor shard.
#[inline]
fn bits(selector: Selector) -> u64 {
    let hash = selector.lo;
    (1 << (hash & 63)) | (1 << ((hash >> 6) & 63)) | (1 << ((hash >> 12) & 63)) | (1 << ((hash >> 18) & 63))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn selectors(count: u64) -> impl Iterator<Item = Selector> {
        (0..count).map(|i| {
            let hash = (i + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
            let hash = (hash ^ (hash >> 31)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
            Selector { hi: i, lo: hash ^ (hash >> 29) }
        })
    }

    #[test]
    fn what_was_added_is_found_and_nearly_nothing_else() {
        let filter = Filter::with_room_for(1_500);
        for selector in selectors(1_500) {
            filter.add(selector);
        }

        assert!(selectors(1_500).all(|selector| filter.may_hold(selector)));
        let needless = selectors(11_500).skip(1_500).filter(|selector| filter.may_hold(*selector)).count();
        assert!(needless < 500, "{needless} of 10,000");
    }
}
