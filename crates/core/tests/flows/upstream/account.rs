//! What an upstream's word makes of an account: roles, organisation, address.

use handstamp_core::{
    flows::{
        Issued, organizations,
        upstream::{Membership, UpstreamIdentity, UpstreamSignInError},
        users,
    },
    model::{AuditKind, EventKind, OrgId, Role, Selector},
    settings::UpstreamSettings,
    test_support::Kit,
};

use super::{called, change, enter, kit, link, person, roles};
use crate::flows::{audit, entries, events};

/// Returns a kit whose upstreams map `buyer` and `seller`.
async fn mapping_kit() -> Kit {
    let mapped = roles(&["buyer", "seller"]);
    kit(UpstreamSettings { create: true, roles: mapped, ..UpstreamSettings::default() }).await
}

fn with_roles(given: &[&str]) -> UpstreamIdentity {
    UpstreamIdentity { roles: Some(roles(given)), ..person("1") }
}

fn role_names(issued: &Issued) -> Vec<&str> {
    issued.subject.user.roles.iter().map(Role::as_str).collect()
}

fn org(id: &str) -> OrgId {
    id.parse().expect("it is an id")
}

fn member(id: &str) -> UpstreamIdentity {
    UpstreamIdentity { org: Some(Membership::In(org(id))), ..person("1") }
}

async fn given_organizations(kit: &Kit) {
    for id in ["acme", "other"] {
        organizations::add(&kit.ctx, org(id), None, None, kit.clock.now())
            .await
            .expect("the organisation is new");
    }
}

#[tokio::test]
async fn a_new_account_has_the_mapped_roles_and_no_others() {
    let kit = mapping_kit().await;
    let issued = enter(&kit, &with_roles(&["seller", "admin", "root"])).await.expect("an account is made");
    assert_eq!(role_names(&issued), ["seller"]);
    assert_eq!(issued.access.claims.roles, issued.subject.user.roles.iter().cloned().collect::<Vec<_>>());
}

#[tokio::test]
async fn roles_follow_the_upstream_at_each_sign_in_and_other_devices_hear_of_it() {
    let kit = mapping_kit().await;
    let first = enter(&kit, &with_roles(&["seller"])).await.expect("an account is made");
    let ann = first.subject.user.id;

    let second = enter(&kit, &with_roles(&["buyer"])).await.expect("they are linked");

    assert_eq!(role_names(&second), ["buyer"]);
    assert_eq!(events(&kit).await, [(Selector::Subject(ann), EventKind::Stale)]);
    // The new token is younger than the event that makes the older one stale.
    assert!(second.access.claims.rev > first.access.claims.rev);
    assert_eq!(second.access.claims.rev, kit.ctx.store.log_head().await.expect("the store works"));
    let told = entries(&kit, ann).await;
    let changed = told.iter().find(|entry| entry.kind == AuditKind::UserChanged).expect("it is told");
    assert_eq!(changed.detail.as_deref(), Some("through corp: roles: buyer"));
}

#[tokio::test]
async fn roles_that_an_administrator_gave_stay() {
    let kit = mapping_kit().await;
    let issued = enter(&kit, &with_roles(&["seller"])).await.expect("an account is made");
    change(&kit, issued.session.user_id, |user| user.roles = roles(&["auditor", "seller"])).await;
    let again = enter(&kit, &with_roles(&["buyer"])).await.expect("they are linked");
    assert_eq!(role_names(&again), ["auditor", "buyer"]);
    let none = enter(&kit, &with_roles(&[])).await.expect("they are linked");
    assert_eq!(role_names(&none), ["auditor"]);
}

#[tokio::test]
async fn an_upstream_whose_roles_are_not_mapped_changes_none() {
    let kit = mapping_kit().await;
    enter(&kit, &with_roles(&["seller"])).await.expect("an account is made");
    let again = enter(&kit, &person("1")).await.expect("they are linked");
    assert_eq!(role_names(&again), ["seller"]);
    assert_eq!(events(&kit).await, []);
}

#[tokio::test]
async fn a_sign_in_that_says_the_same_again_changes_nothing() {
    let kit = mapping_kit().await;
    let first = enter(&kit, &with_roles(&["seller"])).await.expect("an account is made");
    let again = enter(&kit, &with_roles(&["seller"])).await.expect("they are linked");
    assert_eq!(first.subject.user, again.subject.user);
    assert_eq!(events(&kit).await, []);
    let kinds = audit(&kit, first.session.user_id).await;
    assert_eq!(kinds[..2], [AuditKind::UserCreated, AuditKind::UpstreamLinked]);
    assert_eq!(kinds[2..], [AuditKind::SignedIn, AuditKind::SignedIn]);
}

#[tokio::test]
async fn the_organisation_follows_the_upstream() {
    let kit = mapping_kit().await;
    given_organizations(&kit).await;
    let first = enter(&kit, &member("acme")).await.expect("an account is made");
    assert_eq!(first.access.claims.org_id, Some(org("acme")));

    let second = enter(&kit, &member("other")).await.expect("they are linked");

    assert_eq!(second.access.claims.org_id, Some(org("other")));
    let events = kit.ctx.store.events_after(0, 10).await.expect("the store works");
    // The tokens that are stale name the organisation of before.
    assert_eq!(events.last().and_then(|event| event.event.org_id.clone()), Some(org("acme")));

    let nowhere = UpstreamIdentity { org: Some(Membership::Nowhere), ..person("1") };
    let third = enter(&kit, &nowhere).await.expect("they are linked");
    assert_eq!(third.access.claims.org_id, None);
}

#[tokio::test]
async fn an_account_that_is_made_begins_in_the_organisation_of_the_configuration() {
    let org_id = Some(org("acme"));
    let kit =
        kit(UpstreamSettings { create: true, org: org_id.clone(), ..UpstreamSettings::default() }).await;
    given_organizations(&kit).await;
    let issued = enter(&kit, &person("1")).await.expect("an account is made");
    assert_eq!(issued.access.claims.org_id, org_id);
    let moved = enter(&kit, &member("other")).await.expect("they are linked");
    assert_eq!(moved.access.claims.org_id, Some(org("other")));
    let nowhere = UpstreamIdentity { org: Some(Membership::Nowhere), ..person("1") };
    let back = enter(&kit, &nowhere).await.expect("they are linked");
    assert_eq!(back.access.claims.org_id, org_id);
}

#[tokio::test]
async fn an_organisation_that_does_not_exist_lets_nobody_in() {
    let kit = mapping_kit().await;
    for already_known in [false, true] {
        let refused = enter(&kit, &member("nowhere")).await.expect_err("there is no such organisation");
        assert!(
            matches!(&refused, UpstreamSignInError::UnknownOrganization { org_id } if *org_id == org("nowhere")),
            "{already_known}: {refused:?}"
        );
        enter(&kit, &person("1")).await.expect("an account is made, and then it is there");
    }
}

#[tokio::test]
async fn a_suspended_organisation_lets_nobody_in() {
    let kit = mapping_kit().await;
    given_organizations(&kit).await;
    organizations::suspend(&kit.ctx, &org("acme"), None, kit.clock.now()).await.expect("it is there");
    let refused = enter(&kit, &member("acme")).await.expect_err("it is suspended");
    assert!(matches!(refused, UpstreamSignInError::OrganizationSuspended), "{refused:?}");
    assert_eq!(super::users(&kit).await, []);
}

#[tokio::test]
async fn the_address_of_the_upstreams_own_accounts_follows_it() {
    let kit = mapping_kit().await;
    enter(&kit, &called("1", "ann")).await.expect("an account is made");
    let married = UpstreamIdentity { email: called("1", "lee").email, ..called("1", "ann") };
    let issued = enter(&kit, &married).await.expect("they are linked");
    assert_eq!(issued.access.claims.email.as_deref(), Some("lee@example.org"));

    let unverified = UpstreamIdentity { email_verified: false, ..called("1", "boss") };
    let issued = enter(&kit, &unverified).await.expect("they are linked");
    assert_eq!(issued.access.claims.email.as_deref(), Some("lee@example.org"));
}

#[tokio::test]
async fn an_address_that_somebody_has_stays_theirs() {
    let kit = mapping_kit().await;
    kit.user("boss").await;
    enter(&kit, &called("1", "ann")).await.expect("an account is made");
    let issued = enter(&kit, &called("1", "boss")).await.expect("they are linked");
    assert_eq!(issued.access.claims.email.as_deref(), Some("ann@example.org"));
}

#[tokio::test]
async fn the_address_that_an_administrator_gave_stays() {
    let kit = mapping_kit().await;
    kit.user("ann").await;
    let signed_in = kit.sign_in("ann").await.expect("ann may sign in");
    link(&kit, &signed_in, &called("1", "lee"), "one").await.expect("ann may link");
    let issued = enter(&kit, &called("1", "lee")).await.expect("they are linked");
    assert_eq!(issued.access.claims.email.as_deref(), Some("ann@example.org"));
}

#[tokio::test]
async fn a_disabled_account_hears_nothing_of_its_upstream() {
    let kit = mapping_kit().await;
    let issued = enter(&kit, &with_roles(&["seller"])).await.expect("an account is made");
    let id = issued.session.user_id;
    users::disable(&kit.ctx, id, None, kit.clock.now()).await.expect("the user is there");
    let refused = enter(&kit, &with_roles(&["buyer"])).await.expect_err("the account is disabled");
    assert!(matches!(refused, UpstreamSignInError::AccountDisabled), "{refused:?}");
    let user = kit.ctx.store.user(id).await.expect("the store works").expect("they are there");
    assert_eq!(user.roles, roles(&["seller"]));
}
