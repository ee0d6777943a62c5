use std::collections::BTreeSet;

use handstamp_core::{
    flows::{
        first_admin::{FirstAdminError, first_admin},
        users::NewUser,
    },
    password::Password,
    root_key::RootKey,
    test_support::{Kit, PASSWORD},
};

fn root_user(name: &str) -> NewUser {
    NewUser {
        username: name.parse().expect("it is a name"),
        email: None,
        roles: BTreeSet::new(),
        org_id: None,
        password: Some(Password::new(PASSWORD)),
    }
}

#[tokio::test]
async fn the_setup_secret_makes_one_administrator_and_closes_behind_them() {
    let kit = Kit::new().await;
    let secret = kit.root.setup_secret();
    let now = kit.clock.now();
    let admin = first_admin(&kit.ctx, secret.reveal(), root_user("root"), &kit.root, now)
        .await
        .expect("there is nobody");
    assert_eq!(admin.roles.iter().map(ToString::to_string).collect::<Vec<_>>(), ["admin"]);
    kit.sign_in("root").await.expect("the administrator may sign in");

    let second = first_admin(&kit.ctx, secret.reveal(), root_user("eve"), &kit.root, now).await;
    assert!(matches!(second, Err(FirstAdminError::Refused)), "{second:?}");
}

#[tokio::test]
async fn another_installations_secret_is_refused() {
    let kit = Kit::new().await;
    let other = RootKey::from_bytes([8; RootKey::LEN]).setup_secret();
    let made = first_admin(&kit.ctx, other.reveal(), root_user("eve"), &kit.root, kit.clock.now()).await;
    assert!(matches!(made, Err(FirstAdminError::Refused)), "{made:?}");
    assert!(!kit.ctx.store.has_users().await.expect("the store works"));
}

#[tokio::test]
async fn an_administrator_who_could_never_sign_in_is_not_made() {
    let kit = Kit::new().await;
    let new = NewUser { password: None, ..root_user("root") };
    let made = first_admin(&kit.ctx, kit.root.setup_secret().reveal(), new, &kit.root, kit.clock.now()).await;
    assert!(matches!(made, Err(FirstAdminError::PasswordMissing)), "{made:?}");
}

#[tokio::test]
async fn of_two_at_the_same_time_one_is_made() {
    let kit = Kit::new().await;
    let (secret, now) = (kit.root.setup_secret(), kit.clock.now());
    let (first, second) = tokio::join!(
        first_admin(&kit.ctx, secret.reveal(), root_user("ann"), &kit.root, now),
        first_admin(&kit.ctx, secret.reveal(), root_user("bob"), &kit.root, now),
    );
    assert!(first.is_ok() != second.is_ok());
}
