//! Each way in which an upstream can be wrong ends in a page that says what to do, and in a line of the log that says what it was.

use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::{Duration, Instant};

use super::server::seen;
use super::stage::{Stage, Visitor};

/// Returns the stage that tests share which run at the same moment: the first opens it, and it ends with the last.
fn stage() -> Arc<Stage> {
    static OPEN: Mutex<Weak<Stage>> = Mutex::new(Weak::new());
    let mut open = OPEN.lock().unwrap_or_else(PoisonError::into_inner);
    open.upgrade().unwrap_or_else(|| {
        let stage = Arc::new(Stage::misled());
        *open = Arc::downgrade(&stage);
        stage
    })
}

/// Says that a sign-in through this upstream ends in a page with a way to start again, nobody is signed in, and the log names the cause.
async fn refused<'a>(stage: &'a Stage, upstream: &str, cause: &str) -> Visitor<'a> {
    let mut visitor = stage.visitor();
    visitor.begin(upstream, "/auth/account").await;

    let page = &visitor.tab.page;
    assert!((400..500).contains(&page.status) || page.status == 503, "{page:?}");
    assert!(page.url.as_str().starts_with(&stage.base), "people are left at {}", page.url);
    let again = page.link("Start again");
    // An answer that nobody has asked for does not tell where its bearer was going.
    let knows_more = !upstream.ends_with("-state");
    assert_eq!(
        again,
        format!("/auth/login/{upstream}{}", if knows_more { "?return_to=%2Fauth%2Faccount" } else { "" })
    );
    assert_eq!(visitor.whoami().await.0, 401);
    let said = format!("upstream=\"{upstream}\"");
    let log = stage.running().stderr_with(&said);
    assert!(
        log.lines().any(|line| line.contains(&said) && line.contains(cause)),
        "{cause:?} is not in {log}"
    );
    visitor
}

macro_rules! misbehaviours {
    ($($test:ident: $how:literal, $cause:literal;)*) => {$(
        #[tokio::test]
        async fn $test() {
            refused(&stage(), $how, $cause).await;
        }
    )*};
}

misbehaviours! {
    the_nonce_of_another_sign_in_is_refused: "wrong-nonce", "nonce";
    an_id_token_without_a_nonce_is_refused: "no-nonce", "nonce";
    an_id_token_for_another_client_is_refused: "wrong-audience", "the token is for";
    an_expired_id_token_is_refused: "expired", "the token expired";
    an_id_token_of_another_issuer_is_refused: "wrong-issuer", "the issuer is";
    an_id_token_about_nobody_is_refused: "no-subject", "sub";
    a_key_that_the_key_set_lacks_is_refused: "unknown-key", "no key has the id";
    a_key_under_the_name_of_another_is_refused: "swapped-keys", "the signature does not match";
    an_unsigned_id_token_is_refused: "unsigned", "unsigned";
    an_id_token_signed_with_the_clients_secret_is_refused: "signed-with-the-secret", "HS256";
    a_token_response_without_id_token_is_refused: "no-id-token", "no ID token";
    an_id_token_that_is_none_is_refused: "garbled-id-token", "base64url";
    a_key_set_that_cannot_be_fetched_is_told: "keys-fail", "cannot be fetched";
    a_token_endpoint_that_fails_is_told: "failing", "answered 500";
    a_token_response_that_is_no_json_is_refused: "garbage", "cannot be read";
    a_token_response_without_an_end_is_cut_off: "endless", "more than 262144 bytes";
    a_code_that_the_upstream_refuses_is_told: "code-refused", "invalid_grant";
    the_state_of_another_sign_in_is_refused: "wrong-state", "no attempt of this name";
    an_answer_without_state_is_refused: "no-state", "names no attempt";
    an_answer_without_code_is_refused: "no-code", "neither a code nor an error";
    an_answer_in_the_name_of_another_issuer_is_refused: "mixed-up", "mix up two upstreams";
    an_answer_without_the_issuer_that_was_promised_is_refused: "no-issuer", "mix up two upstreams";
    somebody_who_declines_is_told_so: "declined", "access_denied";
    an_upstream_that_cannot_be_reached_is_told: "unreachable-discovery", "no answer from";
    a_discovery_that_fails_is_told: "failing-discovery", "answered 503";
    a_discovery_that_is_no_json_is_told: "garbled-discovery", "is not metadata";
    a_discovery_in_the_name_of_another_issuer_is_refused: "lying-discovery", "the metadata is of the issuer";
    a_discovery_that_is_another_kind_of_document_is_told: "page-for-discovery", "text/html";
}

/// Without this, every test above would pass on an upstream that lets nobody in.
#[tokio::test]
async fn an_upstream_that_gets_nothing_wrong_signs_people_in() {
    signed_in(&stage(), "nothing").await;
}

/// It may know PKCE and not say so: people get in, and the operator reads that the code had no protection but the server's own.
#[tokio::test]
async fn an_upstream_that_does_not_say_that_it_knows_pkce_is_named_in_the_log() {
    let stage = stage();
    signed_in(&stage, "discovery-without-pkce").await;
    stage.running().stderr_with("PKCE with S256");
}

async fn signed_in(stage: &Stage, upstream: &str) {
    let mut visitor = stage.visitor();
    visitor.begin(upstream, "/auth/account").await;
    let page = &visitor.tab.page;
    assert!(page.text.contains("You are signed in as johndoe"), "{page:?}, {}", stage.running().stderr());
}

#[tokio::test]
async fn nobody_waits_long_for_an_upstream_that_does_not_answer() {
    let began = Instant::now();

    refused(&stage(), "slow", "timed out").await;

    assert!(began.elapsed() < Duration::from_secs(20), "{:?}", began.elapsed());
}

/// Whoever follows it hands the client's secret and the code to whoever the address belongs to.
#[tokio::test]
async fn a_token_endpoint_that_redirects_is_not_followed() {
    let stage = stage();

    refused(&stage, "redirecting", "never followed").await;

    let (_, issuer) = stage.upstream.issuers().find(|(name, _)| *name == "redirecting").expect("it is there");
    let seen = seen(issuer).await;
    assert!(seen["/token"].as_u64() >= Some(1) && seen["/control/stolen"].is_null(), "{seen}");
}

#[tokio::test]
async fn what_an_upstream_says_of_its_error_gets_neither_into_the_page_nor_over_the_end_of_a_log_line() {
    let stage = stage();

    let visitor = refused(&stage, "strange-error", "it refused").await;

    assert!(!visitor.tab.page.text.contains("<script>alert"), "{:?}", visitor.tab.page);
    let log = stage.running().stderr();
    assert!(!log.lines().any(|line| line.starts_with("forged")), "{log}");
}
