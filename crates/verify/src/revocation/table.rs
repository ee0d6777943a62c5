use std::sync::Arc;

use super::{marks::Marks, selector::Selector};

/// The live events by selector: sorted shards that are never changed, only replaced.
///
/// A new table shares all shards with the old one but those that differ, so a reader keeps the table it has and a change
/// costs the same with a thousand events as with a million. The upper bits of a selector choose its shard.
#[derive(Clone, Debug)]
pub(super) struct Table {
    chunks: Vec<Arc<Chunk>>,
    /// The number of shards is two to this power.
    bits: u32,
    len: usize,
}

/// Shards are grouped so that replacing one does not copy a pointer for each of the others.
#[derive(Clone, Debug)]
struct Chunk {
    shards: [Arc<[Slot]>; CHUNK],
}

/// All that is known of one selector.
#[derive(Clone, Copy, Debug)]
pub(super) struct Slot {
    pub(super) selector: Selector,
    pub(super) marks: Marks,
    /// Unix seconds from which on nothing that it can hit is alive.
    pub(super) forget_at: u32,
}

const CHUNK_BITS: u32 = 6;
const CHUNK: usize = 1 << CHUNK_BITS;

/// The number of shards doubles when they hold more than this on average: copying one costs about a microsecond.
const SHARD_FILL: usize = 96;

impl Table {
    pub(super) fn empty() -> Self {
        Self { chunks: vec![Arc::new(Chunk::empty())], bits: CHUNK_BITS, len: 0 }
    }

    /// Returns the number of selectors.
    pub(super) fn len(&self) -> usize {
        self.len
    }

    pub(super) fn shard_count(&self) -> usize {
        self.chunks.len() * CHUNK
    }

    pub(super) fn bytes(&self) -> usize {
        // A shard's own allocation starts with two reference counts.
        let shard = size_of::<Arc<[Slot]>>() + 2 * size_of::<usize>();
        self.shard_count() * shard + self.len * size_of::<Slot>()
    }

    pub(super) fn find(&self, selector: Selector) -> Option<&Slot> {
        let shard = self.shard(self.shard_of(selector))?;
        let at = shard.binary_search_by(|slot| slot.selector.cmp(&selector)).ok()?;
        shard.get(at)
    }

    pub(super) fn slots(&self) -> impl Iterator<Item = &Slot> {
        self.chunks.iter().flat_map(|chunk| chunk.shards.iter()).flat_map(|shard| shard.iter())
    }

    /// Merges slots into the table, given in the order of their selectors, each selector once.
    pub(super) fn merge(&mut self, mut slots: &[Slot]) {
        while self.len + slots.len() > self.shard_count() * SHARD_FILL {
            self.double();
        }
        while let Some(first) = slots.first() {
            let index = self.shard_of(first.selector);
            let end = slots.partition_point(|slot| self.shard_of(slot.selector) == index);
            let (here, rest) = slots.split_at(end);
            self.replace(index, |old| merged(old, here));
            slots = rest;
        }
    }

    /// Drops what `keep` says no to from one shard. The index wraps around, so that a counter can go on for ever.
    pub(super) fn sweep(&mut self, index: usize, keep: impl Fn(&Slot) -> bool) {
        let index = index % self.shard_count();
        if self.shard(index).is_some_and(|shard| !shard.iter().all(&keep)) {
            self.replace(index, |old| old.iter().filter(|slot| keep(slot)).copied().collect());
        }
    }

    #[inline]
    #[expect(clippy::cast_possible_truncation, reason = "the shift leaves fewer bits than there are shards")]
    fn shard_of(&self, selector: Selector) -> usize {
        (selector.hi >> (u64::BITS - self.bits)) as usize
    }

    #[inline]
    fn shard(&self, index: usize) -> Option<&Arc<[Slot]>> {
        self.chunks.get(index / CHUNK)?.shards.get(index % CHUNK)
    }

    fn replace(&mut self, index: usize, change: impl FnOnce(&[Slot]) -> Arc<[Slot]>) {
        let Some(chunk) = self.chunks.get_mut(index / CHUNK) else { return };
        // Copies the chunk only if a reader's table shares it.
        let Some(shard) = Arc::make_mut(chunk).shards.get_mut(index % CHUNK) else { return };
        let new = change(shard);
        self.len = self.len - shard.len() + new.len();
        *shard = new;
    }

    /// Splits each shard by the next bit of the selectors. They are sorted, so it is a cut in two.
    fn double(&mut self) {
        let bits = self.bits + 1;
        let mut halves = self.chunks.iter().flat_map(|chunk| chunk.shards.iter()).flat_map(|shard| {
            let cut = shard.partition_point(|slot| (slot.selector.hi >> (u64::BITS - bits)) & 1 == 0);
            let (low, high) = shard.split_at(cut);
            [Arc::<[Slot]>::from(low), Arc::from(high)]
        });
        let chunks = (0..self.chunks.len() * 2)
            .map(|_| Arc::new(Chunk { shards: std::array::from_fn(|_| halves.next().unwrap_or_default()) }))
            .collect();
        self.chunks = chunks;
        self.bits = bits;
    }
}

impl Chunk {
    fn empty() -> Self {
        Self { shards: std::array::from_fn(|_| Arc::default()) }
    }
}

impl Slot {
    pub(super) fn merge(&mut self, other: &Self) {
        self.marks.merge(other.marks);
        self.forget_at = self.forget_at.max(other.forget_at);
    }
}

/// Merges two sorted lists.
fn merged(old: &[Slot], new: &[Slot]) -> Arc<[Slot]> {
    let mut all = Vec::with_capacity(old.len() + new.len());
    let mut old = old.iter().peekable();
    for slot in new {
        while let Some(earlier) = old.next_if(|other| other.selector < slot.selector) {
            all.push(*earlier);
        }
        let mut slot = *slot;
        if let Some(same) = old.next_if(|other| other.selector == slot.selector) {
            slot.merge(same);
        }
        all.push(slot);
    }
    all.extend(old);
    all.into()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use handstamp_api_types::revocation::RevocationKind;
    use proptest::prelude::*;

    use super::*;

    fn slot(number: u64, order: u64) -> Slot {
        // Spread like a hash, so that shards fill evenly.
        let hi = number.wrapping_mul(0x9E37_79B9_7F4A_7C15);
        Slot {
            selector: Selector { hi, lo: number },
            marks: Marks::of(RevocationKind::Dead, order),
            forget_at: 9,
        }
    }

    fn sorted(mut slots: Vec<Slot>) -> Vec<Slot> {
        slots.sort_by_key(|slot| slot.selector);
        slots
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn it_holds_what_a_map_holds(batches in proptest::collection::vec(proptest::collection::vec((0..3_000_u64, 1..50_u64), 0..900), 1..12)) {
            let mut table = Table::empty();
            let mut map = BTreeMap::<u64, u64>::new();
            for batch in batches {
                let mut distinct = BTreeMap::<u64, u64>::new();
                for (number, order) in batch {
                    for newest in [distinct.entry(number).or_default(), map.entry(number).or_default()] {
                        *newest = order.max(*newest);
                    }
                }
                let slots = distinct.into_iter().map(|(number, order)| slot(number, order)).collect();
                table.merge(&sorted(slots));
            }
            prop_assert_eq!(table.len(), map.len());
            prop_assert_eq!(table.slots().count(), map.len());
            for number in 0..3_000 {
                let found = table.find(slot(number, 0).selector).map(|slot| slot.marks.newest());
                prop_assert_eq!(found, map.get(&number).copied());
            }
        }
    }

    #[test]
    fn a_reader_keeps_the_table_it_has() {
        let mut table = Table::empty();
        table.merge(&sorted((0..500).map(|n| slot(n, 1)).collect()));
        let reader = table.clone();

        table.merge(&[slot(7, 2)]);
        for shard in 0..table.shard_count() {
            table.sweep(shard, |slot| slot.marks.newest() == 2);
        }

        assert_eq!((table.len(), reader.len()), (1, 500));
        assert_eq!(reader.find(slot(7, 0).selector).map(|slot| slot.marks.newest()), Some(1));
    }

    #[test]
    fn it_grows_without_losing_anything() {
        let mut table = Table::empty();
        for start in (0..40_000).step_by(500) {
            table.merge(&sorted((start..start + 500).map(|n| slot(n, n + 1)).collect()));
        }

        assert_eq!(table.len(), 40_000);
        assert!(table.shard_count() > 256);
        for number in 0..40_000 {
            assert_eq!(
                table.find(slot(number, 0).selector).map(|slot| slot.marks.newest()),
                Some(number + 1)
            );
        }
    }
}
