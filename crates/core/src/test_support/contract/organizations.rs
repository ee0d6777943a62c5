//! Organisations.

use std::sync::Arc;

use super::{
    commit, refused,
    samples::{HOUR, after, organization},
};
use crate::{
    model::{Organization, OrganizationStatus},
    store::{Change, Changes, Conflict, Store},
};

/// Both states survive, and so does a change from one to the other.
pub async fn an_organization_reads_back_as_written(store: Arc<dyn Store>) {
    let acme = organization("acme");
    commit(&store, Changes::one(Change::CreateOrganization(acme.clone()))).await;
    assert_eq!(store.organization(&acme.id).await.expect("the store works"), Some(acme.clone()));

    let suspended = Organization {
        name: "Acme & Söhne".to_owned(),
        status: OrganizationStatus::Suspended { at: after(HOUR) },
        ..acme
    };
    commit(&store, Changes::one(Change::UpdateOrganization(suspended.clone()))).await;
    assert_eq!(store.organization(&suspended.id).await.expect("the store works"), Some(suspended));
}

/// Ids are unique, and the first keeps it.
pub async fn a_taken_organization_id_is_refused(store: Arc<dyn Store>) {
    let acme = organization("acme");
    commit(&store, Changes::one(Change::CreateOrganization(acme.clone()))).await;
    let other = Organization { name: "Another".to_owned(), ..acme.clone() };
    assert_eq!(
        refused(&store, Changes::one(Change::CreateOrganization(other))).await,
        Conflict::OrganizationTaken
    );
    assert_eq!(store.organization(&acme.id).await.expect("the store works"), Some(acme));
}

/// There is nothing to change.
pub async fn an_update_of_an_unknown_organization_is_refused(store: Arc<dyn Store>) {
    let change = Change::UpdateOrganization(organization("nowhere"));
    assert_eq!(refused(&store, Changes::one(change)).await, Conflict::OrganizationUnknown);
}

/// Lists have one order.
pub async fn organizations_are_listed_by_id(store: Arc<dyn Store>) {
    for id in ["globex", "acme", "initech"] {
        commit(&store, Changes::one(Change::CreateOrganization(organization(id)))).await;
    }
    let ids: Vec<_> =
        store.organizations().await.expect("the store works").iter().map(|o| o.id.to_string()).collect();
    assert_eq!(ids, ["acme", "globex", "initech"]);
}
