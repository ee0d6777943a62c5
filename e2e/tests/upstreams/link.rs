use super::server::Upstream;
use super::stage::{Stage, Visitor, Words};
use crate::support::{PASSWORD, add_user};

/// Nobody gets in who has not linked an account by hand.
const BY_HAND: Words = Words { name: "acme", words: &[] };

/// Ann has a password here, and an account at the provider that is called otherwise.
fn stage_of_ann() -> Stage {
    let stage = Stage::prepared(Upstream::provider, &BY_HAND);
    add_user(stage.folder.path(), "ann").ok();
    stage.started()
}

/// Signs Ann in by her password: ends at her account page.
async fn by_password(stage: &Stage, visitor: &mut Visitor<'_>) {
    visitor.tab.open(&stage.url("/auth/sign-in?return_to=/auth/account")).await;
    visitor
        .tab
        .submit("/auth/sign-in?return_to=/auth/account", &[("login", "ann"), ("password", PASSWORD)])
        .await;
    assert!(visitor.tab.page.text.contains("You are signed in as ann."), "{:?}", visitor.tab.page);
}

/// Connects the account at the provider that has this name.
async fn connect(visitor: &mut Visitor<'_>, name: &str) {
    let connect = visitor.tab.page.link("/auth/login/acme?link=1");
    visitor.tab.follow(&connect).await;
    visitor.fill_in(name).await;
}

#[tokio::test]
async fn an_account_that_its_owner_connects_is_a_way_in_until_they_disconnect_it() {
    let stage = stage_of_ann();
    let mut visitor = stage.visitor();
    by_password(&stage, &mut visitor).await;
    let (_, before) = visitor.whoami().await;

    connect(&mut visitor, "a.lee").await;
    assert!(visitor.tab.page.text.contains("The account is connected."), "{:?}", visitor.tab.page);
    assert_eq!(visitor.whoami().await.1["sid"], before["sid"], "it is the same session");

    let mut phone = stage.visitor();
    phone.sign_in("acme", "a.lee").await;
    assert_eq!(phone.whoami().await.1["sub"], before["sub"]);

    visitor.tab.submit("/auth/account/unlink-upstream", &[("upstream", "acme")]).await;
    assert!(
        visitor.tab.page.text.contains("The account is not connected any more."),
        "{:?}",
        visitor.tab.page
    );
    assert_eq!(phone.whoami().await.0, 401, "who came in that way is out");
    let mut again = stage.visitor();
    again.begin("acme", "/auth/account").await;
    again.fill_in("a.lee").await;
    assert_eq!((again.tab.page.status, again.whoami().await.0), (403, 401), "{:?}", again.tab.page);
}

/// An attacker who gets somebody's browser to connect the attacker's account could come and go as that person.
#[tokio::test]
async fn no_page_of_somebody_else_begins_to_connect_an_account() {
    let stage = stage_of_ann();
    let mut visitor = stage.visitor();
    by_password(&stage, &mut visitor).await;

    visitor.tab.page.url = "https://evil.example/".parse().expect("an address");
    visitor.tab.follow(&stage.url("/auth/login/acme?link=1")).await;

    assert!(visitor.tab.page.url.as_str().starts_with(&stage.base), "sent on to {}", visitor.tab.page.url);
    assert_eq!(visitor.whoami().await.0, 200, "and she is still signed in");
}

#[tokio::test]
async fn an_account_that_is_connected_to_somebody_connects_to_nobody_else() {
    let stage = stage_of_ann();
    add_user(stage.folder.path(), "eve").ok();
    let mut visitor = stage.visitor();
    by_password(&stage, &mut visitor).await;
    connect(&mut visitor, "a.lee").await;

    let mut eve = stage.visitor();
    eve.tab.open(&stage.url("/auth/sign-in?return_to=/auth/account")).await;
    eve.tab
        .submit("/auth/sign-in?return_to=/auth/account", &[("login", "eve"), ("password", PASSWORD)])
        .await;
    connect(&mut eve, "a.lee").await;

    assert_eq!(eve.tab.page.status, 409, "{:?}", eve.tab.page);
    let mut phone = stage.visitor();
    phone.sign_in("acme", "a.lee").await;
    assert_eq!(phone.name().await.as_deref(), Some("ann"));
}
