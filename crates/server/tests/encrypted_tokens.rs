//! Access tokens encrypted to the services' key: every door that takes one still does.

use std::{collections::BTreeSet, time::Duration};

use handstamp_core::{
    flows::clients::{self, NewClient},
    settings::TokenEncryption,
};
use handstamp_e2e::browser::{Browser, Cookie};
use handstamp_token::jwe::DecryptionKey;
use http::Method;

use crate::support::{InProcess, Kit, own, whoami};

const COOKIE: &str = "__Host-Http-at";

fn key() -> DecryptionKey {
    DecryptionKey::generate_x25519(TokenEncryption::CONTENT).unwrap()
}

fn encrypting_to(keys: &[&DecryptionKey]) -> TokenEncryption {
    TokenEncryption::new(keys.iter().copied().cloned().collect()).unwrap()
}

/// A service that encrypts to this key, with Ann in it.
async fn story(key: &DecryptionKey) -> Kit {
    let kit = Kit::new().await.restarted_with(encrypting_to(&[key])).await;
    kit.user("ann").await;
    kit
}

fn access(browser: &Browser<InProcess>) -> String {
    browser.jar.get(COOKIE).unwrap().value.clone()
}

fn is_encrypted(token: &str) -> bool {
    token.split('.').count() == 5
}

#[tokio::test]
async fn the_cookie_is_encrypted_and_still_says_who_is_here() {
    let key = key();
    let kit = story(&key).await;
    let mut browser = kit.signed_in("ann").await;
    let token = access(&browser);

    let by_cookie = whoami(&mut browser).await.expect(200);
    let by_bearer = kit.get("/auth/whoami").bearer(&token).send().await.expect(200);

    assert!(is_encrypted(&token), "{token}");
    assert_eq!(by_cookie.json()["preferred_username"], "ann");
    assert_eq!(by_bearer.json()["preferred_username"], "ann");
}

/// A service that took both kinds would let a sender choose.
#[tokio::test]
async fn the_signed_token_without_its_envelope_is_refused() {
    let key = key();
    let kit = story(&key).await;
    let (token, _) = kit.tokens("ann").await;
    let signed = key.decrypt(&token).unwrap().into_unverified_string();

    kit.get("/auth/whoami").bearer(&signed).send().await.refused(401, "token_invalid");
}

#[tokio::test]
async fn a_token_encrypted_to_another_key_is_refused() {
    let key = key();
    let kit = story(&key).await;
    let (token, _) = kit.tokens("ann").await;

    let elsewhere = kit.restarted_with(encrypting_to(&[&self::key()])).await;

    elsewhere.get("/auth/whoami").bearer(&token).send().await.refused(401, "token_invalid");
}

#[tokio::test]
async fn forward_auth_passes_the_token_on_as_it_is() {
    let key = key();
    let kit = story(&key).await;
    let (token, _) = kit.tokens("ann").await;

    let reply = kit.get("/auth/check").bearer(&token).send().await.expect(200);

    assert_eq!(reply.header("authorization"), format!("Bearer {token}"));
    assert_eq!(reply.header("x-handstamp-username"), "ann");
}

#[tokio::test]
async fn introspection_and_revocation_take_encrypted_tokens() {
    let key = key();
    let kit = story(&key).await;
    let new = NewClient {
        id: "gateway".parse().unwrap(),
        scopes: BTreeSet::from(["introspection".to_owned()]),
        audiences: BTreeSet::new(),
    };
    let (_, secret) = clients::add(kit.core(), new, None, kit.rules.clock.now()).await.unwrap();
    let basic = base64_simd::STANDARD.encode_to_string(format!("gateway:{}", secret.reveal()));
    let introspected = async |token: &str| {
        let call = kit.post("/oauth2/introspect").header("authorization", format!("Basic {basic}"));
        call.form(&format!("token={token}")).send().await.expect(200).json()
    };
    let (token, _) = kit.tokens("ann").await;
    assert_eq!(introspected(&token).await["username"], "ann");

    let body = format!("token={token}&client_id=handstamp");
    kit.post("/oauth2/revoke").form(&body).send().await.expect(200);
    kit.app.follow_revocations().await;

    assert_eq!(introspected(&token).await["active"], false);
}

/// A refresh cookie counts only beside an access cookie of the same session, which is read although it has expired.
#[tokio::test]
async fn an_expired_encrypted_cookie_still_pairs_with_its_refresh_cookie() {
    let key = key();
    let kit = story(&key).await;
    let mut browser = kit.signed_in("ann").await;
    for path in ["/auth/refresh", "/auth/session"] {
        let before = access(&browser);
        kit.wait(Duration::from_hours(1));

        let reply = browser.fetch(own(Method::POST, path)).await.unwrap();

        assert_eq!(reply.status(), 200, "{path}: {:?}", reply.body());
        let after = access(&browser);
        assert!(is_encrypted(&after) && after != before, "{path}");
    }
}

#[tokio::test]
async fn an_encrypted_cookie_of_another_session_does_not_pair() {
    let key = key();
    let kit = story(&key).await;
    let mut browser = kit.signed_in("ann").await;
    let other = kit.signed_in("ann").await;
    let foreign = Cookie { value: access(&other), ..browser.jar.get(COOKIE).unwrap().clone() };
    kit.wait(Duration::from_hours(1));

    browser.jar.plant(foreign);
    let reply = browser.fetch(own(Method::POST, "/auth/refresh")).await.unwrap();

    assert_eq!(reply.status(), 401);
}

/// Whose session it names cannot be told, and a refresh cookie alone is worth nothing.
#[tokio::test]
async fn a_cookie_of_a_key_that_is_gone_does_not_pair() {
    let (gone, new) = (key(), key());
    let before = story(&gone).await;
    let browser = before.signed_in("ann").await;
    let cookies: Vec<_> =
        browser.jar.cookies().iter().map(|cookie| format!("{}={}", cookie.name, cookie.value)).collect();
    let kit = before.restarted_with(encrypting_to(&[&new])).await;

    let refresh = kit.post("/auth/refresh").ours().cookies(&cookies.join("; ")).send().await;

    refresh.refused(401, "token_invalid");
}

/// Whoever is signed in on the day encryption is switched on stays so.
#[tokio::test]
async fn a_session_from_before_is_carried_over_by_one_refresh() {
    let before = Kit::new().await;
    before.user("ann").await;
    let browser = before.signed_in("ann").await;
    let cookies: Vec<_> =
        browser.jar.cookies().iter().map(|cookie| format!("{}={}", cookie.name, cookie.value)).collect();
    let cookies = cookies.join("; ");
    assert!(!is_encrypted(&access(&browser)));
    let kit = before.restarted_with(encrypting_to(&[&key()])).await;
    kit.get("/auth/whoami").cookies(&cookies).send().await.refused(401, "token_invalid");

    let reply = kit.post("/auth/session").ours().cookies(&cookies).send().await.expect(200);

    let set =
        reply.set_cookies().into_iter().find(|cookie| cookie.starts_with(COOKIE)).expect("a new cookie");
    let token = set.split(['=', ';']).nth(1).unwrap();
    assert!(is_encrypted(token), "{set}");
    kit.get("/auth/whoami").bearer(token).send().await.expect(200);
}

#[tokio::test]
async fn while_keys_change_tokens_of_the_old_one_are_read() {
    let (old, new) = (key(), key());
    let kit = story(&old).await;
    let (token, _) = kit.tokens("ann").await;

    let kit = kit.restarted_with(encrypting_to(&[&new, &old])).await;

    kit.get("/auth/whoami").bearer(&token).send().await.expect(200);
}

/// Sign-out finds the session of a token that has expired.
#[tokio::test]
async fn an_expired_encrypted_cookie_signs_out() {
    let key = key();
    let kit = story(&key).await;
    let mut browser = kit.signed_in("ann").await;
    let session = kit.get("/auth/whoami").bearer(&access(&browser)).send().await.json()["sid"].clone();
    let session = session.as_str().unwrap().parse().unwrap();
    kit.wait(Duration::from_hours(1));

    let reply = browser.fetch(own(Method::POST, "/auth/sign-out")).await.unwrap();

    assert_eq!(reply.status(), 200);
    let session = kit.core().store.session(session).await.unwrap().expect("it is kept");
    assert!(!session.is_live(kit.rules.clock.now()));
}
