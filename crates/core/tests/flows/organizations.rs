use handstamp_core::{
    flows::organizations::{self, OrganizationsError},
    model::{EventKind, OrganizationStatus, Selector},
    test_support::Kit,
};

use super::events;

#[tokio::test]
async fn a_taken_id_is_refused() {
    let kit = Kit::new().await;
    let id: handstamp_core::model::OrgId = "acme".parse().expect("it is an id");
    let now = kit.clock.now();
    organizations::add(&kit.ctx, id.clone(), Some("Acme".to_owned()), None, now).await.expect("it is new");
    let again = organizations::add(&kit.ctx, id, None, None, now).await;
    assert!(matches!(again, Err(OrganizationsError::Taken)), "{again:?}");
}

#[tokio::test]
async fn suspending_kills_the_members_tokens_once() {
    let kit = Kit::new().await;
    let id: handstamp_core::model::OrgId = "acme".parse().expect("it is an id");
    let now = kit.clock.now();
    organizations::add(&kit.ctx, id.clone(), None, None, now).await.expect("it is new");
    for _ in 0..2 {
        let suspended = organizations::suspend(&kit.ctx, &id, None, now).await.expect("it is there");
        assert_eq!(suspended.status, OrganizationStatus::Suspended { at: now });
    }
    assert_eq!(events(&kit).await, [(Selector::Organization(id), EventKind::Dead)]);
}

#[tokio::test]
async fn an_unknown_organisation_cannot_be_suspended() {
    let kit = Kit::new().await;
    let id = "nowhere".parse().expect("it is an id");
    let suspended = organizations::suspend(&kit.ctx, &id, None, kit.clock.now()).await;
    assert!(matches!(suspended, Err(OrganizationsError::NotFound)), "{suspended:?}");
}
