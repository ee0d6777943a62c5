//! Profiles.

use std::sync::Arc;

use super::{
    commit,
    log::event,
    race, refused,
    samples::{given_user, organization, user},
};
use crate::{
    model::{Profile, Selector, User, UserId},
    store::{Change, Changes, Conflict, Store, Subject},
};

fn profile(json: &str) -> Profile {
    json.parse().expect("it is a profile")
}

fn set(user_id: UserId, from: &Profile, to: &Profile) -> Changes {
    Changes::one(Change::SetProfile { user_id, from: from.clone(), to: to.clone() })
}

async fn read(store: &Arc<dyn Store>, user: UserId) -> Option<(Subject, Profile)> {
    store.profile(user).await.expect("the store works")
}

/// As of one moment, with all else that is told of somebody.
pub async fn a_profile_comes_with_its_subject(store: Arc<dyn Store>) {
    let acme = organization("acme");
    let ann = User { org_id: Some(acme.id.clone()), ..user("ann") };
    let made = Changes::one(Change::CreateOrganization(acme)).and(Change::CreateUser(ann.clone()));
    commit(&store, made.event(event(Selector::Everything))).await;
    let told = profile(r#"{"name":"Ann Größe","desk":{"floor":1.8000000000000003,"seats":[1,null,true]}}"#);

    commit(&store, set(ann.id, &Profile::default(), &told).event(event(Selector::Profile(ann.id)))).await;

    let subject = store.subject(ann.id).await.expect("the store works").expect("ann is there");
    assert_eq!(subject.rev.seq, 2);
    assert_eq!(read(&store, ann.id).await, Some((subject, told)));
}

/// Nothing was set, which is no error; and nobody has no profile, not even an empty one.
pub async fn a_profile_that_was_never_set_is_empty(store: Arc<dyn Store>) {
    let ann = given_user(&store, "ann").await;
    let (_, profile) = read(&store, ann.id).await.expect("ann is there");
    assert!(profile.is_empty());
    assert_eq!(read(&store, user("nobody").id).await, None);
}

/// Replacing takes away what the new one lacks, and an empty one takes away all.
pub async fn a_profile_replaces_the_one_before(store: Arc<dyn Store>) {
    let (ann, bob) = (given_user(&store, "ann").await, given_user(&store, "bob").await);
    let largest = profile(&format!(r#"{{"a":"{}"}}"#, "x".repeat(Profile::MAX_BYTES - 8)));
    let steps = [Profile::default(), profile(r#"{"a":1,"b":2}"#), largest, Profile::default()];
    for pair in steps.windows(2) {
        commit(&store, set(ann.id, &pair[0], &pair[1])).await;
        assert_eq!(read(&store, ann.id).await.expect("ann is there").1, pair[1]);
    }
    assert!(read(&store, bob.id).await.expect("bob is there").1.is_empty());
}

/// The user's other data is another's business: setting a profile raises no version, and changing the user keeps the profile.
pub async fn a_profile_and_its_user_change_apart(store: Arc<dyn Store>) {
    let ann = given_user(&store, "ann").await;
    let told = profile(r#"{"a":1}"#);
    commit(&store, set(ann.id, &Profile::default(), &told)).await;
    commit(&store, Changes::one(Change::UpdateUser(User { email: None, ..ann.clone() }))).await;
    let (subject, kept) = read(&store, ann.id).await.expect("ann is there");
    assert_eq!((subject.user.version, kept), (1, told));
}

/// Two writers cannot overwrite each other unseen.
pub async fn a_profile_that_changed_meanwhile_is_refused(store: Arc<dyn Store>) {
    let ann = given_user(&store, "ann").await;
    let (one, other) = (profile(r#"{"a":1}"#), profile(r#"{"a":2}"#));
    commit(&store, set(ann.id, &Profile::default(), &one)).await;
    for from in [&Profile::default(), &other] {
        assert_eq!(refused(&store, set(ann.id, from, &other)).await, Conflict::UserChanged);
    }
    assert_eq!(read(&store, ann.id).await.expect("ann is there").1, one);
    let nobody = set(user("nobody").id, &Profile::default(), &one);
    assert_eq!(refused(&store, nobody).await, Conflict::UserChanged);
}

/// However many try from the same one.
pub async fn of_many_profiles_at_the_same_time_one_holds(store: Arc<dyn Store>) {
    let ann = given_user(&store, "ann").await;
    let one = |number: u8| set(ann.id, &Profile::default(), &profile(&format!(r#"{{"a":{number}}}"#)));
    assert_eq!(race(&store, (0..20).map(one).collect()).await, 1);
}
