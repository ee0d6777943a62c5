use handstamp_core::test_support::FixedClock;

use super::world::World;
use crate::support::{Kit, SECRET, visit};

#[tokio::test]
async fn the_sign_in_page_has_a_link_for_each_upstream_that_keeps_the_way_back() {
    let text = "[upstreams.corp]\nlabel = \"Corp <b>&\"\nissuer = \"https://id.example\"\nclient_id = \"x\"\n\
                [upstreams.old]\nissuer = \"https://old.example\"\nclient_id = \"x\"\n";
    let kit = Kit::configured(text, SECRET, FixedClock::new()).await;

    let page = visit(&mut kit.browser(), "/auth/sign-in?return_to=%2Forders%3Fx%3D1").await.page(200);

    for link in [
        "<a class=\"button\" href=\"/auth/login/corp?return_to=%2Forders%3Fx%3D1\">Continue with Corp &lt;b&gt;&amp;</a>",
        "<a class=\"button\" href=\"/auth/login/old?return_to=%2Forders%3Fx%3D1\">Continue with old</a>",
    ] {
        assert!(page.contains(link), "{page}");
    }
}

#[tokio::test]
async fn a_way_back_that_is_refused_is_not_kept() {
    let world = World::new().await;
    let page =
        visit(&mut world.kit.browser(), "/auth/sign-in?return_to=https%3A%2F%2Fevil.example").await.page(200);

    assert!(page.contains("href=\"/auth/login/corp\"") && !page.contains("evil.example"), "{page}");
}

#[tokio::test]
async fn without_upstreams_nothing_speaks_of_them() {
    let (kit, mut browser) = Kit::with_ann().await;
    let account = visit(&mut browser, "/auth/account").await.page(200);
    let sign_in = visit(&mut kit.browser(), "/auth/sign-in").await.page(200);

    assert!(!account.contains("Ways to sign in") && !sign_in.contains("/auth/login/"), "{account}{sign_in}");
}

#[tokio::test]
async fn failures_are_told_in_the_language_of_the_browser() {
    let world = World::new().await;
    let call = world
        .kit
        .get("/auth/callback/corp?state=x")
        .header("accept", "text/html")
        .header("accept-language", "de");

    let page = call.send().await.page(400);

    assert!(page.starts_with("<!DOCTYPE html><html lang=\"de\">"), "{page}");
    assert!(page.contains("Diese Anmeldung ist vorbei") && page.contains("Neu beginnen"), "{page}");
}

#[tokio::test]
async fn the_page_can_be_found_in_the_log() {
    let world = World::new().await;
    let reply = visit(&mut world.kit.browser(), "/auth/callback/corp?state=x").await.expect(400);

    assert!(
        reply.text().contains(&format!("Reference: {}", reply.header("x-request-id"))),
        "{}",
        reply.text()
    );
}
