use handstamp_e2e::socket::Socket;
use http::Method;
use serde_json::json;

use super::server::{Upstream, seen};
use super::stage::{ACME, Stage, Words, secret};
use super::visitor::Tab;
use crate::support::{add_user, beside};

#[tokio::test]
async fn somebody_signs_in_through_a_real_provider_and_is_where_they_were_going() {
    let stage = Stage::open();
    let mut visitor = stage.visitor();

    visitor.tab.open(&stage.url("/auth/sign-in?return_to=/auth/account%3Ffrom%3Dhere")).await;
    let button = visitor.tab.page.link("/auth/login/acme");
    visitor.tab.follow(&button).await;
    visitor.fill_in("ann").await;

    assert_eq!(visitor.tab.page.status, 200, "{:?}", visitor.tab.page);
    assert_eq!(visitor.tab.page.url.as_str(), stage.url("/auth/account?from=here"));
    assert!(visitor.tab.page.text.contains("You are signed in as ann."), "{:?}", visitor.tab.page);
    let (status, whoami) = visitor.whoami().await;
    assert_eq!((status, &whoami["email"]), (200, &json!("ann@example.org")));
    assert_eq!(
        whoami["roles"],
        json!(["buyer", "employee", "reader"]),
        "hers, as the configuration translates them"
    );
    assert_eq!(visitor.profile.cookies("__Host-login"), [""; 0], "nothing is pending any more");
    assert!(visitor.profile.with(|browser| browser.dropped.is_empty()), "a browser keeps every cookie");
}

#[tokio::test]
async fn what_is_known_to_the_provider_stays_out_of_every_address_of_ours() {
    let stage = Stage::open();
    let mut visitor = stage.visitor();

    visitor.begin("acme", "/auth/account").await;
    let asked = visitor.tab.hops.iter().find(|hop| hop.path() == "/auth" && hop.query().is_some());
    let asked: std::collections::HashMap<_, _> =
        asked.expect("it was asked").query_pairs().into_owned().collect();
    visitor.fill_in("ann").await;

    assert_eq!(asked["code_challenge_method"], "S256");
    assert_eq!(asked["response_type"], "code");
    assert!(asked["nonce"].len() >= 22 && asked["state"].len() >= 22, "{asked:?}");
    let last = visitor.tab.hops.last().expect("somewhere");
    assert!(!last.as_str().contains("code="), "the code went on to {last}");
}

#[tokio::test]
async fn the_same_person_comes_back_to_the_same_account_with_what_they_are_now() {
    let stage = Stage::open();
    let mut visitor = stage.visitor();
    visitor.sign_in("acme", "ann").await;
    let (_, before) = visitor.whoami().await;

    let moved = json!({ "preferred_username": "ann-lee", "email": "lee@example.org", "groups": ["buyers"] });
    stage.upstream.change("ann", &moved).await;
    let mut elsewhere = stage.visitor();
    elsewhere.sign_in("acme", "ann").await;

    let (_, after) = elsewhere.whoami().await;
    assert_eq!(after["sub"], before["sub"]);
    assert_eq!(after["roles"], json!(["buyer", "reader"]));
    assert_eq!(after["email"], "lee@example.org", "the account is the provider's own");
    assert_eq!(visitor.whoami().await.0, 401, "tokens that say what was are stale");
}

#[tokio::test]
async fn a_private_key_proves_who_we_are() {
    const SIGNED: Words = Words {
        name: "acme-signed",
        words: &[
            ("create", "true"),
            ("client_auth", "\"private_key_jwt\""),
            ("client_secret_file", ""),
            ("private_key_file", "\"client.jwk\""),
        ],
    };
    let stage = Stage::prepared(Upstream::provider, &SIGNED);
    secret(&stage.folder.path().join("client.jwk"), stage.upstream.told("private_key"));
    let stage = stage.started();
    let mut visitor = stage.visitor();

    visitor.sign_in("acme-signed", "ben").await;

    assert_eq!(visitor.name().await.as_deref(), Some("ben"));
}

#[tokio::test]
async fn a_secret_in_the_form_proves_who_we_are() {
    const POST: Words =
        Words { name: "acme-post", words: &[("create", "true"), ("client_auth", "\"client_secret_post\"")] };
    let stage = Stage::with(&POST);
    let mut visitor = stage.visitor();

    visitor.sign_in("acme-post", "ben").await;

    assert_eq!(visitor.name().await.as_deref(), Some("ben"));
}

#[tokio::test]
async fn what_a_terse_provider_keeps_out_of_its_id_token_is_asked_for() {
    let stage = Stage::prepared(Upstream::terse_provider, &ACME).started();
    let mut visitor = stage.visitor();

    visitor.sign_in("acme", "ann").await;

    let (_, whoami) = visitor.whoami().await;
    assert_eq!(whoami["email"], "ann@example.org");
    assert_eq!(whoami["roles"], json!(["buyer", "employee", "reader"]));
}

#[tokio::test]
async fn a_server_of_plain_oauth2_says_who_somebody_is_when_asked() {
    const PLAIN: Words = Words {
        name: "acme",
        words: &[
            ("create", "true"),
            ("kind", "\"oauth2\""),
            ("issuer", ""),
            ("authorization_endpoint", "\"ISSUER/auth\""),
            ("token_endpoint", "\"ISSUER/token\""),
            ("userinfo_endpoint", "\"ISSUER/me\""),
        ],
    };
    let stage = Stage::with(&PLAIN);
    let mut visitor = stage.visitor();

    visitor.sign_in("acme", "ann").await;

    let (_, whoami) = visitor.whoami().await;
    assert_eq!((&whoami["preferred_username"], &whoami["email"]), (&json!("ann"), &json!("ann@example.org")));
    assert_eq!(seen(stage.upstream.issuer()).await["GET /me"], 1);
}

#[tokio::test]
async fn whoever_cancels_at_the_provider_is_told_so_and_can_start_again() {
    let stage = Stage::open();
    let mut visitor = stage.visitor();
    visitor.begin("acme", "/auth/account").await;

    let cancel = format!("{}/abort", visitor.tab.page.form());
    visitor.tab.submit(&cancel, &[]).await;

    let again = visitor.tab.page.link("/auth/login/acme");
    assert!(visitor.tab.page.status < 500, "{:?}", visitor.tab.page);
    assert_eq!(visitor.whoami().await.0, 401);
    visitor.tab.follow(&again).await;
    visitor.fill_in("ann").await;
    assert_eq!(visitor.tab.page.url.as_str(), stage.url("/auth/account"), "it was not forgotten where to go");
}

#[tokio::test]
async fn an_answer_that_was_used_is_worth_nothing_even_with_its_cookie() {
    let stage = Stage::open();
    let mut visitor = stage.visitor();
    visitor.begin("acme", "/auth/account").await;
    let before = visitor.profile.with(|browser| browser.jar.clone());
    visitor.fill_in("ann").await;
    let answer = visitor.tab.hops.iter().find(|hop| hop.path().starts_with("/auth/callback/")).cloned();

    // What malware could have kept: all cookies as they were, and the address.
    let thief = stage.visitor();
    thief.profile.with(|browser| browser.jar = before);
    let mut tab = Tab::new(&thief.profile, Socket::new());
    tab.open(answer.expect("it came back").as_str()).await;

    assert!((400..500).contains(&tab.page.status), "{:?}", tab.page);
    tab.page.link("/auth/login/acme");
    assert_eq!(thief.whoami().await.0, 401);
    assert_eq!(visitor.whoami().await.0, 200, "and nobody is signed out by it");
}

/// Login CSRF: the attacker signs in as themselves, and has somebody else's browser finish it.
#[tokio::test]
async fn an_answer_that_another_browser_asked_for_signs_nobody_in() {
    let stage = Stage::open();
    let mut attacker = stage.visitor();
    attacker.begin("acme", "/auth/account").await;
    attacker.tab.leaves_at = Some(stage.url("/auth/callback/acme").parse().expect("an address"));
    attacker.fill_in("mallory").await;
    let answer = attacker.tab.page.url.clone();
    assert!(answer.path().starts_with("/auth/callback/"), "{answer}");

    let mut victim = stage.visitor();
    victim.tab.open(answer.as_str()).await;

    assert!((400..500).contains(&victim.tab.page.status), "{:?}", victim.tab.page);
    victim.tab.page.link("/auth/login/acme");
    assert_eq!(victim.whoami().await.0, 401);
    attacker.tab.leaves_at = None;
    attacker.tab.open(answer.as_str()).await;
    assert_eq!(attacker.name().await.as_deref(), Some("mallory"), "the code itself was good");
}

const BY_ADDRESS: Words = Words { name: "acme", words: &[("link", "\"verified_email\"")] };

#[tokio::test]
async fn somebody_with_an_account_is_linked_by_an_address_that_the_provider_has_verified() {
    let stage = Stage::prepared(Upstream::provider, &BY_ADDRESS);
    add_user(stage.folder.path(), "ann").ok();
    let stage = stage.started();
    let mut visitor = stage.visitor();

    visitor.sign_in("acme", "ann").await;

    let (_, whoami) = visitor.whoami().await;
    assert_eq!(whoami["preferred_username"], "ann");
    let users = beside(stage.folder.path(), &["user", "list", "--json"]).ok().json();
    assert_eq!(users.as_array().map(Vec::len), Some(1), "no second account: {users}");
}

#[tokio::test]
async fn an_address_that_the_provider_has_not_verified_opens_nobodys_account() {
    let stage = Stage::prepared(Upstream::provider, &BY_ADDRESS);
    add_user(stage.folder.path(), "ann").ok();
    let stage = stage.started();
    stage.upstream.change("mallory", &json!({ "email": "ann@example.org", "email_verified": false })).await;
    let mut visitor = stage.visitor();

    visitor.begin("acme", "/auth/account").await;
    visitor.fill_in("mallory").await;

    assert!((400..500).contains(&visitor.tab.page.status), "{:?}", visitor.tab.page);
    assert_eq!(visitor.whoami().await.0, 401);
}

#[tokio::test]
async fn a_verified_address_opens_no_account_where_the_configuration_does_not_say_so() {
    let stage = Stage::prepared(Upstream::provider, &ACME);
    add_user(stage.folder.path(), "ann").ok();
    let stage = stage.started();
    let mut visitor = stage.visitor();

    visitor.begin("acme", "/auth/account").await;
    visitor.fill_in("ann").await;

    assert_eq!(visitor.whoami().await.0, 401, "{:?}", visitor.tab.page);
    assert!((400..500).contains(&visitor.tab.page.status), "{:?}", visitor.tab.page);
}

#[tokio::test]
async fn whoever_has_no_account_stays_outside_where_none_are_made() {
    const NOBODY_NEW: Words = Words { name: "acme", words: &[] };
    let stage = Stage::with(&NOBODY_NEW);
    let mut visitor = stage.visitor();

    visitor.begin("acme", "/auth/account").await;
    visitor.fill_in("ann").await;

    assert!((400..500).contains(&visitor.tab.page.status), "{:?}", visitor.tab.page);
    assert_eq!(visitor.tab.ask(Method::GET, &stage.url("/auth/whoami")).await.0, 401);
}

#[tokio::test]
async fn a_disabled_account_stays_shut_however_good_the_sign_in() {
    let stage = Stage::open();
    let mut visitor = stage.visitor();
    visitor.sign_in("acme", "ann").await;
    stage.command(&["user", "disable", "ann"]).ok();

    let mut again = stage.visitor();
    again.begin("acme", "/auth/account").await;
    again.fill_in("ann").await;

    assert!((400..500).contains(&again.tab.page.status), "{:?}", again.tab.page);
    assert_eq!(again.whoami().await.0, 401);
}
