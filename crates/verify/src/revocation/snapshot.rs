use std::sync::Arc;

use handstamp_api_types::Rev;
use handstamp_api_types::revocation::{RevocationKind, RevocationLevel};

use super::{
    filter::Filter,
    identity::{NARROW_LEVELS, Selectors},
    marks::{Marks, OLDEST, Order, order, seq_in},
    selector::{Selector, SelectorKey},
    table::{Slot, Table},
};

/// All that is revoked, as of one moment. Never changed, only replaced.
#[derive(Clone, Debug)]
pub(super) struct Snapshot {
    /// Unique in the process. Moves when a token that passed before might not pass now.
    pub(super) number: u64,
    pub(super) epochs: Epochs,
    /// The newest event: a token at or past it needs no look-up but for its key.
    pub(super) newest: Order,
    pub(super) everything: Marks,
    /// Sorted. Kept apart from the table because these hit young tokens too, and are never forgotten.
    pub(super) kids: Vec<Slot>,
    /// The newest event of each narrow level: most tokens are younger than the last event at most levels.
    pub(super) newest_at: [Order; NARROW_LEVELS.len()],
    pub(super) table: Table,
    pub(super) filter: Arc<Filter>,
    /// None until the feed has brought it: nothing can be looked up then.
    pub(super) key: Option<SelectorKey>,
}

/// What the list says about a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Finding {
    pub(super) kind: RevocationKind,
    /// The widest level that says so: how many others get the same answer at the same time.
    pub(super) level: RevocationLevel,
}

impl Snapshot {
    pub(super) fn empty() -> Self {
        Self {
            number: 0,
            epochs: Epochs::default(),
            newest: OLDEST,
            everything: Marks::default(),
            kids: Vec::new(),
            newest_at: [OLDEST; NARROW_LEVELS.len()],
            table: Table::empty(),
            filter: Arc::new(Filter::with_room_for(0)),
            key: None,
        }
    }

    /// Returns whether the token is younger than everything that is revoked.
    #[inline]
    pub(super) fn is_young(&self, token: Order) -> bool {
        token >= self.newest && self.kids.is_empty()
    }

    /// Looks at every level and returns the worst answer. This is the one place that combines levels.
    pub(super) fn judge(&self, token: Order, selectors: &Selectors) -> Option<Finding> {
        let mut worst = None;
        worsen(&mut worst, self.everything.judge(token), RevocationLevel::All);
        if let Ok(at) = self.kids.binary_search_by(|slot| slot.selector.cmp(&selectors.kid)) {
            let marks = self.kids.get(at).map(|slot| slot.marks);
            worsen(&mut worst, marks.and_then(|marks| marks.judge(token)), RevocationLevel::Key);
        }
        for (index, level) in NARROW_LEVELS.into_iter().enumerate() {
            let (Some(newest), Some(Some(selector))) =
                (self.newest_at.get(index), selectors.narrow.get(index))
            else {
                continue;
            };
            if *newest > token && self.filter.may_hold(*selector) {
                worsen(&mut worst, self.marks(*selector).judge(token), level);
            }
        }
        worst
    }

    pub(super) fn marks(&self, selector: Selector) -> Marks {
        self.table.find(selector).map(|slot| slot.marks).unwrap_or_default()
    }

    /// Returns the newest event of the current epoch, or 0 if it has none yet.
    pub(super) fn newest_seq(&self) -> u64 {
        self.epochs.seq(self.newest)
    }

    /// Returns the number of selectors held.
    pub(super) fn len(&self) -> usize {
        self.table.len() + self.kids.len()
    }

    pub(super) fn bytes(&self) -> usize {
        self.table.bytes() + self.filter.bytes() + self.kids.len() * size_of::<Slot>()
    }
}

/// Of equal answers the first stays: levels are asked from the widest to the narrowest.
fn worsen(worst: &mut Option<Finding>, kind: Option<RevocationKind>, level: RevocationLevel) {
    if let Some(kind) = kind.filter(|kind| worst.is_none_or(|worst| *kind > worst.kind)) {
        *worst = Some(Finding { kind, level });
    }
}

/// The epochs this process knows of, in order. Their numbers alone would do, if no database had ever been made under a wrong
/// clock.
#[derive(Clone, Debug, Default)]
pub(super) struct Epochs {
    /// The last one is the current one, and the place in the list plus `forgotten` plus one its ordinal.
    known: Vec<u32>,
    forgotten: u16,
    /// Up to where the current log is that of earlier epochs, oldest first.
    borders: Vec<Rev>,
}

/// More rebuilt logs within the life of one token than this are not told apart any more.
const EPOCHS_KEPT: usize = 16;

impl Epochs {
    pub(super) fn current(&self) -> Option<u32> {
        self.known.last().copied()
    }

    pub(super) fn has_left(&self, epoch: u32) -> bool {
        self.place(epoch).is_some_and(|place| place + 1 < self.known.len())
    }

    /// Begins an epoch whose log goes on from earlier ones, which this process may have missed.
    pub(super) fn begin(&mut self, epoch: u32, earlier: &[Rev]) {
        let newest = self.current();
        let missed = earlier.iter().map(|border| border.epoch);
        self.known.extend(missed.filter(|missed| newest.is_none_or(|newest| *missed > newest)));
        self.known.push(epoch);
        self.borders = earlier.to_vec();
        let too_many = self.known.len().saturating_sub(EPOCHS_KEPT);
        self.known.drain(..too_many);
        self.forgotten = self.forgotten.saturating_add(u16::try_from(too_many).unwrap_or(u16::MAX));
    }

    /// Returns the order of a `seq` in the current log: in the epoch that gave it out, so that tokens of that epoch are hit by
    /// what came after them and by nothing else.
    pub(super) fn order(&self, seq: u64) -> Order {
        let border = self.borders.iter().find(|border| seq <= border.seq);
        let place = border.map_or(self.known.len(), |border| self.place(border.epoch).map_or(0, |at| at + 1));
        order(self.ordinal(place), seq)
    }

    /// Returns the `seq` of an order in the current epoch, or 0 for one from before.
    fn seq(&self, place: Order) -> u64 {
        seq_in(self.ordinal(self.known.len()), place)
    }

    /// Returns the order of a token's position. One from an epoch unknown here is as old as can be.
    #[inline]
    pub(super) fn order_of(&self, rev: Option<Rev>) -> Order {
        let Some(rev) = rev else { return OLDEST };
        self.place(rev.epoch).map_or(OLDEST, |place| order(self.ordinal(place + 1), rev.seq))
    }

    fn place(&self, epoch: u32) -> Option<usize> {
        self.known.iter().rposition(|known| *known == epoch)
    }

    fn ordinal(&self, place: usize) -> u16 {
        u16::try_from(place).unwrap_or(u16::MAX).saturating_add(self.forgotten)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rev(epoch: u32, seq: u64) -> Rev {
        Rev { epoch, seq }
    }

    #[test]
    fn a_number_belongs_to_the_epoch_that_gave_it_out() {
        let mut epochs = Epochs::default();
        epochs.begin(30, &[rev(10, 5), rev(20, 105)]);

        assert_eq!(epochs.order(5), epochs.order_of(Some(rev(10, 5))));
        assert_eq!(epochs.order(6), epochs.order_of(Some(rev(20, 6))));
        assert_eq!(epochs.order(106), epochs.order_of(Some(rev(30, 106))));
        assert!(epochs.order_of(Some(rev(10, 99))) < epochs.order_of(Some(rev(20, 1))));
        assert_eq!(epochs.order_of(Some(rev(40, 1))), OLDEST);
    }

    #[test]
    fn whoever_lived_through_the_epochs_and_whoever_is_told_of_them_agree() {
        let (mut lived, mut told) = (Epochs::default(), Epochs::default());
        lived.begin(10, &[]);
        lived.begin(20, &[rev(10, 5)]);
        for epochs in [&mut lived, &mut told] {
            epochs.begin(30, &[rev(10, 5), rev(20, 105)]);
        }

        for seq in [0, 5, 6, 105, 106] {
            assert_eq!(lived.order(seq), told.order(seq));
        }
    }

    #[test]
    fn an_epoch_that_was_pushed_out_lies_before_all_that_are_known() {
        let mut epochs = Epochs::default();
        for epoch in 1..=30 {
            let earlier = if epoch > 1 { vec![rev(1, 5)] } else { Vec::new() };
            epochs.begin(epoch, &earlier);
        }

        assert_eq!(epochs.order_of(Some(rev(1, 9))), OLDEST);
        assert!(epochs.order(5) > OLDEST);
        assert!(epochs.order(5) < epochs.order_of(Some(rev(20, 1))));
    }
}
