//! Users.

use std::{collections::BTreeMap, sync::Arc};

use serde_json::json;

use super::{
    commit, race, refused,
    samples::{HOUR, after, given_user, organization, user},
};
use crate::{
    model::{PasswordHash, User, UserStatus},
    store::{Change, Changes, Conflict, Store},
};

async fn read(store: &Arc<dyn Store>, user: &User) -> Option<User> {
    store.user(user.id).await.expect("the store works")
}

/// Every field survives, with and without the optional ones.
pub async fn a_user_reads_back_as_written(store: Arc<dyn Store>) {
    commit(&store, Changes::one(Change::CreateOrganization(organization("acme")))).await;
    let full = User {
        org_id: Some("acme".parse().expect("it is an id")),
        roles: ["buyer", "admin"].into_iter().map(|role| role.parse().expect("it is a role")).collect(),
        claims: BTreeMap::from([
            ("tier".to_owned(), json!({"name": "gold", "since": 2024})),
            ("größe".to_owned(), json!(null)),
        ]),
        status: UserStatus::Disabled { at: after(HOUR) },
        ..user("ann")
    };
    let bare = User { email: None, password: None, ..user("jürgen") };
    for user in [full, bare] {
        commit(&store, Changes::one(Change::CreateUser(user.clone()))).await;
        assert_eq!(read(&store, &user).await, Some(user));
    }
}

/// "Not found" is no error.
pub async fn an_unknown_user_is_none(store: Arc<dyn Store>) {
    assert_eq!(read(&store, &user("nobody")).await, None);
    let login = "nobody".parse().expect("it is a login");
    assert_eq!(store.user_by_login(&login).await.expect("the store works"), None);
}

/// Both ways to say who one is lead to the same user, whatever the case of the letters.
pub async fn a_user_is_found_by_name_and_by_address(store: Arc<dyn Store>) {
    let ann = given_user(&store, "ann").await;
    given_user(&store, "bob").await;
    for login in ["ann", "Ann", "ann@example.org", "ANN@Example.org"] {
        let login = login.parse().expect("it is a login");
        assert_eq!(
            store.user_by_login(&login).await.expect("the store works"),
            Some(ann.clone()),
            "{login:?}"
        );
    }
}

/// Names are unique.
pub async fn a_taken_user_name_is_refused(store: Arc<dyn Store>) {
    given_user(&store, "ann").await;
    let other = User { id: user("other").id, email: None, ..user("ann") };
    assert_eq!(refused(&store, Changes::one(Change::CreateUser(other))).await, Conflict::UsernameTaken);
}

/// Addresses are unique.
pub async fn a_taken_address_is_refused(store: Arc<dyn Store>) {
    let ann = given_user(&store, "ann").await;
    let bob = User { email: ann.email, ..user("bob") };
    assert_eq!(refused(&store, Changes::one(Change::CreateUser(bob))).await, Conflict::EmailTaken);
}

/// "No address" is not an address that could be taken.
pub async fn several_users_may_have_no_address(store: Arc<dyn Store>) {
    for name in ["ann", "bob"] {
        commit(&store, Changes::one(Change::CreateUser(User { email: None, ..user(name) }))).await;
    }
}

/// A user's organisation exists.
pub async fn an_unknown_organization_is_refused(store: Arc<dyn Store>) {
    let org_id = Some("nowhere".parse().expect("it is an id"));
    let ann = User { org_id: org_id.clone(), ..user("ann") };
    assert_eq!(refused(&store, Changes::one(Change::CreateUser(ann))).await, Conflict::OrganizationUnknown);
    let bob = User { org_id, ..given_user(&store, "bob").await };
    assert_eq!(refused(&store, Changes::one(Change::UpdateUser(bob))).await, Conflict::OrganizationUnknown);
}

/// The one-time way to the first administrator closes behind them.
pub async fn the_first_user_is_made_once(store: Arc<dyn Store>) {
    assert!(!store.has_users().await.expect("the store works"));
    commit(&store, Changes::one(Change::CreateFirstUser(user("ann")))).await;
    assert!(store.has_users().await.expect("the store works"));
    assert_eq!(
        refused(&store, Changes::one(Change::CreateFirstUser(user("bob")))).await,
        Conflict::NotFirstUser
    );
    assert_eq!(read(&store, &user("bob")).await, None);
}

/// It closes behind exactly one, however many try.
pub async fn of_two_first_users_at_the_same_time_one_is_made(store: Arc<dyn Store>) {
    let units = ["ann", "bob", "cleo", "dan"].map(|name| Changes::one(Change::CreateFirstUser(user(name))));
    assert_eq!(race(&store, units.into()).await, 1);
    assert_eq!(store.users(None, 10).await.expect("the store works").len(), 1);
}

/// What was read and changed is what is read next, one version later.
pub async fn an_update_replaces_the_user_and_raises_the_version(store: Arc<dyn Store>) {
    let ann = given_user(&store, "ann").await;
    let changed = User {
        username: "anna".parse().expect("it is a name"),
        email: None,
        roles: ["admin".parse().expect("it is a role")].into(),
        claims: BTreeMap::from([("tier".to_owned(), json!("gold"))]),
        status: UserStatus::Disabled { at: after(HOUR) },
        password: None,
        ..ann
    };
    commit(&store, Changes::one(Change::UpdateUser(changed.clone()))).await;
    assert_eq!(read(&store, &changed).await, Some(User { version: 1, ..changed }));
}

/// Two writers cannot overwrite each other unseen.
pub async fn an_update_on_an_old_version_is_refused(store: Arc<dyn Store>) {
    let ann = given_user(&store, "ann").await;
    commit(&store, Changes::one(Change::UpdateUser(ann.clone()))).await;
    assert_eq!(refused(&store, Changes::one(Change::UpdateUser(ann))).await, Conflict::UserChanged);
    assert_eq!(
        refused(&store, Changes::one(Change::UpdateUser(user("nobody")))).await,
        Conflict::UserChanged
    );
}

/// Uniqueness holds for changes as for new users.
pub async fn an_update_may_not_take_anothers_name(store: Arc<dyn Store>) {
    let ann = given_user(&store, "ann").await;
    let bob = given_user(&store, "bob").await;
    let named = User { username: ann.username, ..bob.clone() };
    assert_eq!(refused(&store, Changes::one(Change::UpdateUser(named))).await, Conflict::UsernameTaken);
    let addressed = User { email: ann.email, ..bob.clone() };
    assert_eq!(refused(&store, Changes::one(Change::UpdateUser(addressed))).await, Conflict::EmailTaken);
    assert_eq!(read(&store, &bob).await, Some(bob));
}

/// The same password in a stronger form is no change of the user.
pub async fn a_rehash_replaces_the_hash_and_raises_no_version(store: Arc<dyn Store>) {
    let ann = given_user(&store, "ann").await;
    let to = PasswordHash::from_phc("a stronger hash".to_owned());
    let from = ann.password.clone().expect("ann has a password");
    commit(&store, Changes::one(Change::RehashPassword { user_id: ann.id, from, to: to.clone() })).await;
    assert_eq!(read(&store, &ann).await, Some(User { password: Some(to), ..ann }));
}

/// A password that was changed meanwhile stays.
pub async fn a_rehash_of_another_hash_is_refused(store: Arc<dyn Store>) {
    let ann = given_user(&store, "ann").await;
    let from = PasswordHash::from_phc("an older hash".to_owned());
    let to = PasswordHash::from_phc("a stronger hash".to_owned());
    let change = Change::RehashPassword { user_id: ann.id, from, to };
    assert_eq!(refused(&store, Changes::one(change)).await, Conflict::UserChanged);
    assert_eq!(read(&store, &ann).await, Some(ann));
}

/// Pages follow one another without holes.
pub async fn users_are_listed_by_name_a_page_at_a_time(store: Arc<dyn Store>) {
    for name in ["cleo", "ann", "dan", "bob"] {
        given_user(&store, name).await;
    }
    let names = |users: Vec<User>| users.iter().map(|user| user.username.to_string()).collect::<Vec<_>>();
    let first = store.users(None, 2).await.expect("the store works");
    let rest = store.users(Some(&first[1].username), 10).await.expect("the store works");
    assert_eq!(names(first), ["ann", "bob"]);
    assert_eq!(names(rest), ["cleo", "dan"]);
}
