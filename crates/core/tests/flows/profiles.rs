use handstamp_core::{
    flows::{
        profiles::{self, Snapshot},
        users::{self, UsersError},
    },
    model::{AuditKind, EventKind, Profile, Selector, UserId},
    test_support::Kit,
};

use super::{entries, events};

fn profile(json: &str) -> Profile {
    json.parse().expect("it is a profile")
}

async fn set(kit: &Kit, user: UserId, json: &str) -> Result<Snapshot, UsersError> {
    profiles::set(&kit.ctx, user, profile(json), None, kit.clock.now()).await
}

async fn found(kit: &Kit, user: UserId) -> Option<Snapshot> {
    profiles::find(&kit.ctx, user).await.expect("the store works")
}

#[tokio::test]
async fn a_profile_is_told_of_in_the_log_and_no_token_goes_stale() {
    let kit = Kit::new().await;
    let (ann, admin) = (kit.user("ann").await, kit.user("root").await);
    let issued = kit.sign_in("ann").await.expect("ann may sign in");

    let told = profile(r#"{"name":"Ann"}"#);
    profiles::set(&kit.ctx, ann.id, told.clone(), Some(admin.id), kit.clock.now())
        .await
        .expect("ann is there");

    assert_eq!(found(&kit, ann.id).await.expect("ann is there").profile, told);
    assert_eq!(events(&kit).await, [(Selector::Profile(ann.id), EventKind::Stale)]);
    kit.refresh(&issued).await.expect("the session goes on");
    let entry = entries(&kit, ann.id).await.pop().expect("it was noted");
    assert_eq!((entry.kind, entry.actor), (AuditKind::UserChanged, Some(admin.id)));
    assert_eq!(entry.detail.as_deref(), Some("profile"), "what it says is nobody's business here");
}

#[tokio::test]
async fn whoever_reads_a_profile_knows_as_of_which_event_it_holds() {
    let kit = Kit::new().await;
    let ann = kit.user("ann").await;

    set(&kit, ann.id, r#"{"a":1}"#).await.expect("ann is there");
    set(&kit, ann.id, r#"{"a":2}"#).await.expect("ann is there");

    assert_eq!(found(&kit, ann.id).await.expect("ann is there").subject.rev.seq, 2);
}

#[tokio::test]
async fn setting_what_is_there_already_tells_nobody() {
    let kit = Kit::new().await;
    let ann = kit.user("ann").await;
    set(&kit, ann.id, "{}").await.expect("ann is there");
    set(&kit, ann.id, r#"{"a":1,"b":2}"#).await.expect("ann is there");
    let noted = entries(&kit, ann.id).await.len();

    set(&kit, ann.id, r#" {"b": 2, "a": 1} "#).await.expect("ann is there");

    assert_eq!(events(&kit).await.len(), 1);
    assert_eq!(entries(&kit, ann.id).await.len(), noted);
}

#[tokio::test]
async fn a_profile_of_nobody_is_refused() {
    let kit = Kit::new().await;
    let nobody = UserId::from_bytes([9; 16]);

    assert!(matches!(set(&kit, nobody, "{}").await, Err(UsersError::NotFound)));
    assert_eq!(found(&kit, nobody).await, None);
}

#[tokio::test]
async fn of_several_changes_at_the_same_time_each_is_told_of() {
    let kit = Kit::new().await;
    let ann = kit.user("ann").await;

    let (one, two, three) = tokio::join!(
        set(&kit, ann.id, r#"{"a":1}"#),
        set(&kit, ann.id, r#"{"a":2}"#),
        set(&kit, ann.id, r#"{"a":3}"#)
    );

    assert!([one, two, three].iter().all(Result::is_ok));
    assert_eq!(events(&kit).await.len(), 3);
}

/// Services that show who is disabled hear of it when that ends.
#[tokio::test]
async fn whoever_is_enabled_again_has_a_changed_profile() {
    let kit = Kit::new().await;
    let ann = kit.user("ann").await;
    users::disable(&kit.ctx, ann.id, None, kit.clock.now()).await.expect("ann is there");

    users::enable(&kit.ctx, ann.id, None, kit.clock.now()).await.expect("ann is there");

    let told = events(&kit).await;
    assert_eq!(told.last(), Some(&(Selector::Profile(ann.id), EventKind::Stale)));
}
