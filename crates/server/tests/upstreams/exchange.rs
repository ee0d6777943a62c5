use std::{collections::BTreeSet, time::Duration};

use futures_util::future::join_all;
use handstamp_core::flows::users::{self, NewUser};
use handstamp_token::{Algorithm, SigningKey};
use serde_json::{Value, json};

use super::world::{World, ann};
use crate::support::{APP, AUTH, Answer, CLIENT, Log, Reply, Wrong};

pub(super) const OPEN: &str = "create = true\nexchange = \"own_clients\"\nexchange_clients = [\"old-app\"]\n";
const WITH_COOKIE: &str = "create = true\nexchange = \"own_clients\"\nexchange_clients = [\"old-app\"]\nsession_cookie = \"old_session\"\n";
const ANY_CLIENT: &str = "create = true\nexchange = \"any_client\"\n";
const PATH: &str = "/auth/exchange/corp";

/// A service that takes tokens of the old application, and one of Ann's.
async fn story() -> (World, String) {
    let world = World::with(OPEN).await;
    let token = world.upstream.session_token("old-app", &ann());
    (world, token)
}

/// Exchanges a token as a program does.
async fn exchange(world: &World, token: &str) -> Reply {
    world.kit.post(PATH).bearer(token).json(&json!({ "delivery": "body" })).send().await
}

async fn whoami(world: &World, exchanged: &Reply) -> Value {
    let tokens = exchanged.json();
    let access = tokens["access_token"].as_str().expect("an access token");
    world.kit.get("/auth/whoami").bearer(access).send().await.expect(200).json()
}

async fn accounts(world: &World) -> usize {
    world.kit.core().store.users(None, 10).await.expect("the store answers").len()
}

fn introspection(members: Value) -> Wrong {
    Wrong { introspection: Some(members), ..Wrong::default() }
}

// What a token becomes

#[tokio::test]
async fn a_token_of_the_old_application_becomes_a_session() {
    let (world, token) = story().await;

    let reply = exchange(&world, &token).await.expect(200);

    assert_eq!(reply.header("cache-control"), "no-store");
    assert!(reply.set_cookies().is_empty());
    assert_eq!(whoami(&world, &reply).await["preferred_username"], "ann");
    let refresh = json!({ "refresh_token": reply.json()["refresh_token"] });
    world.kit.post("/auth/refresh").json(&refresh).send().await.expect(200);
    world.counted("exchanged").await;
}

#[tokio::test]
async fn the_cookie_of_the_old_application_becomes_our_cookies() {
    let world = World::with(WITH_COOKIE).await;
    let token = world.upstream.session_token("old-app", &ann());

    let reply = world.kit.post(PATH).cookies(&format!("old_session={token}")).ours().send().await.expect(200);

    assert_eq!(reply.json()["preferred_username"], "ann");
    let cookies = reply.set_cookies();
    assert!(cookies.iter().any(|cookie| cookie.starts_with("__Host-Http-at=")), "{cookies:?}");
    assert!(cookies.iter().any(|cookie| cookie.starts_with("__Secure-rt=")));
}

#[tokio::test]
async fn who_signed_in_through_the_upstream_is_the_same_account() {
    let (world, token) = story().await;
    world.sign_in(&mut world.kit.browser(), ann()).await.sent_on();

    exchange(&world, &token).await.expect(200);

    assert_eq!(accounts(&world).await, 1);
}

#[tokio::test]
async fn claims_that_the_introspection_leaves_out_are_asked_for() {
    let lines =
        format!("{OPEN}claims = {{ roles = \"groups\" }}\n[upstreams.corp.roles]\nstaff = [\"buyer\"]\n");
    let world = World::with(&lines).await;
    let mut person = ann();
    person["groups"] = json!(["staff", "strangers"]);
    let token = world.upstream.session_token("old-app", &person);

    let reply = exchange(&world, &token).await.expect(200);

    assert_eq!(whoami(&world, &reply).await["roles"], json!(["buyer"]));
}

/// A session token need not be one for the userinfo endpoint.
#[tokio::test]
async fn roles_of_which_nobody_says_anything_stay_as_they_are() {
    let lines =
        format!("{OPEN}claims = {{ roles = \"groups\" }}\n[upstreams.corp.roles]\nstaff = [\"buyer\"]\n");
    let world = World::with(&lines).await;
    let mut person = ann();
    person["groups"] = json!(["staff"]);
    world.sign_in(&mut world.kit.browser(), person.clone()).await.sent_on();
    let token = world.upstream.session_token("old-app", &person);
    world.upstream.wrong(Wrong { answer: Some(("/userinfo", Answer::Status(401))), ..Wrong::default() });

    let reply = exchange(&world, &token).await.expect(200);

    assert_eq!(whoami(&world, &reply).await["roles"], json!(["buyer"]));
}

/// Whoever holds a token may have stolen it: it meets no rule that asks for a fresh sign-in.
#[tokio::test]
async fn a_held_token_is_no_fresh_sign_in_unless_the_upstream_says_when() {
    let (world, token) = story().await;
    let reply = exchange(&world, &token).await.expect(200);
    assert_eq!(whoami(&world, &reply).await["auth_time"], 0);

    let at = world.kit.rules.clock.now().as_second() - 60;
    world.upstream.wrong(introspection(json!({ "auth_time": at })));
    world.kit.wait(Duration::from_secs(10));
    let reply = exchange(&world, &token).await.expect(200);
    assert_eq!(whoami(&world, &reply).await["auth_time"], at);
}

#[tokio::test]
async fn a_session_that_the_browser_held_is_replaced() {
    let (world, token) = story().await;
    let first = world.kit.post(PATH).bearer(&token).ours().send().await.expect(200);
    let held =
        first.set_cookies().iter().filter_map(|line| line.split(';').next()).collect::<Vec<_>>().join("; ");

    world.kit.post(PATH).bearer(&token).cookies(&held).ours().send().await.expect(200);

    world.kit.get("/auth/whoami").cookies(&held).send().await.expect(401);
}

// Whose tokens are taken

#[tokio::test]
async fn unless_somebody_switches_it_on_nothing_is_exchanged() {
    let world = World::new().await;
    let token = world.upstream.session_token(CLIENT, &ann());

    exchange(&world, &token).await.refused(404, "not_found");

    assert_eq!(world.upstream.asked("/introspect") + world.upstream.asked("/userinfo"), 0);
    world.counted("exchange_off").await;
}

#[tokio::test]
async fn there_has_to_be_such_an_upstream() {
    let (world, token) = story().await;
    world.kit.post("/auth/exchange/other").bearer(&token).ours().send().await.refused(404, "not_found");
}

#[tokio::test]
async fn by_default_tokens_are_taken_that_were_issued_to_us() {
    let world = World::with("create = true\nexchange = \"own_clients\"\n").await;

    exchange(&world, &world.upstream.session_token(CLIENT, &ann())).await.expect(200);
    exchange(&world, &world.upstream.session_token("old-app", &ann())).await.refused(401, "token_invalid");
}

/// Whoever runs another application could sign in as everybody who uses it.
#[tokio::test]
async fn a_token_that_was_issued_to_another_application_is_refused() {
    let ((world, _), log) = (story().await, Log::listen());
    let token = world.upstream.session_token("quiz", &ann());

    exchange(&world, &token).await.refused(401, "token_invalid");

    assert!(log.with("was not exchanged").contains("quiz"));
    assert_eq!(accounts(&world).await, 0);
    world.counted("client_rejected").await;
}

/// `client_id` says to whom it was issued. That it is addressed to us as well makes it no more ours.
#[tokio::test]
async fn an_audience_of_ours_does_not_make_up_for_another_client() {
    let (world, _) = story().await;
    world.upstream.wrong(introspection(json!({ "aud": ["old-app"] })));

    exchange(&world, &world.upstream.session_token("quiz", &ann())).await.refused(401, "token_invalid");
}

#[tokio::test]
async fn where_no_client_is_named_every_audience_has_to_be_known() {
    let (world, token) = story().await;
    for (aud, status) in
        [(json!("old-app"), 200), (json!(["old-app", "quiz"]), 401), (json!([]), 401), (Value::Null, 401)]
    {
        world.upstream.wrong(introspection(json!({ "client_id": null, "aud": aud })));
        world.kit.wait(Duration::from_secs(10));
        assert_eq!(exchange(&world, &token).await.status(), status, "{aud}");
    }
}

#[tokio::test]
async fn the_authorized_party_is_the_client_where_no_client_is_named() {
    let (world, token) = story().await;
    world.upstream.wrong(introspection(json!({ "client_id": null, "azp": "quiz", "aud": "old-app" })));

    exchange(&world, &token).await.refused(401, "token_invalid");
}

#[tokio::test]
async fn a_token_of_a_client_for_itself_is_nobodys() {
    let (world, _) = story().await;
    let machine = world.upstream.session_token("old-app", &json!({ "sub": "old-app" }));

    exchange(&world, &machine).await.refused(401, "token_invalid");

    assert_eq!(accounts(&world).await, 0);
}

#[tokio::test]
async fn a_token_of_another_issuer_is_refused() {
    let (world, token) = story().await;
    world.upstream.wrong(introspection(json!({ "iss": "https://other.example" })));

    exchange(&world, &token).await.refused(401, "token_invalid");
    world.counted("issuer_rejected").await;
}

#[tokio::test]
async fn without_introspection_nothing_tells_whose_a_token_is() {
    let ((world, token), log) = (story().await, Log::listen());
    let metadata = json!({ "introspection_endpoint": null });
    world.upstream.wrong(Wrong { metadata: Some(metadata), ..Wrong::default() });

    exchange(&world, &token).await.refused(503, "unavailable");

    assert!(log.with("was not exchanged").contains("introspection_endpoint"));
    assert_eq!(world.upstream.asked("/userinfo"), 0);
}

#[tokio::test]
async fn userinfo_alone_is_enough_where_the_operator_takes_tokens_of_any_client() {
    let world = World::with(ANY_CLIENT).await;
    let metadata = json!({ "introspection_endpoint": null });
    world.upstream.wrong(Wrong { metadata: Some(metadata), ..Wrong::default() });
    let token = world.upstream.session_token("quiz", &ann());

    let reply = exchange(&world, &token).await.expect(200);
    assert_eq!(whoami(&world, &reply).await["preferred_username"], "ann");

    exchange(&world, "nobodys").await.refused(401, "token_invalid");
}

#[tokio::test]
async fn a_subject_that_is_not_called_sub_is_read_where_sign_in_reads_it() {
    let clock = handstamp_core::test_support::FixedClock::new();
    let upstream = crate::support::Upstream::start(clock.clone()).await;
    let at = &upstream.issuer;
    let text = format!(
        "[upstreams.corp]\nkind = \"oauth2\"\nclient_id = \"{CLIENT}\"\ncreate = true\nexchange = \"own_clients\"\n\
         authorization_endpoint = \"{at}/authorize\"\ntoken_endpoint = \"{at}/token\"\nuserinfo_endpoint = \"{at}/userinfo\"\n\
         introspection_endpoint = \"{at}/introspect\"\n[upstreams.corp.claims]\nsubject = \"id\"\nusername = \"login\"\n"
    );
    let kit = crate::support::Kit::configured(&text, crate::support::SECRET, clock).await;
    let world = World { kit, upstream };
    // What this answer calls `id` is the token's.
    world.upstream.wrong(introspection(json!({ "id": 1 })));
    let octo = json!({ "id": 583_231, "login": "octo" });

    let reply = exchange(&world, &world.upstream.session_token(CLIENT, &octo)).await.expect(200);

    assert_eq!(whoami(&world, &reply).await["preferred_username"], "octo");
    let user = world.kit.core().store.user_by_login(&"octo".parse().unwrap()).await.unwrap().unwrap();
    let links = world.kit.core().store.upstream_links_of(user.id).await.unwrap();
    assert_eq!(links[0].subject.sub(), "583231");
}

// How a token arrives

#[tokio::test]
async fn a_token_that_the_upstream_does_not_know_is_refused() {
    let (world, _) = story().await;
    exchange(&world, "nobodys").await.refused(401, "token_invalid");
    world.counted("token_rejected").await;
}

#[tokio::test]
async fn what_cannot_be_a_token_is_not_asked_about() {
    let (world, _) = story().await;
    for text in ["a b", "", &"x".repeat(9000)] {
        exchange(&world, text).await.refused(401, "token_malformed");
    }
    world
        .kit
        .post(PATH)
        .header("authorization", "Basic YTpi")
        .ours()
        .send()
        .await
        .refused(401, "token_malformed");
    assert_eq!(world.upstream.asked("/introspect"), 0);
}

#[tokio::test]
async fn there_has_to_be_a_token() {
    let (world, token) = story().await;
    world.kit.post(PATH).ours().send().await.refused(401, "token_missing");
    // No cookie counts that the configuration does not name.
    let cookie = format!("old_session={token}");
    world.kit.post(PATH).cookies(&cookie).ours().send().await.refused(401, "token_missing");
}

#[tokio::test]
async fn two_different_tokens_are_refused() {
    let world = World::with(WITH_COOKIE).await;
    let token = world.upstream.session_token("old-app", &ann());
    let call =
        |bearer: &str| world.kit.post(PATH).bearer(bearer).cookies(&format!("old_session={token}")).ours();

    call("another").send().await.refused(401, "token_malformed");
    call(&token).send().await.expect(200);
}

#[tokio::test]
async fn no_other_site_exchanges_the_cookie_of_a_browser() {
    let world = World::with(WITH_COOKIE).await;
    let cookie = format!("old_session={}", world.upstream.session_token("old-app", &ann()));
    let call = || world.kit.post(PATH).cookies(&cookie);

    call().header("sec-fetch-site", "cross-site").ours().send().await.refused(403, "csrf_rejected");
    call().header("origin", "https://evil.example").ours().send().await.refused(403, "csrf_rejected");
    call().send().await.refused(403, "csrf_rejected");
    assert_eq!(world.upstream.asked("/introspect"), 0);

    call().header("origin", APP).send().await.expect(200);
    call().header("origin", AUTH).send().await.expect(200);
}

/// No page signs a browser in as its author.
#[tokio::test]
async fn no_other_site_gives_a_browser_a_session_of_its_own() {
    let (world, token) = story().await;
    let call = || world.kit.post(PATH).bearer(&token).header("sec-fetch-site", "cross-site");

    call().ours().send().await.refused(403, "csrf_rejected");
    call().json(&json!({ "delivery": "body" })).send().await.refused(403, "csrf_rejected");
}

/// A script that cannot read the old token must not be able to read the new ones.
#[tokio::test]
async fn what_a_cookie_is_exchanged_for_stays_in_cookies() {
    let world = World::with(WITH_COOKIE).await;
    let cookie = format!("old_session={}", world.upstream.session_token("old-app", &ann()));

    let body = json!({ "delivery": "body" });
    let reply = world.kit.post(PATH).cookies(&cookie).ours().json(&body).send().await;

    assert_eq!(reply.refused(422, "validation_failed").pointers(), ["/delivery"]);
    assert_eq!(world.upstream.asked("/introspect"), 0);
}

// Who gets in

#[tokio::test]
async fn somebody_without_an_account_is_told_so() {
    let world = World::with("exchange = \"own_clients\"\n").await;
    let token = world.upstream.session_token(CLIENT, &ann());

    exchange(&world, &token).await.refused(403, "no_account");
    world.counted("no_account").await;
}

#[tokio::test]
async fn an_account_with_their_address_is_not_taken_over() {
    let (world, token) = story().await;
    let other = NewUser {
        username: "other".parse().unwrap(),
        email: Some("ann@corp.example".parse().unwrap()),
        roles: BTreeSet::new(),
        org_id: None,
        password: None,
    };
    users::add(world.kit.core(), other, None, world.kit.rules.clock.now()).await.unwrap();

    exchange(&world, &token).await.refused(409, "conflict");
}

#[tokio::test]
async fn a_disabled_account_stays_closed() {
    let (world, token) = story().await;
    exchange(&world, &token).await.expect(200);
    let ann = world.kit.core().store.user_by_login(&"ann".parse().unwrap()).await.unwrap().unwrap();
    users::disable(world.kit.core(), ann.id, None, world.kit.rules.clock.now()).await.unwrap();

    exchange(&world, &token).await.refused(403, "account_disabled");
}

// Asking

#[tokio::test]
async fn many_who_exchange_one_token_at_once_cause_one_question() {
    let (world, token) = story().await;

    let replies = join_all((0..8).map(|_| exchange(&world, &token))).await;

    assert!(replies.iter().all(|reply| reply.status() == 200), "{replies:?}");
    assert_eq!(world.upstream.asked("/introspect"), 1);
}

#[tokio::test]
async fn an_answer_is_good_for_ten_seconds_and_no_longer() {
    let (world, token) = story().await;
    exchange(&world, &token).await.expect(200);
    world.upstream.takes_back(&token);

    world.kit.wait(Duration::from_secs(9));
    exchange(&world, &token).await.expect(200);
    world.kit.wait(Duration::from_secs(1));
    exchange(&world, &token).await.refused(401, "token_invalid");
}

#[tokio::test]
async fn a_logout_token_makes_answers_worthless_at_once() {
    let (world, token) = story().await;
    exchange(&world, &token).await.expect(200);
    world.upstream.takes_back(&token);

    let logout = world.upstream.logout_token(json!({ "sid": null, "sub": "there-ann" }));
    let form = format!("logout_token={logout}");
    world.kit.post("/auth/backchannel-logout/corp").form(&form).send().await.expect(200);

    exchange(&world, &token).await.refused(401, "token_invalid");
}

#[tokio::test]
async fn an_upstream_that_is_away_is_nobodys_fault() {
    let (world, token) = story().await;
    world.upstream.wrong(Wrong { answer: Some(("/introspect", Answer::Status(503))), ..Wrong::default() });

    for _ in 0..40 {
        let reply = exchange(&world, &token).await.refused(503, "unavailable");
        assert!(!reply.header("retry-after").is_empty());
    }

    world.upstream.wrong(Wrong::default());
    exchange(&world, &token).await.expect(200);
}

#[tokio::test]
async fn answers_that_make_no_sense_are_no_answers() {
    let (world, token) = story().await;
    for answer in [
        Answer::Status(401),
        Answer::Text("[]"),
        Answer::Text("active"),
        Answer::Huge,
        Answer::RedirectTo("https://evil.example/".to_owned()),
    ] {
        world.upstream.wrong(Wrong { answer: Some(("/introspect", answer)), ..Wrong::default() });
        exchange(&world, &token).await.refused(503, "unavailable");
    }
    world.upstream.wrong(introspection(json!({ "active": "true" })));
    exchange(&world, &token).await.refused(401, "token_invalid");
}

#[tokio::test]
async fn guessing_tokens_is_limited_and_good_ones_do_not_count() {
    let (world, token) = story().await;
    for _ in 0..40 {
        exchange(&world, &token).await.expect(200);
    }
    let mut guesses = 0;
    while exchange(&world, &format!("guess-{guesses}")).await.status() == 401 {
        guesses += 1;
        assert!(guesses < 1000, "there is no end");
    }
    exchange(&world, "guess").await.refused(429, "rate_limited");
}

#[tokio::test]
async fn we_prove_who_we_are_by_the_way_that_is_configured() {
    let lines = format!("{OPEN}client_auth = \"client_secret_post\"\n");
    let world = World::with(&lines).await;
    exchange(&world, &world.upstream.session_token("old-app", &ann())).await.expect(200);
    assert_eq!(world.upstream.last_form()["client_id"], CLIENT);

    let key = SigningKey::generate(Algorithm::Es256).unwrap();
    let world = super::client_auth::signing_with(&key, "exchange = \"own_clients\"\n").await;
    world.upstream.expects_assertions_of(&key);
    exchange(&world, &world.upstream.session_token(CLIENT, &ann())).await.expect(200);
    assert!(!world.upstream.last_form()["client_assertion"].is_empty());
}

// How long it lasts

#[tokio::test]
async fn an_exchanged_session_ends_when_its_token_does() {
    let world = World::with(&format!("{OPEN}recheck_every = \"1m\"\n")).await;
    let token = world.upstream.session_token("old-app", &ann());
    let mut tokens = exchange(&world, &token).await.expect(200).json();
    let refresh = async |tokens: &Value| {
        let body = json!({ "refresh_token": tokens["refresh_token"] });
        world.kit.post("/auth/refresh").json(&body).send().await
    };

    world.kit.wait(Duration::from_mins(1));
    tokens = refresh(&tokens).await.expect(200).json();
    world.upstream.takes_back(&token);
    world.kit.wait(Duration::from_mins(1));

    refresh(&tokens).await.refused(401, "session_ended");
}

/// An application that has moved is crossed out: whoever came with its tokens stays.
#[tokio::test]
async fn a_session_goes_on_when_tokens_like_its_own_begin_none_any_more() {
    let world = World::with(&format!("{OPEN}recheck_every = \"1m\"\nrecheck_grace = \"1s\"\n")).await;
    let token = world.upstream.session_token("old-app", &ann());
    let tokens = exchange(&world, &token).await.expect(200).json();
    // In the place of a configuration that has lost the application.
    world.upstream.wrong(introspection(json!({ "client_id": "crossed-out" })));
    world.kit.wait(Duration::from_mins(2));
    exchange(&world, &token).await.refused(401, "token_invalid");

    let body = json!({ "refresh_token": tokens["refresh_token"] });
    world.kit.post("/auth/refresh").json(&body).send().await.expect(200);

    assert_eq!(world.upstream.asked("/introspect"), 3);
}
