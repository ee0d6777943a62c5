use handstamp_server::{ClientCredential, config::Config};
use handstamp_token::{Algorithm, SigningKey, dangerous};
use serde_json::Value;

use super::world::{World, ann};
use crate::support::{AUTH, Kit, Log, Upstream};

#[tokio::test]
async fn a_secret_in_the_header_is_written_so_that_every_character_arrives() {
    let world = World::new().await;

    world.sign_in(&mut world.kit.browser(), ann()).await.sent_on();

    assert!(!world.upstream.last_form().contains_key("client_secret"));
}

#[tokio::test]
async fn a_secret_in_the_form() {
    let world = World::with("create = true\nclient_auth = \"client_secret_post\"\n").await;

    world.sign_in(&mut world.kit.browser(), ann()).await.sent_on();

    assert_eq!(world.upstream.last_form()["client_id"], "handstamp");
}

#[tokio::test]
async fn a_client_without_a_secret_shows_none() {
    let world = World::with("create = true\nclient_auth = \"none\"\n").await;
    let log = Log::listen();

    world.sign_in(&mut world.kit.browser(), ann()).await.page(400);

    let form = world.upstream.last_form();
    assert_eq!(form["client_id"], "handstamp");
    assert!(!form.contains_key("client_secret") && form["code_verifier"].len() >= 43);
    assert!(log.with("nobody was signed in").contains("invalid_client"));
}

/// A service whose upstream asks for assertions of this key.
pub(super) async fn signing_with(key: &SigningKey, lines: &str) -> World {
    let clock = handstamp_core::test_support::FixedClock::new();
    let upstream = Upstream::start(clock.clone()).await;
    let text = format!(
        "[server]\npublic_url = \"{AUTH}\"\n[upstreams.corp]\nissuer = \"{}\"\nclient_id = \"handstamp\"\n\
         client_auth = \"private_key_jwt\"\nprivate_key_file = \"corp.jwk\"\ncreate = true\n{lines}",
        upstream.issuer
    );
    let mut config = Config::load(Some(("handstamp.toml", &text)), &[]).unwrap();
    config.upstreams.get_mut("corp").unwrap().credential = Some(ClientCredential::Key(key.clone()));
    World { kit: Kit::of(config, clock).await, upstream }
}

#[tokio::test]
async fn an_assertion_is_ours_short_lived_and_for_the_issuer_alone() {
    let key = SigningKey::generate(Algorithm::Es256).unwrap();
    let world = signing_with(&key, "").await;
    world.upstream.expects_assertions_of(&key);

    world.sign_in(&mut world.kit.browser(), ann()).await.sent_on();

    let form = world.upstream.last_form();
    assert_eq!(form["client_assertion_type"], "urn:ietf:params:oauth:client-assertion-type:jwt-bearer");
    let decoded = dangerous::decode_unverified(&form["client_assertion"]).unwrap();
    let claims: Value = serde_json::from_str(&decoded.unverified_payload).unwrap();
    assert_eq!((claims["iss"].as_str(), claims["sub"].as_str()), (Some("handstamp"), Some("handstamp")));
    assert_eq!(claims["aud"].as_str(), Some(world.upstream.issuer.as_str()));
    assert_eq!(claims["exp"].as_i64().unwrap() - claims["iat"].as_i64().unwrap(), 60);
    assert!(claims["jti"].as_str().unwrap().len() >= 22);
}

#[tokio::test]
async fn an_assertion_of_another_key_is_not_taken() {
    let key = SigningKey::generate(Algorithm::Es256).unwrap();
    let world = signing_with(&key, "").await;
    world.upstream.expects_assertions_of(&SigningKey::generate(Algorithm::Es256).unwrap());

    world.sign_in(&mut world.kit.browser(), ann()).await.page(400);
}
