use std::time::Duration;

use handstamp_e2e::browser::Browser;
use serde_json::json;

use super::world::{World, ann, who};
use crate::support::{AUTH, InProcess, Log, PASSWORD, Wrong, query, submit, submit_from, visit, visit_from};

const CONNECT: &str = "/auth/login/corp?link=1";

/// A world in which bob is signed in, by his password.
async fn with_bob() -> (World, Browser<InProcess>) {
    let world = World::with("").await;
    world.kit.user("bob").await;
    let browser = world.kit.signed_in("bob").await;
    (world, browser)
}

/// Follows the link on the account page, signs in at the upstream, and returns the way back.
async fn there(world: &World, browser: &mut Browser<InProcess>) -> String {
    let sent_to = visit_from(browser, AUTH, CONNECT).await.sent_on();
    world.upstream.signs_in(&sent_to, ann())
}

#[tokio::test]
async fn an_account_that_was_linked_can_be_signed_in_to() {
    let (world, mut browser) = with_bob().await;
    let page = visit(&mut browser, "/auth/account").await.page(200);
    assert!(page.contains("href=\"/auth/login/corp?link=1\""), "{page}");

    let back = there(&world, &mut browser).await;
    assert_eq!(world.come_back(&mut browser, &back).await.sent_on(), "/auth/account?done=upstream_linked");

    let page = visit(&mut browser, "/auth/account?done=upstream_linked").await.page(200);
    assert!(
        page.contains("The account is connected.") && page.contains("Disconnect Corp &amp; Sons"),
        "{page}"
    );
    world.counted("linked").await;
    let mut other = world.kit.browser();
    world.sign_in(&mut other, ann()).await.sent_on();
    assert_eq!(who(&mut other).await.as_deref(), Some("bob"));
}

/// A link lets somebody in for good: a page of somebody else's must not be able to begin one.
#[tokio::test]
async fn no_other_page_and_no_address_that_was_typed_begins_a_link() {
    let (world, mut browser) = with_bob().await;
    for page in ["https://evil.example", "https://sibling.auth.example", "https://app.example.net"] {
        assert_eq!(visit_from(&mut browser, page, CONNECT).await.sent_on(), "/auth/account", "{page}");
    }
    assert_eq!(visit(&mut browser, CONNECT).await.sent_on(), "/auth/account");
    assert_eq!(world.upstream.asked("/.well-known/openid-configuration"), 0);
}

/// Access tokens go to services: whoever has copied one must not make a way in of it.
#[tokio::test]
async fn nobody_links_by_a_token_without_its_session() {
    let (world, _) = with_bob().await;
    let (token, _) = world.kit.tokens("bob").await;
    let access = &world.kit.app.cookie_names().access;

    for (name, value) in
        [("authorization", format!("Bearer {token}")), ("cookie", format!("{access}={token}"))]
    {
        let call = world.kit.get(CONNECT).header(name, value.as_str());
        assert_eq!(
            call.header("sec-fetch-site", "same-origin").send().await.sent_on(),
            "/auth/account",
            "{name}"
        );
    }
}

#[tokio::test]
async fn browsers_without_fetch_metadata_say_by_referer_where_the_link_was() {
    let (world, browser) = with_bob().await;
    let cookies: Vec<_> =
        browser.jar.cookies().iter().map(|cookie| format!("{}={}", cookie.name, cookie.value)).collect();
    let from = async |referer: Option<&str>| {
        let call = world.kit.get(CONNECT).cookies(&cookies.join("; "));
        let call = referer.into_iter().fold(call, |call, referer| call.header("referer", referer));
        call.send().await.sent_on()
    };

    assert!(from(Some("https://auth.example/auth/account")).await.starts_with(&world.upstream.issuer));
    for referer in
        [None, Some("https://evil.example/"), Some("https://auth.example.evil.example/"), Some("x")]
    {
        assert_eq!(from(referer).await, "/auth/account", "{referer:?}");
    }
}

#[tokio::test]
async fn nobody_links_who_is_not_signed_in() {
    let world = World::with("").await;
    let sent_to = visit_from(&mut world.kit.browser(), AUTH, CONNECT).await.sent_on();

    assert_eq!(sent_to, "/auth/sign-in?return_to=%2Fauth%2Faccount");
}

#[tokio::test]
async fn whoever_signed_in_long_ago_signs_in_again_before_linking() {
    let (world, mut browser) = with_bob().await;
    world.kit.wait(Duration::from_mins(16));
    browser.now = world.kit.rules.clock.now().as_second();

    let page = visit_from(&mut browser, AUTH, CONNECT).await.page(403);

    assert!(page.contains("You have been signed in for more than 15 minutes"), "{page}");
    assert!(page.contains("href=\"/auth/account\""), "{page}");
    let page = visit(&mut browser, "/auth/account").await.page(200);
    assert!(!page.contains("link=1") && page.contains("To connect an account, sign out"), "{page}");
}

/// Their upstream remembers them and asks nothing, however often they come: they could never sign in lately enough for it.
#[tokio::test]
async fn whoever_came_just_now_may_link_however_long_ago_they_signed_in_there() {
    let world = World::new().await;
    let long_ago = world.kit.rules.clock.now().as_second() - 8 * 60 * 60;
    let remembered = Some(json!({ "auth_time": long_ago }));
    world.upstream.wrong(Wrong { id_token: remembered, ..Wrong::default() });
    let mut browser = world.kit.browser();
    world.sign_in(&mut browser, ann()).await.sent_on();

    let page = visit(&mut browser, "/auth/account").await.page(200);
    assert!(!page.contains("To connect an account, sign out"), "{page}");
    let sent_to = visit_from(&mut browser, AUTH, CONNECT).await.sent_on();
    assert!(sent_to.starts_with(&world.upstream.issuer), "{sent_to}");
}

#[tokio::test]
async fn somebody_else_s_account_is_not_linked_again() {
    let (world, mut browser) = with_bob().await;
    let back = there(&world, &mut browser).await;
    world.come_back(&mut browser, &back).await.sent_on();
    world.kit.user("eve").await;
    let mut eve = world.kit.signed_in("eve").await;

    let back = there(&world, &mut eve).await;
    let page = world.come_back(&mut eve, &back).await.page(409);

    assert!(page.contains("The account was not connected"), "{page}");
    assert_eq!(who(&mut eve).await.as_deref(), Some("eve"), "she is signed in as before");
    world.counted("linked_otherwise").await;
}

/// Somebody begins a link, and makes another browser, or the next user of the same one, finish it.
#[tokio::test]
async fn a_link_is_finished_in_the_session_in_which_it_was_begun() {
    let (world, mut browser) = with_bob().await;
    let log = Log::listen();
    let back = there(&world, &mut browser).await;
    submit(&mut browser, "/auth/sign-out", &[("scope", "session")]).await.sent_on();
    world.kit.user("eve").await;
    let reply = submit(&mut browser, "/auth/sign-in", &[("login", "eve"), ("password", PASSWORD)]).await;
    reply.sent_on();

    let page = world.come_back(&mut browser, &back).await.page(403);

    assert!(page.contains("You are not signed in here any more as you were"), "{page}");
    assert_eq!(world.upstream.asked("/token"), 0);
    assert!(log.with("an account was not linked").contains("signed out meanwhile"));
}

/// The refresh cookie does not come along with what another site has caused.
#[tokio::test]
async fn a_token_that_expired_on_the_way_is_renewed_before_linking() {
    let (world, mut browser) = with_bob().await;
    world.kit.wait(Duration::from_mins(9));
    let back = there(&world, &mut browser).await;
    world.kit.wait(Duration::from_mins(2));

    let page = world.come_back(&mut browser, &back).await.page(200);
    assert!(page.contains("http-equiv=\"refresh\""), "{page}");
    let reply = visit_from(&mut browser, AUTH, &back).await;

    assert_eq!(reply.sent_on(), "/auth/account?done=upstream_linked");
}

#[tokio::test]
async fn a_link_that_is_removed_lets_nobody_in() {
    let (world, mut browser) = with_bob().await;
    let back = there(&world, &mut browser).await;
    world.come_back(&mut browser, &back).await.sent_on();
    let mut other = world.kit.browser();
    world.sign_in(&mut other, ann()).await.sent_on();

    let reply = submit(&mut browser, "/auth/account/unlink-upstream", &[("upstream", "corp")]).await;

    assert_eq!(reply.sent_on(), "/auth/account?done=upstream_unlinked");
    assert_eq!(who(&mut other).await, None, "what began through it has ended");
    assert_eq!(who(&mut browser).await.as_deref(), Some("bob"));
    world.sign_in(&mut world.kit.browser(), ann()).await.page(403);
}

#[tokio::test]
async fn the_only_way_in_stays() {
    let world = World::new().await;
    let mut browser = world.kit.browser();
    world.sign_in(&mut browser, ann()).await.sent_on();

    let page = submit(&mut browser, "/auth/account/unlink-upstream", &[("upstream", "corp")]).await.page(409);

    assert!(page.contains("This is the only way into your account"), "{page}");
    assert!(!page.contains("change-password"), "there is no password to change: {page}");
    assert!(!page.contains("change your password"), "nor does anything speak of one: {page}");
}

#[tokio::test]
async fn another_site_cannot_remove_a_link() {
    let (world, mut browser) = with_bob().await;
    let back = there(&world, &mut browser).await;
    world.come_back(&mut browser, &back).await.sent_on();
    let (sibling, fields) = ("https://sibling.auth.example", [("upstream", "corp")]);

    submit_from(&mut browser, sibling, "/auth/account/unlink-upstream", &fields).await.page(403);

    world.sign_in(&mut world.kit.browser(), ann()).await.sent_on();
}

#[tokio::test]
async fn a_name_that_is_none_is_refused() {
    let (_world, mut browser) = with_bob().await;
    submit(&mut browser, "/auth/account/unlink-upstream", &[("upstream", "No Name")]).await.expect(422);
}

#[tokio::test]
async fn linking_asks_for_as_much_as_signing_in() {
    let (_world, mut browser) = with_bob().await;
    let sent_to = visit_from(&mut browser, AUTH, CONNECT).await.sent_on();

    assert_eq!(query(&sent_to)["scope"], json!("openid profile email"));
}
