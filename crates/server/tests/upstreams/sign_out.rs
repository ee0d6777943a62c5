use std::time::Duration;

use http::Method;

use super::world::{World, ann};
use crate::support::{AUTH, Answer, Kit, Reply, SECRET, Wrong, own, query, visit};

/// OpenID Connect RP-Initiated Logout §2.
#[tokio::test]
async fn whoever_signs_out_hears_where_they_do_so_at_the_upstream() {
    let world = World::new().await;
    let mut browser = world.kit.browser();
    world.sign_in(&mut browser, ann()).await;

    let reply = Reply(browser.fetch(own(Method::POST, "/auth/sign-out")).await.unwrap()).expect(200).json();

    assert_eq!(reply["ended"], 1);
    let address = reply["end_session_url"].as_str().unwrap();
    assert!(address.starts_with(&format!("{}/end?", world.upstream.issuer)), "{address}");
    let asked = query(address);
    assert_eq!(asked["client_id"], "handstamp");
    assert_eq!(asked["post_logout_redirect_uri"], format!("{AUTH}/auth/sign-in"));
}

#[tokio::test]
async fn whoever_signed_in_here_hears_of_no_upstream() {
    let world = World::new().await;
    world.kit.user("bob").await;
    let mut browser = world.kit.signed_in("bob").await;

    let reply = browser.fetch(own(Method::POST, "/auth/sign-out")).await.unwrap();

    assert_eq!(reply.body(), &br#"{"ended":1}"#[..]);
}

#[tokio::test]
async fn an_upstream_without_such_a_place_is_not_named() {
    let world = World::new().await;
    let without = serde_json::json!({ "end_session_endpoint": null });
    world.upstream.wrong(Wrong { metadata: Some(without), ..Wrong::default() });
    let mut browser = world.kit.browser();
    world.sign_in(&mut browser, ann()).await;

    let reply = browser.fetch(own(Method::POST, "/auth/sign-out")).await.unwrap();

    assert_eq!(reply.body(), &br#"{"ended":1}"#[..]);
}

#[tokio::test]
async fn the_page_leads_on_to_the_upstream_and_sends_nobody_there_unasked() {
    let world = World::new().await;
    let mut browser = world.kit.browser();
    world.sign_in(&mut browser, ann()).await;

    let form = own(Method::POST, "/auth/sign-out").form("scope=session");
    let sent_to = Reply(browser.fetch(form).await.unwrap()).sent_on();
    assert_eq!(sent_to, "/auth/sign-in?done=signed_out&upstream=corp");
    let page = visit(&mut browser, &sent_to).await.expect(200).text();

    assert!(page.contains("You are still signed in at Corp &amp; Sons."), "{page}");
    assert!(
        page.contains(&format!("href=\"{}/end?client_id=handstamp&amp;", world.upstream.issuer)),
        "{page}"
    );
}

/// Nobody knows its addresses yet, as after a restart.
#[tokio::test]
async fn an_upstream_that_hangs_does_not_hold_up_who_signs_out() {
    let world = World::new().await;
    let never = Some(("/.well-known/openid-configuration", Answer::Never));
    world.upstream.wrong(Wrong { answer: never, ..Wrong::default() });
    let text = format!(
        "[upstreams.corp]\nissuer = \"{}\"\nclient_id = \"handstamp\"\ntimeout = \"4s\"\n",
        world.upstream.issuer
    );
    let kit = Kit::configured(&text, SECRET, world.kit.rules.clock.clone()).await;

    let page = kit.get("/auth/sign-in?done=signed_out&upstream=corp").send();
    let page =
        tokio::time::timeout(Duration::from_secs(3), page).await.expect("it does not wait").expect(200);

    assert!(!page.text().contains("still signed in"));
}

/// The name in the address is anybody's to write: it leads to upstreams of the configuration, and nowhere else.
#[tokio::test]
async fn a_page_that_names_an_unknown_upstream_leads_nowhere() {
    let world = World::new().await;
    for address in [
        "/auth/sign-in?done=signed_out&upstream=evil",
        "/auth/sign-in?done=signed_out&upstream=https://evil.example",
        "/auth/sign-in?upstream=corp",
        "/auth/sign-in?done=signed_out&upstream=corp&upstream=corp",
    ] {
        let page = visit(&mut world.kit.browser(), address).await.expect(200).text();
        assert!(!page.contains("still signed in"), "{address}");
    }
}

#[tokio::test]
async fn an_upstream_that_is_away_keeps_nobody_signed_in() {
    let world = World::new().await;
    let mut browser = world.kit.browser();
    world.sign_in(&mut browser, ann()).await;
    let away = Some(("/.well-known/openid-configuration", Answer::Status(503)));
    world.upstream.wrong(Wrong { answer: away, ..Wrong::default() });

    let reply = browser.fetch(own(Method::POST, "/auth/sign-out")).await.unwrap();

    assert_eq!(reply.status(), 200);
}
