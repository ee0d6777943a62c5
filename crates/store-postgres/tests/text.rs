//! Text that PostgreSQL cannot keep as it is.

use handstamp_core::store::{Change, Changes, Store};

use crate::kit::{commit, empty_store};
use crate::samples::{session, starting, user};

#[tokio::test]
async fn a_label_with_a_zero_in_it_makes_nothing_fail() {
    let store = empty_store().await;
    let mut ann = user(1);
    ann.claims.insert("note".to_owned(), serde_json::json!("a\0b"));
    commit(&store, Changes::one(Change::CreateUser(ann.clone()))).await;
    commit(&store, starting(&session(1), 0)).await;
    let device = "my\0phone".to_owned();
    commit(&store, Changes::one(Change::RelabelSession { id: session(1).id, device })).await;

    assert_eq!(store.session(session(1).id).await.unwrap().unwrap().device, "my\u{fffd}phone");
    // JSON has a way to write it.
    assert_eq!(store.user(ann.id).await.unwrap(), Some(ann));
}
