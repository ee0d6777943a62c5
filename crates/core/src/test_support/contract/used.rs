//! What may be used once.

use std::sync::Arc;

use jiff::Timestamp;

use super::{
    clean_up::at,
    commit, race, refused,
    samples::{ALMOST_AN_HOUR, HOUR, after, user},
};
use crate::{
    model::OneTimePurpose,
    store::{Change, Changes, CleanUp, CleanedUp, Conflict, Store},
};

fn using(id: &str) -> Changes {
    using_until(id, after(HOUR))
}

fn using_until(id: &str, expires_at: Timestamp) -> Changes {
    Changes::one(Change::UseOnce { purpose: OneTimePurpose::ClientAssertion, id: id.to_owned(), expires_at })
}

/// Another id is another thing.
pub async fn what_may_be_used_once_is_refused_the_second_time(store: Arc<dyn Store>) {
    commit(&store, using("one")).await;
    assert_eq!(refused(&store, using("one")).await, Conflict::AlreadyUsed);
    commit(&store, using("ONE")).await;
}

/// Whichever replica is asked.
pub async fn of_many_uses_at_the_same_time_one_holds(store: Arc<dyn Store>) {
    assert_eq!(race(&store, (0..20).map(|_| using("one")).collect()).await, 1);
}

/// What goes with it does not happen twice either.
pub async fn a_second_use_undoes_the_whole_unit(store: Arc<dyn Store>) {
    commit(&store, using("one")).await;
    let again = Changes::one(Change::CreateUser(user("ann"))).and(using("one").changes.remove(0));
    assert_eq!(refused(&store, again).await, Conflict::AlreadyUsed);
    assert!(!store.has_users().await.expect("the store works"));
}

/// Not a moment before.
pub async fn used_ids_are_forgotten_when_they_would_not_be_taken_anyway(store: Arc<dyn Store>) {
    commit(&store, using("one")).await;
    commit(&store, using_until("two", after(HOUR * 2))).await;
    let clean_up = async |what: CleanUp| store.clean_up(what).await.expect("the store works");
    assert_eq!(clean_up(at(after(ALMOST_AN_HOUR))).await, CleanedUp::default());
    assert_eq!(refused(&store, using("one")).await, Conflict::AlreadyUsed);

    let done = clean_up(at(after(HOUR))).await;
    assert_eq!(done, CleanedUp { used_ids_forgotten: 1, ..CleanedUp::default() });
    assert_eq!(refused(&store, using("two")).await, Conflict::AlreadyUsed);
    commit(&store, using("one")).await;
}
