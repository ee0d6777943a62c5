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
    /// Sorted. Kept apart from the table because these hit young tokens too.
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

/// The epochs this process has lived through, in order. Their numbers alone have none.
#[derive(Clone, Debug, Default)]
pub(super) struct Epochs {
    /// The last one is the current one, and the place in the list plus `forgotten` plus one its ordinal.
    known: Vec<u32>,
    forgotten: u16,
}

/// More rebuilt logs within the life of one process than this are not told apart any more.
const EPOCHS_KEPT: usize = 8;

impl Epochs {
    pub(super) fn current(&self) -> Option<u32> {
        self.known.last().copied()
    }

    pub(super) fn has_left(&self, epoch: u32) -> bool {
        self.known.iter().rposition(|known| *known == epoch).is_some_and(|place| place + 1 < self.known.len())
    }

    pub(super) fn begin(&mut self, epoch: u32) {
        self.known.push(epoch);
        if self.known.len() > EPOCHS_KEPT {
            self.known.remove(0);
            self.forgotten = self.forgotten.saturating_add(1);
        }
    }

    /// Returns the order of a `seq` in the current epoch.
    pub(super) fn order(&self, seq: u64) -> Order {
        order(self.ordinal(self.known.len()), seq)
    }

    /// Returns the `seq` of an order in the current epoch, or 0 for one from before.
    fn seq(&self, place: Order) -> u64 {
        seq_in(self.ordinal(self.known.len()), place)
    }

    /// Returns the order of a token's position. One from an epoch unknown here is as old as can be.
    #[inline]
    pub(super) fn order_of(&self, rev: Option<Rev>) -> Order {
        let Some(rev) = rev else { return OLDEST };
        let place = self.known.iter().rposition(|epoch| *epoch == rev.epoch);
        place.map_or(OLDEST, |place| order(self.ordinal(place + 1), rev.seq))
    }

    fn ordinal(&self, place: usize) -> u16 {
        u16::try_from(place).unwrap_or(u16::MAX).saturating_add(self.forgotten)
    }
}
