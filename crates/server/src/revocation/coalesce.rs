//! Fewer events that say as much: memory is bounded by what is still to be said, not by how often somebody signed out.
//!
//! Whom an event covers is told by its hints. A session's organisation is that of its user when it ended; a token from before the
//! user came into it was made stale by the move, and that event is covered by the organisation it names. So whatever is left out
//! here, every token it hit is hit by what stays.

use std::collections::{BTreeMap, HashMap, VecDeque};

use handstamp_api_types::revocation::{RevocationKind, RevocationLevel, SelectorHash};
use handstamp_token::UnixTime;

use super::wire::Entry;

/// The newest event of one kind at one wide selector.
type Newest = Option<(u64, UnixTime)>;

/// The newest dead and the newest stale event of everything that is wider than a session, and of profiles.
#[derive(Debug, Default)]
struct Wide {
    everything: [Newest; 2],
    /// Hashes of two levels never meet.
    some: HashMap<SelectorHash, [Newest; 2]>,
}

/// Drops what a later and wider event says as well.
pub(super) fn drop_covered(entries: &mut VecDeque<Entry>) {
    let mut wide = Wide::default();
    for entry in entries.iter() {
        wide.note(entry);
    }
    entries.retain(|entry| !wide.covers(entry));
}

/// Widens the older half to organisations, or to everybody where no organisation is known. What would have been dead is stale
/// then: refused as well, and whether it may be refreshed is decided where the truth is.
pub(super) fn fold_older_half(entries: &mut VecDeque<Entry>) {
    let newer = entries.split_off(entries.len() / 2);
    let (mut kept, mut last_of) = (Vec::new(), BTreeMap::<Option<[u8; 16]>, Entry>::new());
    for entry in entries.drain(..) {
        if matches!(entry.level, RevocationLevel::Key | RevocationLevel::Client | RevocationLevel::All) {
            kept.push(entry);
            continue;
        }
        let org = if entry.level == RevocationLevel::Organization { entry.sel } else { entry.org };
        let forget_at = last_of.get(&org.map(|org| org.0)).map_or(entry.forget_at, |last| last.forget_at);
        let level = if org.is_some() { RevocationLevel::Organization } else { RevocationLevel::All };
        let folded = Entry {
            level,
            sel: org,
            sub: None,
            org: None,
            kind: RevocationKind::Stale,
            forget_at: forget_at.max(entry.forget_at),
            ..entry
        };
        last_of.insert(org.map(|org| org.0), folded);
    }
    kept.extend(last_of.into_values());
    kept.sort_unstable_by_key(|entry| entry.seq);
    entries.extend(kept);
    drop_covered(entries);
    entries.extend(newer);
}

impl Wide {
    fn note(&mut self, entry: &Entry) {
        let newest = match (entry.level, entry.sel) {
            (RevocationLevel::All, _) => &mut self.everything,
            (RevocationLevel::Subject | RevocationLevel::Organization, Some(sel)) => {
                self.some.entry(sel).or_default()
            }
            // What is stale and no wider than a token is a profile, which changes again and again.
            (RevocationLevel::Token, Some(sel)) if entry.kind == RevocationKind::Stale => {
                self.some.entry(sel).or_default()
            }
            _ => return,
        };
        newest[usize::from(entry.kind == RevocationKind::Dead)] = Some((entry.seq, entry.forget_at));
    }

    fn covers(&self, entry: &Entry) -> bool {
        // A leaked key hits young tokens too: nothing but itself says that.
        if entry.level == RevocationLevel::Key {
            return false;
        }
        let lies_in = [entry.sub, entry.org, entry.sel].into_iter().flatten();
        let wider = lies_in.filter_map(|selector| self.some.get(&selector)).chain([&self.everything]);
        wider
            .flat_map(|newest| usable(newest, entry.kind))
            .flatten()
            .any(|(seq, forget_at)| *seq > entry.seq && *forget_at >= entry.forget_at)
    }
}

/// Dead says stale as well, stale does not say dead.
fn usable(newest: &[Newest; 2], kind: RevocationKind) -> &[Newest] {
    if kind == RevocationKind::Dead { &newest[1..] } else { newest }
}

#[cfg(test)]
mod tests {
    use handstamp_core::model::Reason;

    use super::*;
    use RevocationKind::{Dead, Stale};
    use RevocationLevel as Level;

    fn hash(level: Level, number: u8) -> SelectorHash {
        SelectorHash([level as u8 + 1, number, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0])
    }

    /// An event at a level about number `who`; sessions and users of one number belong together.
    fn entry(seq: u64, level: Level, who: u8, kind: RevocationKind) -> Entry {
        let owner = |wider: Level| (level < wider).then(|| hash(wider, who));
        let is_owned = matches!(level, Level::Token | Level::Session | Level::Subject);
        Entry {
            seq,
            at: UnixTime::from_secs(0),
            forget_at: UnixTime::from_secs(1_000),
            sel: (level != Level::All).then(|| hash(level, who)),
            sub: owner(Level::Subject).filter(|_| is_owned),
            org: owner(Level::Organization).filter(|_| is_owned),
            level,
            kind,
            reason: Reason::Operator,
        }
    }

    fn left(entries: &[Entry]) -> Vec<u64> {
        let mut entries: VecDeque<_> = entries.iter().copied().collect();
        drop_covered(&mut entries);
        entries.iter().map(|entry| entry.seq).collect()
    }

    #[test]
    fn a_wide_event_covers_the_narrow_ones_before_it() {
        for wide in [Level::Subject, Level::Organization, Level::All] {
            let log = [
                entry(1, Level::Session, 1, Dead),
                entry(2, Level::Session, 2, Dead),
                entry(3, wide, 1, Dead),
                entry(4, Level::Session, 1, Dead),
            ];
            let expected = if wide == Level::All { vec![3, 4] } else { vec![2, 3, 4] };
            assert_eq!(left(&log), expected, "{wide:?}");
        }
    }

    #[test]
    fn stale_covers_no_dead() {
        assert_eq!(left(&[entry(1, Level::Session, 1, Dead), entry(2, Level::Subject, 1, Stale)]), [1, 2]);
        assert_eq!(left(&[entry(1, Level::Session, 1, Stale), entry(2, Level::Subject, 1, Dead)]), [2]);
    }

    #[test]
    fn what_is_forgotten_earlier_covers_nothing() {
        let short = Entry { forget_at: UnixTime::from_secs(999), ..entry(2, Level::All, 0, Dead) };
        assert_eq!(left(&[entry(1, Level::Session, 1, Dead), short]), [1, 2]);
    }

    #[test]
    fn a_leaked_key_is_covered_by_nothing() {
        assert_eq!(left(&[entry(1, Level::Key, 1, Dead), entry(2, Level::All, 0, Dead)]), [1, 2]);
    }

    #[test]
    fn a_second_event_of_one_user_takes_the_place_of_the_first() {
        assert_eq!(left(&[entry(1, Level::Subject, 1, Dead), entry(2, Level::Subject, 1, Dead)]), [2]);
    }

    #[test]
    fn a_profile_that_changes_again_takes_the_place_of_the_change_before() {
        let log = [
            entry(1, Level::Token, 1, Stale),
            entry(2, Level::Token, 2, Stale),
            entry(3, Level::Token, 1, Stale),
            entry(4, Level::Session, 1, Dead),
        ];
        assert_eq!(left(&log), [2, 3, 4]);
    }

    #[test]
    fn folding_leaves_one_event_an_organisation_and_keeps_the_newer_half() {
        let mut log: VecDeque<_> =
            (1..=100).map(|seq| entry(seq, Level::Session, u8::from(seq % 3 == 0), Dead)).collect();
        log[9] = entry(10, Level::Key, 9, Dead);

        fold_older_half(&mut log);

        let folded: Vec<_> = log.iter().take_while(|entry| entry.seq <= 50).collect();
        let told = folded.iter().map(|entry| (entry.seq, entry.level, entry.kind)).collect::<Vec<_>>();
        assert_eq!(
            told,
            [(10, Level::Key, Dead), (48, Level::Organization, Stale), (50, Level::Organization, Stale)]
        );
        assert_eq!(log.len(), 53);
    }

    #[test]
    fn folding_without_an_organisation_says_everybody() {
        let alone = |seq| Entry { sub: None, org: None, ..entry(seq, Level::Session, 1, Dead) };
        let mut log: VecDeque<_> = (1..=8).map(alone).collect();

        fold_older_half(&mut log);

        assert_eq!(log.iter().map(|entry| (entry.seq, entry.level)).next(), Some((4, Level::All)));
        assert_eq!(log.len(), 5);
    }
}
