//! Status lists: begin, take places, tell which are bad, forget.

use std::{sync::Arc, time::Duration};

use jiff::Timestamp;

use super::{
    clean_up::at,
    commit, race, refused,
    samples::{HOUR, after, given_session, given_user, noon, organization, read, session, start},
};
use crate::{
    model::{
        EndReason, Organization, OrganizationStatus, Session, SessionId, SessionState, StatusBits,
        StatusList, StatusListId, StatusPlace, TokenStatus, User,
    },
    store::{Change, Changes, CleanedUp, Conflict, Store},
};

fn list(number: u8) -> StatusList {
    StatusList {
        id: StatusListId::from_bytes([number; 8]),
        bits: StatusBits::One,
        size: 1_024,
        taken: 0,
        created_at: noon(),
        keep_until: after(HOUR),
    }
}

fn begin(list: &StatusList) -> Changes {
    Changes::one(Change::BeginStatusList(list.clone()))
}

fn take(list: &StatusList, from: u32, to: u32, keep_until: Timestamp) -> Changes {
    Changes::one(Change::TakePlaces { list: list.id, from, to, keep_until })
}

fn place(number: u8, index: u32) -> StatusPlace {
    StatusPlace { list: list(number).id, index }
}

fn put(id: SessionId, to: StatusPlace) -> Changes {
    Changes::one(Change::PlaceSession { id, from: None, to })
}

fn end(id: SessionId, at: Timestamp) -> Changes {
    Changes::one(Change::EndSession { id, at, reason: EndReason::SignedOut })
}

async fn find(store: &Arc<dyn Store>, id: StatusListId) -> Option<StatusList> {
    store.status_list(id).await.expect("the store works")
}

async fn bad_places(store: &Arc<dyn Store>, number: u8, since: Timestamp) -> Vec<(u32, TokenStatus)> {
    let mut bad = store.bad_places(list(number).id, since).await.expect("the store works");
    bad.sort_unstable();
    bad
}

/// Every field survives.
pub async fn a_status_list_reads_back_as_written(store: Arc<dyn Store>) {
    let largest = StatusList {
        bits: StatusBits::Two,
        size: u32::MAX,
        taken: u32::MAX,
        created_at: after(Duration::from_nanos(1)),
        ..list(1)
    };
    for list in [largest, list(2)] {
        commit(&store, begin(&list)).await;
        assert_eq!(find(&store, list.id).await, Some(list));
    }
    assert_eq!(find(&store, list(3).id).await, None);
}

/// Places are taken of the oldest first, so that few lists have room.
pub async fn status_lists_are_listed_oldest_first(store: Arc<dyn Store>) {
    for (number, hours) in [(1, 2), (2, 3), (3, 1)] {
        commit(&store, begin(&StatusList { created_at: after(HOUR * hours), ..list(number) })).await;
    }
    let lists = store.status_lists().await.expect("the store works");
    assert_eq!(lists.iter().map(|list| list.id.as_bytes()[0]).collect::<Vec<_>>(), [3, 1, 2]);
}

/// An id drawn twice does not begin a list anew.
pub async fn a_taken_status_list_id_is_refused(store: Arc<dyn Store>) {
    let first = StatusList { taken: 64, ..list(1) };
    commit(&store, begin(&first)).await;
    assert_eq!(refused(&store, begin(&list(1))).await, Conflict::StatusListChanged);
    assert_eq!(find(&store, first.id).await, Some(first));
}

/// The list is kept for the longest of all that have places in it.
pub async fn taken_places_are_counted_and_the_list_is_kept_for_the_longest(store: Arc<dyn Store>) {
    let list = list(1);
    commit(&store, begin(&list)).await;
    commit(&store, take(&list, 0, 64, after(HOUR * 3))).await;
    commit(&store, take(&list, 64, 128, after(HOUR * 2))).await;
    let expected = StatusList { taken: 128, keep_until: after(HOUR * 3), ..list };
    assert_eq!(find(&store, expected.id).await, Some(expected));
}

/// No place is given twice.
pub async fn places_that_were_taken_meanwhile_are_refused(store: Arc<dyn Store>) {
    let list = list(1);
    commit(&store, begin(&list)).await;
    commit(&store, take(&list, 0, 64, noon())).await;
    for from in [0, 1, 63, 65] {
        let taking = take(&list, from, from + 64, noon());
        assert_eq!(refused(&store, taking).await, Conflict::StatusListChanged, "{from}");
    }
    assert_eq!(find(&store, list.id).await.map(|list| list.taken), Some(64));
}

/// There is nothing to take of a list that was forgotten.
pub async fn places_of_an_unknown_status_list_are_refused(store: Arc<dyn Store>) {
    assert_eq!(refused(&store, take(&list(1), 0, 64, noon())).await, Conflict::StatusListChanged);
}

/// Two processes that read the same list do not share places.
pub async fn of_many_takers_at_the_same_time_one_wins(store: Arc<dyn Store>) {
    let list = list(1);
    commit(&store, begin(&list)).await;
    let takers = (0..8).map(|_| take(&list, 0, 64, noon())).collect();
    assert_eq!(race(&store, takers).await, 1);
    assert_eq!(find(&store, list.id).await.map(|list| list.taken), Some(64));
}

/// Begun with it, or given it later.
pub async fn a_session_keeps_its_place(store: Arc<dyn Store>) {
    let ann = given_user(&store, "ann").await;
    let born = Session { status: Some(place(1, u32::MAX)), ..session(1, &ann) };
    let given = session(2, &ann);
    commit(&store, start(&born)).await;
    commit(&store, start(&given)).await;
    commit(&store, put(given.id, place(2, 0))).await;
    assert_eq!(read(&store, born.id).await, born);
    assert_eq!(read(&store, given.id).await, Session { status: Some(place(2, 0)), ..given });
}

/// Of two that give it one at the same time, one wins: the tokens of the other would name a place that nobody looks after.
pub async fn a_place_changes_only_from_the_one_that_was_read(store: Arc<dyn Store>) {
    let session = given_session(&store).await;
    let id = session.id;
    commit(&store, put(id, place(1, 5))).await;
    for from in [None, Some(place(1, 6)), Some(place(2, 5))] {
        let changes = Changes::one(Change::PlaceSession { id, from, to: place(3, 7) });
        assert_eq!(refused(&store, changes).await, Conflict::SessionChanged, "{from:?}");
    }
    assert_eq!(read(&store, id).await.status, Some(place(1, 5)));

    commit(&store, Changes::one(Change::PlaceSession { id, from: Some(place(1, 5)), to: place(3, 7) })).await;
    assert_eq!(read(&store, id).await.status, Some(place(3, 7)));
}

/// What is over needs none.
pub async fn an_ended_or_unknown_session_gets_no_place(store: Arc<dyn Store>) {
    let session = given_session(&store).await;
    commit(&store, end(session.id, noon())).await;
    for id in [session.id, SessionId::from_bytes([9; 16])] {
        assert_eq!(refused(&store, put(id, place(1, 5))).await, Conflict::SessionChanged);
    }
}

/// Those of this list, and no earlier than asked for: of an earlier end no token is left.
pub async fn ended_sessions_are_bad_places(store: Arc<dyn Store>) {
    let ann = given_user(&store, "ann").await;
    for (number, in_list, ended) in
        [(1, 1, Some(3)), (2, 1, Some(2)), (3, 1, Some(1)), (4, 2, Some(3)), (5, 1, None)]
    {
        let status = Some(place(in_list, u32::from(number)));
        let state = ended.map_or(SessionState::Active, |hours| SessionState::Ended {
            at: after(HOUR * hours),
            reason: EndReason::SignedOut,
        });
        commit(&store, start(&Session { status, state, ..session(number, &ann) })).await;
    }
    let placeless = Session { id: SessionId::from_bytes([6; 16]), ..session(6, &ann) };
    commit(&store, start(&placeless)).await;
    commit(&store, end(placeless.id, after(HOUR * 3))).await;

    let expected = [(1, TokenStatus::Invalid), (2, TokenStatus::Invalid)];
    assert_eq!(bad_places(&store, 1, after(HOUR * 2)).await, expected);
    assert_eq!(bad_places(&store, 2, noon()).await, [(4, TokenStatus::Invalid)]);
    assert_eq!(bad_places(&store, 3, noon()).await, []);
}

/// Until it resumes. A session that ended as well is over for good.
pub async fn members_of_a_suspended_organization_are_bad_places(store: Arc<dyn Store>) {
    let acme = organization("acme");
    commit(&store, Changes::one(Change::CreateOrganization(acme.clone()))).await;
    let member = User { org_id: Some(acme.id.clone()), ..super::samples::user("ann") };
    let stranger = given_user(&store, "bob").await;
    commit(&store, Changes::one(Change::CreateUser(member.clone()))).await;
    for (number, user) in [(1, &member), (2, &member), (3, &stranger)] {
        let status = Some(place(1, u32::from(number)));
        commit(&store, start(&Session { status, ..session(number, user) })).await;
    }
    assert_eq!(bad_places(&store, 1, noon()).await, []);

    let suspended =
        Organization { status: OrganizationStatus::Suspended { at: after(HOUR) }, ..acme.clone() };
    commit(&store, Changes::one(Change::UpdateOrganization(suspended))).await;
    commit(&store, end(SessionId::from_bytes([2; 16]), after(HOUR))).await;
    let expected = [(1, TokenStatus::Suspended), (2, TokenStatus::Invalid)];
    assert_eq!(bad_places(&store, 1, after(HOUR)).await, expected);
    assert_eq!(bad_places(&store, 1, after(HOUR * 2)).await, []);

    commit(&store, Changes::one(Change::UpdateOrganization(acme))).await;
    assert_eq!(bad_places(&store, 1, after(HOUR)).await, [(2, TokenStatus::Invalid)]);
}

/// When the last token with a place in it is dead, and not a moment earlier.
pub async fn old_status_lists_are_forgotten(store: Arc<dyn Store>) {
    for (number, hours) in [(1, 1), (2, 2), (3, 3)] {
        commit(&store, begin(&StatusList { keep_until: after(HOUR * hours), ..list(number) })).await;
    }
    let done = store.clean_up(at(after(HOUR * 2))).await.expect("the store works");
    assert_eq!(done, CleanedUp { status_lists_forgotten: 2, ..CleanedUp::default() });
    let lists = store.status_lists().await.expect("the store works");
    assert_eq!(lists.iter().map(|list| list.id).collect::<Vec<_>>(), [list(3).id]);
}
