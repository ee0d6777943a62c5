//! Units of work: whole or not at all, and none at another's expense.

use std::sync::Arc;

use super::{
    commit,
    log::event,
    race, refused,
    samples::{given_session, given_user, noon, organization, read, session, user},
};
use crate::{
    model::{AuditEntry, AuditKind, EndReason, Selector, SessionState, User},
    store::{Change, Changes, Conflict, Store},
};

/// Another user whose name is taken.
fn namesake() -> User {
    User { id: user("other").id, email: None, ..user("ann") }
}

/// Nothing of it holds: no change before the conflict, no event, no number, no audit entry.
pub async fn a_conflict_undoes_the_whole_unit(store: Arc<dyn Store>) {
    let session = given_session(&store).await;
    let unit = Changes::one(Change::CreateUser(user("bob")))
        .and(Change::EndSession { id: session.id, at: noon(), reason: EndReason::SignedOut })
        .and(Change::CreateUser(namesake()))
        .event(event(Selector::Everything))
        .audit(AuditEntry::new(AuditKind::UserCreated, noon()));
    assert_eq!(refused(&store, unit).await, Conflict::UsernameTaken);

    assert_eq!(store.user(user("bob").id).await.expect("the store works"), None);
    assert_eq!(read(&store, session.id).await.state, SessionState::Active);
    assert_eq!(store.log_head().await.expect("the store works").seq, 0);
    assert_eq!(store.audit_entries(None, 10).await.expect("the store works"), []);
}

/// Stores that commit many units together keep them apart.
pub async fn a_conflict_hurts_no_other_unit_at_the_same_time(store: Arc<dyn Store>) {
    given_user(&store, "ann").await;
    let unit = |name: String| {
        Changes::one(Change::CreateOrganization(organization(&format!("org-{name}"))))
            .and(Change::CreateUser(user(&name)))
            .event(event(Selector::Everything))
    };
    let good = (0..20).map(|number| unit(format!("user{number}")));
    // Each of these makes its organisation and then fails on the name.
    let bad = (0..20).map(|number| {
        Changes::one(Change::CreateOrganization(organization(&format!("bad-{number}"))))
            .and(Change::CreateUser(namesake()))
            .event(event(Selector::Everything))
    });
    let mixed = good.zip(bad).flat_map(|(good, bad)| [good, bad]).collect();
    assert_eq!(race(&store, mixed).await, 20);

    let organizations = store.organizations().await.expect("the store works");
    assert!(organizations.iter().all(|organization| organization.id.as_str().starts_with("org-")));
    assert_eq!(organizations.len(), 20);
    assert_eq!(store.log_head().await.expect("the store works").seq, 20);
}

/// Nothing to do is done.
pub async fn an_empty_unit_is_committed(store: Arc<dyn Store>) {
    assert_eq!(commit(&store, Changes::default()).await, 0);
}

/// Changes are applied in their order.
pub async fn a_later_change_sees_an_earlier_one_of_its_unit(store: Arc<dyn Store>) {
    let acme = organization("acme");
    let ann = User { org_id: Some(acme.id.clone()), ..user("ann") };
    let session = session(1, &ann);
    let unit = Changes::one(Change::CreateOrganization(acme))
        .and(Change::CreateUser(ann))
        .and(Change::StartSession { session: session.clone(), user_version: 0, at_most: Some(1) })
        .and(Change::EndSession { id: session.id, at: noon(), reason: EndReason::SignedOut });
    assert_eq!(commit(&store, unit).await, 1);
}

/// Not waiting for the disk is not waiting to be seen.
pub async fn relaxed_changes_are_read_at_once(store: Arc<dyn Store>) {
    commit(&store, Changes::one(Change::CreateUser(user("ann"))).relaxed()).await;
    assert!(store.user(user("ann").id).await.expect("the store works").is_some());
}
