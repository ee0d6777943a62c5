use handstamp_core::test_support::FixedClock;
use serde_json::{Value, json};

use super::world::{World, who};
use crate::support::{Answer, Kit, Log, SECRET, Upstream, Wrong, query};

/// A service with a plain OAuth2 server, all of whose addresses are written down.
async fn world() -> World {
    let clock = FixedClock::new();
    let upstream = Upstream::start(clock.clone()).await;
    let at = &upstream.issuer;
    let text = format!(
        "[upstreams.corp]\nkind = \"oauth2\"\nclient_id = \"handstamp\"\nscopes = [\"read:user\"]\ncreate = true\n\
         authorization_endpoint = \"{at}/authorize\"\ntoken_endpoint = \"{at}/token\"\nuserinfo_endpoint = \"{at}/userinfo\"\n\
         [upstreams.corp.claims]\nsubject = \"id\"\nusername = \"login\"\n"
    );
    World { kit: Kit::configured(&text, SECRET, clock).await, upstream }
}

fn octo() -> Value {
    json!({ "id": 583_231, "login": "octo", "sub": "not this" })
}

#[tokio::test]
async fn a_server_without_id_tokens_says_who_somebody_is_when_asked() {
    let world = world().await;
    let mut browser = world.kit.browser();

    world.sign_in(&mut browser, octo()).await.sent_on();

    assert_eq!(who(&mut browser).await.as_deref(), Some("octo"));
    assert_eq!(world.upstream.asked("/.well-known/openid-configuration"), 0, "everything was written down");
    assert_eq!(world.upstream.asked("/jwks"), 0);
}

#[tokio::test]
async fn the_question_is_protected_by_pkce_and_has_no_nonce_that_nobody_would_repeat() {
    let world = world().await;
    let asked = query(&world.begin(&mut world.kit.browser(), "").await);

    assert_eq!((asked["scope"].as_str(), asked["code_challenge_method"].as_str()), ("read:user", "S256"));
    assert!(!asked.contains_key("nonce"));
}

#[tokio::test]
async fn people_are_told_apart_by_the_server_that_said_who_they_are() {
    let world = world().await;
    world.sign_in(&mut world.kit.browser(), octo()).await.sent_on();

    let user = world.kit.core().store.user_by_login(&"octo".parse().unwrap()).await.unwrap().unwrap();
    let links = world.kit.core().store.upstream_links_of(user.id).await.unwrap();
    assert_eq!(links[0].subject.issuer(), format!("{}/userinfo", world.upstream.issuer));
    assert_eq!(links[0].subject.sub(), "583231");
}

#[tokio::test]
async fn somebody_of_whom_it_says_nothing_is_nobody() {
    let (world, log) = (world().await, Log::listen());

    world.sign_in(&mut world.kit.browser(), json!({ "login": "octo" })).await.page(400);

    assert!(log.with("nobody was signed in").contains("there is no claim"));
    world.counted("identity_rejected").await;
}

#[tokio::test]
async fn a_server_that_does_not_know_its_own_token_is_not_believed() {
    let (world, log) = (world().await, Log::listen());
    world.upstream.wrong(Wrong { answer: Some(("/userinfo", Answer::Status(401))), ..Wrong::default() });

    world.sign_in(&mut world.kit.browser(), octo()).await.page(400);

    assert!(log.with("nobody was signed in").contains("/userinfo answered 401"));
}
