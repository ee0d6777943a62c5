//! What an access token says of a user, read in one snapshot.

use std::sync::Arc;

use super::{
    commit,
    log::event,
    samples::{given_session, given_user, organization, session, start, user},
};
use crate::{
    model::{LogPosition, Selector, SessionId, User},
    store::{Change, Changes, Store, Subject},
};

/// All three parts, as of now.
pub async fn a_subject_holds_user_organization_and_log_position(store: Arc<dyn Store>) {
    let acme = organization("acme");
    let ann = User { org_id: Some(acme.id.clone()), ..user("ann") };
    let made = Changes::one(Change::CreateOrganization(acme.clone())).and(Change::CreateUser(ann.clone()));
    commit(&store, made.event(event(Selector::Everything)).event(event(Selector::Everything))).await;

    let LogPosition { epoch, .. } = store.log_head().await.expect("the store works");
    let expected =
        Subject { user: ann.clone(), organization: Some(acme), rev: LogPosition { epoch, seq: 2 } };
    assert_eq!(store.subject(ann.id).await.expect("the store works"), Some(expected));
}

/// No organisation is not an empty one.
pub async fn a_subject_without_organization_has_none(store: Arc<dyn Store>) {
    let ann = given_user(&store, "ann").await;
    let subject = store.subject(ann.id).await.expect("the store works").expect("ann is there");
    assert_eq!((subject.organization, subject.rev.seq), (None, 0));
    assert_eq!(store.subject(user("nobody").id).await.expect("the store works"), None);
}

/// The read of every refresh.
pub async fn a_session_comes_with_its_subject(store: Arc<dyn Store>) {
    let acme = organization("acme");
    let ann = User { org_id: Some(acme.id.clone()), ..user("ann") };
    let session = session(1, &ann);
    let made = Changes::one(Change::CreateOrganization(acme)).and(Change::CreateUser(ann.clone()));
    commit(&store, made.event(event(Selector::Everything))).await;
    commit(&store, start(&session)).await;

    let (read, subject) =
        store.session_subject(session.id).await.expect("the store works").expect("the session is there");
    assert_eq!(read, session);
    assert_eq!(Some(subject), store.subject(ann.id).await.expect("the store works"));
}

/// "Not found" is no error.
pub async fn an_unknown_session_has_no_subject(store: Arc<dyn Store>) {
    given_session(&store).await;
    let other = SessionId::from_bytes([9; 16]);
    assert_eq!(store.session_subject(other).await.expect("the store works"), None);
    assert_eq!(store.session(other).await.expect("the store works"), None);
}
