use std::collections::{BTreeMap, BTreeSet};

use handstamp_core::{
    flows::users::{self, NewUser, UsersError},
    model::{AuditKind, EventKind, Selector, SessionState, UserStatus},
    password::{Password, rules::PasswordRejection},
    test_support::{Kit, PASSWORD},
};
use serde_json::json;

use super::{audit, events, state};

fn new_user(name: &str, password: &str) -> NewUser {
    NewUser {
        username: name.parse().expect("it is a name"),
        email: None,
        roles: BTreeSet::new(),
        org_id: None,
        password: Some(Password::new(password)),
    }
}

#[tokio::test]
async fn a_weak_password_is_refused_with_its_reason_and_no_user_is_made() {
    let kit = Kit::new().await;
    let added = users::add(&kit.ctx, new_user("ann", "short"), None, kit.clock.now()).await;
    assert!(
        matches!(added, Err(UsersError::Password(PasswordRejection::TooShort { length: 5, min: 15 }))),
        "{added:?}"
    );
    assert!(!kit.ctx.store.has_users().await.expect("the store works"));
}

#[tokio::test]
async fn a_taken_name_and_a_taken_address_are_refused() {
    let kit = Kit::new().await;
    let ann = kit.user("ann").await;
    let same_name = users::add(&kit.ctx, new_user("Ann", PASSWORD), None, kit.clock.now()).await;
    assert!(matches!(same_name, Err(UsersError::UsernameTaken)), "{same_name:?}");
    let same_address = NewUser { email: ann.email, ..new_user("bob", PASSWORD) };
    let same_address = users::add(&kit.ctx, same_address, None, kit.clock.now()).await;
    assert!(matches!(same_address, Err(UsersError::EmailTaken)), "{same_address:?}");
}

#[tokio::test]
async fn an_unknown_organisation_is_refused() {
    let kit = Kit::new().await;
    let new = NewUser { org_id: Some("nowhere".parse().expect("it is an id")), ..new_user("ann", PASSWORD) };
    let added = users::add(&kit.ctx, new, None, kit.clock.now()).await;
    assert!(matches!(added, Err(UsersError::OrganizationUnknown)), "{added:?}");
}

#[tokio::test]
async fn disabling_ends_every_session_and_kills_every_token() {
    let kit = Kit::new().await;
    let (ann, admin) = (kit.user("ann").await, kit.user("root").await);
    let session = kit.sign_in("ann").await.expect("ann may sign in").session.id;
    let disabled =
        users::disable(&kit.ctx, ann.id, Some(admin.id), kit.clock.now()).await.expect("ann is there");
    assert!(matches!(disabled.status, UserStatus::Disabled { .. }));
    assert_ne!(state(&kit, session).await, SessionState::Active);
    assert_eq!(events(&kit).await, [(Selector::Subject(ann.id), EventKind::Dead)]);
    let entry = kit.ctx.store.audit_entries(Some(ann.id), 1).await.expect("the store works").remove(0);
    assert_eq!((entry.kind, entry.actor), (AuditKind::UserChanged, Some(admin.id)));

    users::disable(&kit.ctx, ann.id, None, kit.clock.now()).await.expect("ann is there");
    assert_eq!(events(&kit).await.len(), 1, "a second time there is nothing to do");
}

#[tokio::test]
async fn an_enabled_user_signs_in_again_and_old_sessions_stay_ended() {
    let kit = Kit::new().await;
    let ann = kit.user("ann").await;
    let old = kit.sign_in("ann").await.expect("ann may sign in");
    users::disable(&kit.ctx, ann.id, None, kit.clock.now()).await.expect("ann is there");
    users::enable(&kit.ctx, ann.id, None, kit.clock.now()).await.expect("ann is there");
    kit.sign_in("ann").await.expect("ann is back");
    kit.refresh(&old).await.expect_err("that session is over");
}

#[tokio::test]
async fn changed_roles_organisation_and_claims_make_tokens_stale_and_end_nothing() {
    let kit = Kit::new().await;
    let ann = kit.user("ann").await;
    let session = kit.sign_in("ann").await.expect("ann may sign in").session.id;
    let now = kit.clock.now();
    let acme = handstamp_core::flows::organizations::add(
        &kit.ctx,
        "acme".parse().expect("it is an id"),
        None,
        None,
        now,
    )
    .await
    .expect("it is new");
    let roles: BTreeSet<_> = ["admin".parse().expect("it is a role")].into();
    for _ in 0..2 {
        // The second time nothing changes, and nobody has to refresh for it.
        users::set_roles(&kit.ctx, ann.id, roles.clone(), None, now).await.expect("ann is there");
        users::set_org(&kit.ctx, ann.id, Some(acme.id.clone()), None, now).await.expect("ann is there");
        let claims = BTreeMap::from([("tier".to_owned(), json!("gold"))]);
        users::set_claims(&kit.ctx, ann.id, claims, None, now).await.expect("ann is there");
    }
    let stale = (Selector::Subject(ann.id), EventKind::Stale);
    assert_eq!(events(&kit).await, [stale.clone(), stale.clone(), stale]);
    assert_eq!(state(&kit, session).await, SessionState::Active);
}

#[tokio::test]
async fn a_reserved_claim_name_is_refused() {
    let kit = Kit::new().await;
    let ann = kit.user("ann").await;
    let claims = BTreeMap::from([("sub".to_owned(), json!("somebody else"))]);
    let set = users::set_claims(&kit.ctx, ann.id, claims, None, kit.clock.now()).await;
    assert!(matches!(&set, Err(UsersError::ReservedClaim { name }) if name == "sub"), "{set:?}");
}

#[tokio::test]
async fn a_password_set_by_an_administrator_ends_every_session() {
    let kit = Kit::new().await;
    let ann = kit.user("ann").await;
    let session = kit.sign_in("ann").await.expect("ann may sign in").session.id;
    let new = Password::new("nine purple teapots sing");
    users::set_password(&kit.ctx, ann.id, &new, None, kit.clock.now()).await.expect("it is a good one");
    assert_ne!(state(&kit, session).await, SessionState::Active);
    assert_eq!(events(&kit).await, [(Selector::Subject(ann.id), EventKind::Dead)]);
    assert!(audit(&kit, ann.id).await.contains(&AuditKind::PasswordChanged));
    kit.sign_in("ann").await.expect_err("the old password is gone");
    kit.sign_in_with("ann", "nine purple teapots sing").await.expect("the new one works");
}

#[tokio::test]
async fn ending_the_sessions_of_a_user_leaves_the_account_alone() {
    let kit = Kit::new().await;
    let ann = kit.user("ann").await;
    kit.sign_in("ann").await.expect("ann may sign in");
    kit.sign_in("ann").await.expect("ann may sign in");
    assert_eq!(users::end_sessions(&kit.ctx, ann.id, None, kit.clock.now()).await.expect("ann is there"), 2);
    kit.sign_in("ann").await.expect("ann may sign in again");
}

#[tokio::test]
async fn administrators_who_change_one_user_at_the_same_time_lose_nothing() {
    let kit = Kit::new().await;
    let (ann, now) = (kit.user("ann").await, kit.clock.now());
    let roles: BTreeSet<_> = ["admin".parse().expect("it is a role")].into();
    let claims = BTreeMap::from([("tier".to_owned(), json!("gold"))]);
    let (first, second) = tokio::join!(
        users::set_roles(&kit.ctx, ann.id, roles.clone(), None, now),
        users::set_claims(&kit.ctx, ann.id, claims.clone(), None, now),
    );
    first.expect("ann is there");
    second.expect("ann is there");
    let stored = kit.ctx.store.user(ann.id).await.expect("the store works").expect("ann is there");
    assert_eq!((stored.roles, stored.claims, stored.version), (roles, claims, 2));
}
