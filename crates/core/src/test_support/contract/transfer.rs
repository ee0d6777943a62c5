//! Moving: everything comes out as of one moment, and goes into an empty store whole or not at all.
//!
//! The rules take two stores, which may be of two kinds:
//!
//! ```
//! use handstamp_core::test_support::MemoryStore;
//!
//! async fn make() -> (MemoryStore, ()) {
//!     (MemoryStore::default(), ())
//! }
//!
//! handstamp_core::store_transfer_tests!(make, make);
//! ```

use std::{collections::BTreeSet, sync::Arc};

use tokio::sync::mpsc;

use super::{
    clean_up::at,
    commit, furnished,
    log::event,
    samples::{HOUR, after, noon, read, session, user},
};
use crate::{
    model::{Client, ClientProof, LogPosition, RevocationEvent, Selector, Session, SessionState, User},
    store::{
        Applied, Change, Changes, Store,
        transfer::{Contents, Counts, ImportError, Kind, PARCELS_UNDER_WAY, Parcel, Row, Transfer},
    },
};

/// Expands to one test for each rule.
#[macro_export]
macro_rules! store_transfer_tests {
    ($from:path, $to:path) => {
        $crate::store_transfer_tests! { @expand $from, $to;
            everything_moves_and_comes_out_the_same
            what_has_moved_goes_on_where_it_stood
            a_log_that_had_lost_its_end_is_known_to_have
            an_export_is_of_one_moment
            an_export_that_nobody_takes_ends
            an_empty_store_moves_as_well
            a_store_with_anything_in_it_takes_nothing_in
            a_source_that_goes_away_leaves_nothing_behind
            rows_that_were_announced_are_missed
            a_row_before_what_it_refers_to_is_refused
            a_row_that_comes_twice_is_refused
            a_row_that_refers_to_nothing_is_refused
        }
    };
    (@expand $from:path, $to:path; $($rule:ident)+) => {$(
        #[tokio::test]
        async fn $rule() {
            let (from, _keep_from) = $from().await;
            let (to, _keep_to) = $to().await;
            $crate::test_support::contract::transfer::$rule(std::sync::Arc::new(from), std::sync::Arc::new(to)).await;
        }
    )+};
}

/// Takes everything out of a store.
pub async fn export_all(store: &(impl Transfer + ?Sized)) -> Vec<Parcel> {
    let (to, mut from) = mpsc::channel(PARCELS_UNDER_WAY);
    let taken = async {
        let mut parcels = Vec::new();
        while let Some(parcel) = from.recv().await {
            parcels.push(parcel);
        }
        parcels
    };
    let (exported, parcels) = tokio::join!(store.export(to), taken);
    exported.expect("the store works");
    parcels
}

/// Puts everything into a store.
pub async fn import_all(
    store: &(impl Transfer + ?Sized),
    parcels: Vec<Parcel>,
) -> Result<Counts, ImportError> {
    let (to, from) = mpsc::channel(PARCELS_UNDER_WAY);
    let given = async move {
        for parcel in parcels {
            // A store that has seen enough listens no more.
            if to.send(parcel).await.is_err() {
                break;
            }
        }
    };
    tokio::join!(store.import(from), given).0
}

fn contents(parcels: &[Parcel]) -> &Contents {
    match parcels.first() {
        Some(Parcel::Contents(contents)) => contents,
        other => panic!("an export begins with its contents, and not with {other:?}"),
    }
}

fn rows(parcels: &[Parcel]) -> Vec<Row> {
    let rows =
        parcels.iter().filter_map(|parcel| if let Parcel::Rows(rows) = parcel { Some(rows) } else { None });
    rows.flatten().cloned().collect()
}

/// Rows as they may be compared: only of events and of the audit log does the order mean something.
fn sorted(parcels: &[Parcel]) -> Vec<(Kind, String)> {
    let shown = |row: &Row| match row {
        // The model hides these.
        Row::User(User { password: Some(hash), .. }) => format!("{row:?} {}", hash.as_phc()),
        Row::Profile { profile, .. } => format!("{row:?} {}", profile.to_json()),
        Row::Client(Client { proof: ClientProof::Secret(hash), .. }) => format!("{row:?} {}", hash.as_str()),
        Row::Client(Client { proof: ClientProof::Keys(keys), .. }) => format!("{row:?} {}", keys.as_jwks()),
        Row::Key(key) => format!("{row:?} {:?}", key.sealed.as_bytes()),
        Row::UpstreamSession(beside) => {
            format!("{row:?} {:?}", beside.secret.as_ref().map(crate::model::SealedSecret::as_bytes))
        }
        row => format!("{row:?}"),
    };
    let mut rows: Vec<_> = rows(parcels).iter().map(|row| (row.kind(), shown(row))).collect();
    assert!(rows.is_sorted_by_key(|(kind, _)| *kind), "rows come by kind");
    let is_in_order = |kind| matches!(kind, Kind::Event | Kind::Audit);
    let order = rows.iter().filter(|(kind, _)| is_in_order(*kind)).cloned().collect::<Vec<_>>();
    rows.retain(|(kind, _)| !is_in_order(*kind));
    rows.sort();
    rows.into_iter().chain(order).collect()
}

fn erased<S: Store>(store: &Arc<S>) -> Arc<dyn Store> {
    Arc::clone(store) as Arc<dyn Store>
}

async fn assert_empty<S: Store + Transfer>(store: &Arc<S>, why: &str) {
    assert_eq!(contents(&export_all(&**store).await).counts.total(), 0, "{why}");
}

/// Nothing is lost, nothing is added, whatever kinds of stores these are.
pub async fn everything_moves_and_comes_out_the_same<A, B>(from: Arc<A>, to: Arc<B>)
where
    A: Store + Transfer,
    B: Store + Transfer,
{
    furnished(&erased(&from)).await;
    let given = export_all(&*from).await;
    let counts = contents(&given).counts;
    for (kind, count) in counts.iter() {
        assert!(count > 0, "there are no {}, so that nothing is said of them", kind.as_str());
    }

    let taken = import_all(&*to, given.clone()).await.expect("the store works");

    assert_eq!(taken, counts);
    let come_out = export_all(&*to).await;
    assert_eq!(sorted(&come_out), sorted(&given));
    assert_eq!(contents(&come_out).counts, counts);
    assert_eq!(contents(&come_out).head, contents(&given).head);
    assert!(matches!(come_out.last(), Some(Parcel::End)));
}

/// Sessions rotate and run out, the log goes on with the next number, and what was used stays used.
pub async fn what_has_moved_goes_on_where_it_stood<A, B>(from: Arc<A>, to: Arc<B>)
where
    A: Store + Transfer,
    B: Store + Transfer,
{
    let home = furnished(&erased(&from)).await;
    let before = from.log_head().await.expect("the store works");
    import_all(&*to, export_all(&*from).await).await.expect("the store works");
    let to = erased(&to);

    assert_eq!(to.log_head().await.expect("the store works"), before);
    assert_eq!(
        to.earlier_epochs().await.expect("the store works"),
        from.earlier_epochs().await.expect("the store works")
    );
    let moved = read(&to, home.id).await;
    let next = moved.refresh.rotated(after(HOUR), HOUR).expect("it is young");
    let rotation =
        Change::RotateSession { id: home.id, from: moved.refresh, to: next, idle_expiry: moved.idle_expiry };
    commit(&to, Changes::one(rotation).event(event(Selector::Session(home.id)))).await;
    let events = to.events_after(before.seq, 10).await.expect("the store works");
    assert_eq!(events.iter().map(|RevocationEvent { seq, .. }| *seq).collect::<Vec<_>>(), [before.seq + 1]);
    let used = rows(&export_all(&*from).await).into_iter().find_map(|row| match row {
        Row::UsedId { purpose, id, expires_at } => Some(Change::UseOnce { purpose, id, expires_at }),
        _ => None,
    });
    let again = to.apply(Changes::one(used.expect("something was used"))).await.expect("the store works");
    assert!(matches!(again, Applied::Conflict(_)), "{again:?}");
    to.clean_up(at(after(HOUR * 48))).await.expect("the store works");
    assert!(matches!(read(&to, home.id).await.state, SessionState::Ended { .. }), "it ran out");
}

/// Somewhere it has gone on: whoever serves what was taken in begins another epoch, also if the import was the last thing that its
/// process did.
pub async fn a_log_that_had_lost_its_end_is_known_to_have<A, B>(from: Arc<A>, to: Arc<B>)
where
    A: Store + Transfer,
    B: Store + Transfer,
{
    furnished(&erased(&from)).await;
    let mut parcels = export_all(&*from).await;
    let head = contents(&parcels).head;
    if let Some(Parcel::Contents(contents)) = parcels.first_mut() {
        assert_eq!(contents.mark, None, "it has lost nothing yet");
        contents.mark = Some(LogPosition { seq: head.seq + 7, ..head });
    }
    import_all(&*to, parcels).await.expect("the store works");

    let mark = to.log_mark().await.expect("the store works");
    assert!(mark.is_some_and(|mark| mark > head), "{mark:?} {head:?}");
    let given_on = contents(&export_all(&*to).await).mark;
    assert!(given_on.is_some_and(|mark| mark > head), "{given_on:?} {head:?}");
}

/// Whoever writes meanwhile is not kept waiting, and is not in it.
pub async fn an_export_is_of_one_moment<A, B>(from: Arc<A>, _: Arc<B>)
where
    A: Store + Transfer,
    B: Store + Transfer,
{
    furnished(&erased(&from)).await;
    let (to, mut parcels) = mpsc::channel(1);
    let exporting = tokio::spawn({
        let from = Arc::clone(&from);
        async move { from.export(to).await }
    });
    let first = parcels.recv().await.expect("the contents come");

    let late = User { email: None, ..user("late") };
    commit(
        &erased(&from),
        Changes::one(Change::CreateUser(late.clone())).event(event(Selector::Subject(late.id))),
    )
    .await;

    let mut all = vec![first];
    while let Some(parcel) = parcels.recv().await {
        all.push(parcel);
    }
    exporting.await.expect("no store panics").expect("the store works");
    let came: Counts = rows(&all).iter().map(Row::kind).collect();
    assert_eq!(came, contents(&all).counts);
    let is_late = |row: &Row| matches!(row, Row::User(user) if user.id == late.id);
    assert!(!rows(&all).iter().any(is_late));
    assert!(rows(&export_all(&*from).await).iter().any(is_late));
}

/// Nobody listens any more: there is nothing to report to.
pub async fn an_export_that_nobody_takes_ends<A, B>(from: Arc<A>, _: Arc<B>)
where
    A: Store + Transfer,
    B: Store + Transfer,
{
    furnished(&erased(&from)).await;
    let (to, parcels) = mpsc::channel(1);
    drop(parcels);
    from.export(to).await.expect("it is no failure of the store");
}

/// Its log counts on where the other stood.
pub async fn an_empty_store_moves_as_well<A, B>(from: Arc<A>, to: Arc<B>)
where
    A: Store + Transfer,
    B: Store + Transfer,
{
    let taken = import_all(&*to, export_all(&*from).await).await.expect("the store works");
    assert_eq!(taken.total(), 0);
    let heads =
        (from.log_head().await.expect("the store works"), to.log_head().await.expect("the store works"));
    assert_eq!(heads.0, heads.1);
}

/// Two installations are never mixed.
pub async fn a_store_with_anything_in_it_takes_nothing_in<A, B>(from: Arc<A>, to: Arc<B>)
where
    A: Store + Transfer,
    B: Store + Transfer,
{
    furnished(&erased(&from)).await;
    commit(&erased(&to), Changes::one(Change::CreateUser(user("zoe")))).await;
    let before = export_all(&*to).await;

    let refused = import_all(&*to, export_all(&*from).await).await.expect_err("somebody is there");

    assert!(matches!(refused, ImportError::NotEmpty { kind: Kind::User, count: 1 }), "{refused:?}");
    assert_eq!(export_all(&*to).await, before);
}

/// A command that was killed, a pipe that broke.
pub async fn a_source_that_goes_away_leaves_nothing_behind<A, B>(from: Arc<A>, to: Arc<B>)
where
    A: Store + Transfer,
    B: Store + Transfer,
{
    furnished(&erased(&from)).await;
    let whole = export_all(&*from).await;
    for length in 0..whole.len() {
        let refused = import_all(&*to, whole[..length].to_vec()).await.expect_err("it is not whole");
        assert!(matches!(refused, ImportError::Incomplete), "{refused:?}");
        assert_empty(&to, "after a part").await;
    }
    import_all(&*to, whole).await.expect("nothing is in the way");
}

/// A row that got lost on the way.
pub async fn rows_that_were_announced_are_missed<A, B>(from: Arc<A>, to: Arc<B>)
where
    A: Store + Transfer,
    B: Store + Transfer,
{
    furnished(&erased(&from)).await;
    let mut parcels = export_all(&*from).await;
    for parcel in &mut parcels {
        if let Parcel::Rows(rows) = parcel {
            rows.retain(|row| row.kind() != Kind::UsedId);
        }
    }
    let refused = import_all(&*to, parcels).await.expect_err("rows are missing");
    assert!(matches!(refused, ImportError::Miscounted { kind: Kind::UsedId, came: 0, .. }), "{refused:?}");
    assert_empty(&to, "rows were missing").await;
}

/// Each store could take what it likes; all of them take the same.
pub async fn a_row_before_what_it_refers_to_is_refused<A, B>(from: Arc<A>, to: Arc<B>)
where
    A: Store + Transfer,
    B: Store + Transfer,
{
    furnished(&erased(&from)).await;
    let parcels = export_all(&*from).await;
    let mut backwards = rows(&parcels);
    backwards.reverse();
    let parcels = vec![Parcel::Contents(contents(&parcels).clone()), Parcel::Rows(backwards), Parcel::End];
    let refused = import_all(&*to, parcels).await.expect_err("it is the wrong way round");
    assert!(matches!(refused, ImportError::OutOfOrder { after: Kind::Audit, .. }), "{refused:?}");
    assert_empty(&to, "the order was wrong").await;
}

/// Of what has a name or an id there is one.
pub async fn a_row_that_comes_twice_is_refused<A, B>(from: Arc<A>, to: Arc<B>)
where
    A: Store + Transfer,
    B: Store + Transfer,
{
    furnished(&erased(&from)).await;
    let parcels = export_all(&*from).await;
    let kinds: BTreeSet<Kind> = rows(&parcels).iter().map(Row::kind).collect();
    for kind in kinds.into_iter().filter(|kind| *kind != Kind::Audit) {
        let mut twice = Vec::new();
        let mut contents = contents(&parcels).clone();
        for row in rows(&parcels) {
            if row.kind() == kind && contents.counts.of(kind) == self::contents(&parcels).counts.of(kind) {
                contents.counts.add(kind);
                twice.push(row.clone());
            }
            twice.push(row);
        }
        let doubled = vec![Parcel::Contents(contents), Parcel::Rows(twice), Parcel::End];
        let refused = import_all(&*to, doubled).await.expect_err("it came twice");
        assert!(
            matches!(refused, ImportError::Refused { kind: of, .. } if of == kind),
            "{kind:?}: {refused:?}"
        );
        assert_empty(&to, "a row came twice").await;
    }
}

/// A session without its user would be a hole for whoever comes next.
pub async fn a_row_that_refers_to_nothing_is_refused<A, B>(_: Arc<A>, to: Arc<B>)
where
    A: Store + Transfer,
    B: Store + Transfer,
{
    let stray = Session { created_at: noon(), ..session(1, &user("nobody")) };
    let counts = Counts::from_iter([Kind::Session]);
    let head = to.log_head().await.expect("the store works");
    let contents = Contents { store: "a story".to_owned(), schema: 1, head, mark: None, counts };
    let parcels = vec![Parcel::Contents(contents), Parcel::Rows(vec![Row::Session(stray)]), Parcel::End];
    let refused = import_all(&*to, parcels).await.expect_err("there is no such user");
    assert!(matches!(refused, ImportError::Refused { kind: Kind::Session, .. }), "{refused:?}");
    assert_empty(&to, "the session had no user").await;
}
