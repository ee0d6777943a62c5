use handstamp_api_types::revocation::RevocationKind;

/// The place of an event or a token in everything this process has heard of, across epochs: a later one is larger.
///
/// The upper 16 bits count the epochs this process has lived through, the lower 48 are the `seq`. Zero is older than all.
pub(super) type Order = u64;

/// Older than every event: for tokens whose position says nothing here.
pub(super) const OLDEST: Order = 0;

/// Newer than every token: for events that hit whatever `rev` says.
pub(super) const NEWER_THAN_ALL: Order = Order::MAX;

const SEQ_BITS: u32 = 48;

/// Returns the order of a `seq` in the `ordinal`th epoch, counted from 1.
pub(super) fn order(ordinal: u16, seq: u64) -> Order {
    (Order::from(ordinal) << SEQ_BITS) | seq.min((1 << SEQ_BITS) - 1)
}

/// Returns the `seq` of an order, if it is in the `ordinal`th epoch; 0 if it is older.
pub(super) fn seq_in(ordinal: u16, place: Order) -> u64 {
    if place >> SEQ_BITS == Order::from(ordinal) { place & ((1 << SEQ_BITS) - 1) } else { 0 }
}

/// The newest event of each kind at one selector, or [`OLDEST`] for none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Marks {
    dead: Order,
    stale: Order,
}

impl Marks {
    pub(super) fn of(kind: RevocationKind, order: Order) -> Self {
        match kind {
            RevocationKind::Dead => Self { dead: order, stale: OLDEST },
            RevocationKind::Stale => Self { dead: OLDEST, stale: order },
        }
    }

    pub(super) fn merge(&mut self, other: Self) {
        self.dead = self.dead.max(other.dead);
        self.stale = self.stale.max(other.stale);
    }

    /// Returns what becomes of a token that matches the selector.
    pub(super) fn judge(self, token: Order) -> Option<RevocationKind> {
        if self.dead > token {
            Some(RevocationKind::Dead)
        } else if self.stale > token {
            Some(RevocationKind::Stale)
        } else {
            None
        }
    }

    pub(super) fn newest(self) -> Order {
        self.dead.max(self.stale)
    }

    /// Returns whether every token gets at least as bad an answer from these marks as from `other`.
    pub(super) fn cover(self, other: Self) -> bool {
        self.dead >= other.dead && self.newest() >= other.stale
    }
}

#[cfg(test)]
mod tests {
    use handstamp_api_types::revocation::RevocationKind::{Dead, Stale};

    use super::*;

    #[test]
    fn a_token_is_hit_by_later_events_only() {
        let marks = Marks::of(Dead, order(1, 5));

        assert_eq!(marks.judge(order(1, 4)), Some(Dead));
        assert_eq!(marks.judge(order(1, 5)), None);
        assert_eq!(marks.judge(OLDEST), Some(Dead));
    }

    #[test]
    fn dead_then_stale_leaves_the_new_sign_in_stale_and_the_old_one_dead() {
        let mut marks = Marks::of(Dead, order(1, 5));
        marks.merge(Marks::of(Stale, order(1, 9)));

        assert_eq!(marks.judge(order(1, 3)), Some(Dead));
        assert_eq!(marks.judge(order(1, 7)), Some(Stale));
        assert_eq!(marks.judge(order(1, 9)), None);
    }

    #[test]
    fn a_later_epoch_is_newer_whatever_the_seq() {
        assert!(order(2, 1) > order(1, (1 << 48) - 1));
    }

    #[test]
    fn covering_means_that_no_answer_gets_better() {
        for (wide, narrow) in
            [((5, 0), (5, 9)), ((5, 9), (5, 9)), ((0, 9), (1, 0)), ((9, 0), (3, 8)), ((0, 0), (0, 1))]
        {
            let wide = Marks { dead: wide.0, stale: wide.1 };
            let narrow = Marks { dead: narrow.0, stale: narrow.1 };
            let never_better = (0..12).all(|token| wide.judge(token) >= narrow.judge(token));

            assert_eq!(wide.cover(narrow), never_better, "{wide:?} over {narrow:?}");
        }
    }
}
