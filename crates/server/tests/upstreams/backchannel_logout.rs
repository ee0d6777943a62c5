use serde_json::{Value, json};

use super::world::{World, ann};
use crate::support::{Answer, Reply, Wrong, whoami};

async fn say(world: &World, token: &str) -> Reply {
    let form = format!("logout_token={token}");
    world.kit.post("/auth/backchannel-logout/corp").form(&form).send().await
}

/// Signs somebody in, lets the upstream say something, and returns the answer and whether they are still signed in.
async fn said(world: &World, token: impl FnOnce(&World) -> String) -> (Reply, bool) {
    let mut browser = world.kit.browser();
    world.sign_in(&mut browser, ann()).await;
    let reply = say(world, &token(world)).await;
    (reply, whoami(&mut browser).await.0.status() == 200)
}

fn refused(reply: Reply) {
    let reply = reply.expect(400);
    assert_eq!(reply.0.headers()["cache-control"], "no-store");
    assert_eq!(reply.json()["error"], "invalid_request");
}

#[tokio::test]
async fn a_session_that_ended_there_ends_here() {
    let world = World::new().await;

    let (reply, signed_in) = said(&world, |world| world.upstream.logout_token(json!({}))).await;

    assert_eq!(reply.expect(200).0.headers()["cache-control"], "no-store");
    assert!(!signed_in);
    let figures = world.figures().await;
    assert!(
        figures.contains(r#"handstamp_upstream_logouts_total{upstream="corp",outcome="ended"} 1"#),
        "{figures}"
    );
}

#[tokio::test]
async fn a_token_that_names_the_person_alone_ends_all_their_sessions() {
    let world = World::new().await;
    let mut elsewhere = world.kit.browser();
    world.sign_in(&mut elsewhere, ann()).await;

    let (reply, signed_in) =
        said(&world, |world| world.upstream.logout_token(json!({ "sid": null, "sub": "there-ann" }))).await;

    reply.expect(200);
    assert!(!signed_in);
    whoami(&mut elsewhere).await.expect(401);
}

#[tokio::test]
async fn sessions_of_others_and_those_that_began_here_go_on() {
    let world = World::new().await;
    world.kit.user("bob").await;
    let mut bob = world.kit.signed_in("bob").await;

    let (reply, signed_in) =
        said(&world, |world| world.upstream.logout_token(json!({ "sid": "another" }))).await;

    reply.expect(200);
    assert!(signed_in);
    whoami(&mut bob).await.expect(200);
}

/// It may be sent again when our answer was lost, and by then the same person may have signed in once more.
#[tokio::test]
async fn a_token_that_comes_again_is_answered_alike_and_ends_nothing_more() {
    let world = World::new().await;
    let token = world.upstream.logout_token(json!({}));
    say(&world, &token).await.expect(200);

    let (reply, signed_in) = said(&world, |_| token).await;

    reply.expect(200);
    assert!(signed_in);
}

#[tokio::test]
async fn a_token_that_is_not_wholly_right_ends_nothing() {
    let event = json!({ "http://schemas.openid.net/event/backchannel-logout": {} });
    let cases: [(&str, Value); 9] = [
        ("another issuer", json!({ "iss": "https://evil.example" })),
        ("for another client", json!({ "aud": "another" })),
        ("expired", json!({ "exp": 1 })),
        ("good for too long", json!({ "exp": 4_000_000_000_i64 })),
        ("with a nonce", json!({ "nonce": "n" })),
        ("without the event", json!({ "events": {} })),
        ("of another event", json!({ "events": { "http://schemas.openid.net/event/other": event } })),
        ("without an id", json!({ "jti": null })),
        ("of nobody", json!({ "sid": null })),
    ];
    for (what, changes) in cases {
        let world = World::new().await;
        let (reply, signed_in) = said(&world, |world| world.upstream.logout_token(changes)).await;

        refused(reply);
        assert!(signed_in, "{what}");
    }
}

/// An ID token of the same keys is worth nothing here: anybody who has signed in there holds one.
#[tokio::test]
async fn a_token_that_is_not_signed_by_the_upstream_ends_nothing() {
    let world = World::new().await;
    let signed_by_old_key = world.upstream.logout_token(json!({}));
    world.upstream.swaps_keys();

    let (reply, signed_in) = said(&world, |_| signed_by_old_key).await;

    refused(reply);
    assert!(signed_in);
}

#[tokio::test]
async fn text_that_is_no_token_is_refused() {
    let world = World::new().await;
    refused(say(&world, "no.token").await);
    refused(world.kit.post("/auth/backchannel-logout/corp").form("token=x").send().await);
    refused(world.kit.post("/auth/backchannel-logout/corp").json(&json!({})).send().await);
}

#[tokio::test]
async fn an_upstream_that_is_not_there_is_not_found() {
    let world = World::new().await;
    let token = world.upstream.logout_token(json!({}));
    let form = format!("logout_token={token}");
    world.kit.post("/auth/backchannel-logout/other").form(&form).send().await.refused(404, "not_found");
}

/// It could not be told: the upstream says it again.
#[tokio::test]
async fn while_the_keys_cannot_be_fetched_the_upstream_hears_to_come_again() {
    let world = World::new().await;
    world.upstream.wrong(Wrong { answer: Some(("/jwks", Answer::Status(500))), ..Wrong::default() });

    let reply = say(&world, &world.upstream.logout_token(json!({}))).await;

    reply.refused(503, "unavailable");
}

#[tokio::test]
async fn whoever_makes_up_tokens_is_slowed_down() {
    let world = World::new().await;
    let mut last = 400;
    for _ in 0..200 {
        last = say(&world, "made.up.token").await.0.status().as_u16();
        if last == 429 {
            break;
        }
    }
    assert_eq!(last, 429);
}
