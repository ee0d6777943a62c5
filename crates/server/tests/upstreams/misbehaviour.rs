//! An upstream that does something wrong: nobody is signed in, people can start again, and the log has the cause.

use handstamp_e2e::browser::Browser;
use serde_json::{Value, json};

use super::world::{World, ann, attempts_in, who};
use crate::support::{Answer, InProcess, Iss, Log, Signer, Wrong, visit};

const METADATA: &str = "/.well-known/openid-configuration";

/// What people see and what the log says of a sign-in that goes wrong.
struct Failed {
    page: String,
    log: String,
    world: World,
}

/// Signs in through an upstream that does this wrong.
async fn with(wrong: Wrong, status: u16) -> Failed {
    let (world, log) = (World::new().await, Log::listen());
    let mut browser = world.kit.browser();
    let sent_to = world.begin(&mut browser, "?return_to=%2Forders").await;
    world.upstream.wrong(wrong);
    let back = world.upstream.signs_in(&sent_to, ann());

    let page = world.come_back(&mut browser, &back).await.page(status);

    failed(page, &log, world, &mut browser).await
}

/// The same with an upstream that does it from the start, so that nobody even gets there.
async fn at_the_start(wrong: Wrong, status: u16) -> Failed {
    let (world, log) = (World::new().await, Log::listen());
    let mut browser = world.kit.browser();
    world.upstream.wrong(wrong);

    let page = visit(&mut browser, "/auth/login/corp?return_to=%2Forders").await.page(status);

    failed(page, &log, world, &mut browser).await
}

async fn failed(page: String, log: &Log, world: World, browser: &mut Browser<InProcess>) -> Failed {
    assert!(page.contains("href=\"/auth/login/corp?return_to=%2Forders\""), "start again: {page}");
    assert!(page.contains("href=\"/auth/sign-in?return_to=%2Forders\""), "sign in another way: {page}");
    assert!(page.contains("Reference: "), "{page}");
    assert_eq!(who(browser).await, None);
    assert!(attempts_in(browser).is_empty(), "it is used up");
    let users = world.kit.core().store.has_users().await.unwrap();
    assert!(!users, "no account is made");
    Failed { page, log: log.with("nobody was signed in through an upstream"), world }
}

async fn with_id_token(claims: Value) -> Failed {
    with(Wrong { id_token: Some(claims), ..Wrong::default() }, 400).await
}

async fn with_answer(at: &'static str, answer: Answer, status: u16) -> Failed {
    with(Wrong { answer: Some((at, answer)), ..Wrong::default() }, status).await
}

impl Failed {
    /// Checks that the log names the upstream and the cause.
    #[track_caller]
    fn says(&self, causes: &[&str]) {
        assert!(self.log.contains("upstream=\"corp\""), "{}", self.log);
        for cause in causes {
            assert!(self.log.contains(cause), "{cause}\n{}", self.log);
        }
    }

    /// Checks that people are told that it is not their fault, and may try again.
    #[track_caller]
    fn is_away(&self) {
        assert!(self.page.contains("Corp &amp; Sons does not answer"), "{}", self.page);
        assert!(self.page.contains("Try again in "), "{}", self.page);
    }
}

#[tokio::test]
async fn an_id_token_of_another_attempt_is_refused() {
    let failed = with_id_token(json!({ "nonce": "another" })).await;
    failed.says(&["the ID token was refused", "nonce", "another"]);
    failed.world.counted("id_token_rejected").await;
}

#[tokio::test]
async fn an_id_token_without_a_nonce_is_refused() {
    with_id_token(json!({ "nonce": null })).await.says(&["the ID token was refused", "nonce"]);
}

#[tokio::test]
async fn an_id_token_for_another_client_is_refused() {
    with_id_token(json!({ "aud": "somebody-else" }))
        .await
        .says(&["the ID token was refused", "somebody-else"]);
}

#[tokio::test]
async fn an_id_token_for_several_clients_that_is_not_ours_is_refused() {
    let failed = with_id_token(json!({ "aud": ["handstamp", "other"], "azp": "other" })).await;
    failed.says(&["the ID token was refused", "azp"]);
}

#[tokio::test]
async fn an_id_token_of_another_issuer_is_refused() {
    with_id_token(json!({ "iss": "https://evil.example" }))
        .await
        .says(&["the ID token was refused", "https://evil.example"]);
}

#[tokio::test]
async fn an_expired_id_token_is_refused() {
    with_id_token(json!({ "exp": 1_000_000_000, "iat": 999_999_000 }))
        .await
        .says(&["the ID token was refused", "expired"]);
}

#[tokio::test]
async fn an_id_token_of_the_future_is_refused() {
    with_id_token(json!({ "iat": 4_000_000_000_u32, "exp": 4_000_000_300_u32 }))
        .await
        .says(&["the ID token was refused"]);
}

#[tokio::test]
async fn an_id_token_without_a_subject_is_refused() {
    with_id_token(json!({ "sub": null })).await.says(&["the ID token was refused", "sub"]);
}

#[tokio::test]
async fn somebody_who_signed_in_there_too_long_ago_is_refused() {
    let (world, log) = (World::with("create = true\nmax_age = \"1h\"\n").await, Log::listen());
    let two_hours_ago = world.kit.rules.clock.now().as_second() - 7200;

    for wrong in [json!({ "auth_time": two_hours_ago }), json!({ "auth_time": null })] {
        world.upstream.wrong(Wrong { id_token: Some(wrong), ..Wrong::default() });
        world.sign_in(&mut world.kit.browser(), ann()).await.page(400);
    }

    let lines = log.with("nobody was signed in");
    assert_eq!(lines.matches("the ID token was refused").count(), 2, "{lines}");
    world.upstream.wrong(Wrong::default());
    world.sign_in(&mut world.kit.browser(), ann()).await.sent_on();
}

#[tokio::test]
async fn an_id_token_that_a_stranger_has_signed_is_refused() {
    let failed = with(Wrong { signer: Signer::Stranger, ..Wrong::default() }, 400).await;
    failed.says(&["the ID token was refused", "the signature does not match"]);
}

#[tokio::test]
async fn an_id_token_of_a_key_that_is_not_published_is_refused_and_asks_for_keys_once() {
    let failed = with(Wrong { signer: Signer::Unpublished, ..Wrong::default() }, 400).await;
    failed.says(&["the ID token was refused", "no key has the id"]);
    assert_eq!(
        failed.world.upstream.asked("/jwks"),
        1,
        "strangers' tokens must not make us ask again and again"
    );
}

/// RFC 8725 §2.1: a secret that both sides hold could sign for either.
#[tokio::test]
async fn rfc8725_2_1_an_id_token_that_our_own_secret_has_signed_is_refused() {
    let failed = with(Wrong { signer: Signer::SharedSecret, ..Wrong::default() }, 400).await;
    failed.says(&["the ID token was refused", "HS256"]);
}

#[tokio::test]
async fn an_unsigned_id_token_is_refused() {
    let failed = with(Wrong { signer: Signer::Nobody, ..Wrong::default() }, 400).await;
    failed.says(&["the ID token was refused", "unsigned"]);
}

#[tokio::test]
async fn keys_that_were_swapped_are_not_believed_before_the_cooldown_is_over() {
    let (world, log) = (World::new().await, Log::listen());
    world.sign_in(&mut world.kit.browser(), ann()).await.sent_on();
    world.upstream.swaps_keys();

    world.sign_in(&mut world.kit.browser(), ann()).await.page(400);

    assert!(log.with("nobody was signed in").contains("no key has the id"));
    assert_eq!(world.upstream.asked("/jwks"), 1);
}

#[tokio::test]
async fn a_token_answer_without_an_id_token_is_refused() {
    let wrong = Wrong { token_answer: Some(json!({ "id_token": null })), ..Wrong::default() };
    with(wrong, 400).await.says(&["holds no ID token"]);
}

#[tokio::test]
async fn a_token_answer_with_something_else_for_an_id_token_is_refused() {
    let wrong = Wrong { token_answer: Some(json!({ "id_token": "not.a.token" })), ..Wrong::default() };
    with(wrong, 400).await.says(&["the ID token was refused"]);
}

#[tokio::test]
async fn a_token_of_a_type_that_we_cannot_show_is_refused() {
    let wrong = Wrong { token_answer: Some(json!({ "token_type": "mac" })), ..Wrong::default() };
    with(wrong, 400).await.says(&["of the type", "mac"]);
}

#[tokio::test]
async fn a_token_answer_that_is_not_understood_does_not_stand_in_the_log() {
    let failed =
        with_answer("/token", Answer::Text("{\"access_token\":\"hunter2\",\"token_type\":7}"), 400).await;
    failed.says(&["cannot be read", "token_type"]);
    assert!(!failed.log.contains("hunter2"), "{}", failed.log);
}

/// OpenID Connect Core §5.3.2.
#[tokio::test]
async fn userinfo_of_somebody_else_is_refused() {
    let failed =
        with(Wrong { userinfo: Some(json!({ "sub": "somebody-else" })), ..Wrong::default() }, 400).await;
    failed.says(&["somebody-else", "there-ann"]);
    failed.world.counted("subject_rejected").await;
}

#[tokio::test]
async fn userinfo_without_a_subject_is_refused() {
    with(Wrong { userinfo: Some(json!({ "sub": null })), ..Wrong::default() }, 400).await.says(&["userinfo"]);
}

#[tokio::test]
async fn userinfo_that_is_no_object_is_refused() {
    with_answer("/userinfo", Answer::Text("[]"), 400).await.says(&["does not answer with a JSON object"]);
}

#[tokio::test]
async fn a_userinfo_endpoint_that_fails_is_away() {
    let failed = with_answer("/userinfo", Answer::Status(500), 503).await;
    failed.says(&["userinfo", "500"]);
    failed.is_away();
    failed.world.counted("unavailable").await;
}

#[tokio::test]
async fn a_token_endpoint_that_fails_is_away() {
    let failed = with_answer("/token", Answer::Status(500), 503).await;
    failed.says(&["/token answered 500"]);
    failed.is_away();
}

#[tokio::test]
async fn a_token_endpoint_that_never_answers_is_away() {
    let failed = with_answer("/token", Answer::Never, 503).await;
    failed.says(&["no answer from", "/token"]);
    failed.is_away();
}

#[tokio::test]
async fn a_token_endpoint_without_end_is_not_read_to_its_end() {
    with_answer("/token", Answer::Huge, 400).await.says(&["more than 262144 bytes"]);
}

/// A code, and our secret with it, goes nowhere but where it belongs.
#[tokio::test]
async fn a_token_endpoint_that_sends_us_on_is_not_followed() {
    let elsewhere = World::new().await;
    let to = format!("{}/token", elsewhere.upstream.issuer);

    let failed = with_answer("/token", Answer::RedirectTo(to), 400).await;

    failed.says(&["redirect", "never followed"]);
    assert_eq!(elsewhere.upstream.asked("/token"), 0);
}

#[tokio::test]
async fn a_code_that_it_does_not_take_is_told_in_its_words() {
    let failed = with_answer("/token", Answer::Status(400), 400).await;
    failed.says(&["it does not take the code", "told_to"]);
    failed.world.counted("code_rejected").await;
}

#[tokio::test]
async fn keys_that_cannot_be_fetched_are_away() {
    let failed = with_answer("/jwks", Answer::Status(500), 503).await;
    failed.says(&["the keys that ID tokens are signed with cannot be fetched"]);
    failed.is_away();
}

#[tokio::test]
async fn a_key_set_without_keys_is_away() {
    with_answer("/jwks", Answer::Text("{\"keys\":[]}"), 503).await.says(&["cannot be fetched"]);
}

#[tokio::test]
async fn metadata_that_cannot_be_fetched_is_away_and_is_not_asked_for_all_the_time() {
    let wrong = Wrong { answer: Some((METADATA, Answer::Status(503))), ..Wrong::default() };
    let failed = at_the_start(wrong, 503).await;
    failed.says(&["its addresses cannot be found out", "503"]);
    failed.is_away();

    for _ in 0..10 {
        visit(&mut failed.world.kit.browser(), "/auth/login/corp").await.page(503);
    }
    assert_eq!(failed.world.upstream.asked(METADATA), 1);
}

#[tokio::test]
async fn metadata_that_never_comes_is_away() {
    let wrong = Wrong { answer: Some((METADATA, Answer::Never)), ..Wrong::default() };
    at_the_start(wrong, 503).await.is_away();
}

#[tokio::test]
async fn metadata_without_end_is_not_read_to_its_end() {
    let wrong = Wrong { answer: Some((METADATA, Answer::Huge)), ..Wrong::default() };
    at_the_start(wrong, 400).await.says(&["more than 262144 bytes"]);
}

#[tokio::test]
async fn metadata_that_sends_us_on_is_not_followed() {
    let wrong = Wrong {
        answer: Some((METADATA, Answer::RedirectTo("https://evil.example/".to_owned()))),
        ..Wrong::default()
    };
    at_the_start(wrong, 400).await.says(&["redirect", "never followed"]);
}

#[tokio::test]
async fn metadata_that_is_none_is_refused() {
    let wrong = Wrong { answer: Some((METADATA, Answer::Text("[1]"))), ..Wrong::default() };
    at_the_start(wrong, 400).await.says(&["is not metadata"]);
}

/// RFC 8414 §3.3.
#[tokio::test]
async fn rfc8414_3_3_metadata_of_another_issuer_is_refused() {
    let wrong = Wrong { metadata: Some(json!({ "issuer": "https://evil.example" })), ..Wrong::default() };
    at_the_start(wrong, 400).await.says(&["the metadata is of the issuer", "https://evil.example"]);
}

#[tokio::test]
async fn an_endpoint_over_which_codes_would_travel_in_the_open_is_refused() {
    let wrong =
        Wrong { metadata: Some(json!({ "token_endpoint": "http://id.example/token" })), ..Wrong::default() };
    at_the_start(wrong, 400).await.says(&["token_endpoint", "is not https"]);
}

#[tokio::test]
async fn an_endpoint_that_is_missing_is_named() {
    let wrong = Wrong { metadata: Some(json!({ "token_endpoint": null })), ..Wrong::default() };
    at_the_start(wrong, 400).await.says(&["names no token_endpoint"]);
}

/// RFC 9207 §2.4.
#[tokio::test]
async fn rfc9207_2_4_an_answer_of_another_issuer_is_refused_and_its_code_shown_to_nobody() {
    let wrong = Wrong { iss: Iss::Another("https://evil.example"), ..Wrong::default() };
    let failed = with(wrong, 400).await;
    failed.says(&["https://evil.example", "mix up"]);
    assert_eq!(failed.world.upstream.asked("/token"), 0);
    failed.world.counted("issuer_rejected").await;
}

#[tokio::test]
async fn rfc9207_2_4_an_answer_without_the_promised_issuer_is_refused() {
    let failed = with(Wrong { iss: Iss::Nobody, ..Wrong::default() }, 400).await;
    failed.says(&["does not say who it is"]);
    assert_eq!(failed.world.upstream.asked("/token"), 0);
}

#[tokio::test]
async fn somebody_who_did_not_want_to_is_not_told_of_a_failure() {
    let (world, log) = (World::new().await, Log::listen());
    let mut browser = world.kit.browser();
    let sent_to = world.begin(&mut browser, "?return_to=%2Forders").await;
    let back = world
        .upstream
        .sends_back(&sent_to, &[("error", "access_denied"), ("error_description", "no, thanks")]);

    let page = world.come_back(&mut browser, &back).await.page(400);

    assert!(page.contains("the sign-in was not finished there") && !page.contains("no, thanks"), "{page}");
    let line = log.with("nobody was signed in");
    assert!(line.contains("INFO") && line.contains("access_denied") && line.contains("no, thanks"), "{line}");
    world.counted("declined").await;
}

#[tokio::test]
async fn an_upstream_that_says_itself_that_it_cannot_is_away() {
    let world = World::new().await;
    let mut browser = world.kit.browser();
    let sent_to = world.begin(&mut browser, "").await;
    let back = world.upstream.sends_back(&sent_to, &[("error", "temporarily_unavailable")]);

    let reply = world.come_back(&mut browser, &back).await.expect(503);

    assert_eq!(reply.header("retry-after"), "10");
}

#[tokio::test]
async fn codes_that_are_made_up_are_soon_not_shown_to_the_upstream_any_more() {
    let world = World::new().await;
    let mut last = 0;
    for _ in 0..70 {
        let mut browser = world.kit.browser();
        let sent_to = world.begin(&mut browser, "").await;
        let back = world.upstream.sends_back(&sent_to, &[("code", "made-up")]);
        last = world.come_back(&mut browser, &back).await.0.status().as_u16();
    }

    assert_eq!(last, 429);
    assert_eq!(world.upstream.asked("/token"), 60, "rate_limits.address_attempts");
}
