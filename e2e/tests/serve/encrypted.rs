use std::fs;
use std::path::Path;

use base64_simd::URL_SAFE_NO_PAD;
use handstamp_e2e::browser::{Browser, Fetch};
use handstamp_e2e::program::run;
use handstamp_e2e::socket::Socket;
use handstamp_verify::{ContentEncryption, DecryptionKey, Verifier, VerifierBuilder};
use http::Method;
use serde_json::json;
use tempfile::TempDir;

use crate::support::{PASSWORD, Reply, Served, add_user, now};

/// What a service that follows this auth service would build.
fn service(issuer: &str) -> VerifierBuilder {
    let builder = Verifier::builder(issuer).audience(issuer).without_revocations();
    builder.algorithms(&["ES256".parse().expect("an algorithm")])
}

fn decryption_key(file: &Path) -> DecryptionKey {
    let jwk = fs::read(file).expect("the key's file");
    DecryptionKey::from_jwk_json(&jwk, ContentEncryption::A256Gcm).expect("a key")
}

#[tokio::test]
async fn an_encrypted_cookie_is_read_by_services_with_the_key_and_by_nobody_else() {
    let folder = TempDir::new().expect("a folder");
    run(folder.path(), ["key", "generate-encryption", "tokens.jwk"]).ok();
    let config = "[tokens]\nencryption_key_file = \"tokens.jwk\"\n";
    fs::write(folder.path().join("handstamp.toml"), config).expect("a file");
    add_user(folder.path(), "ann").ok();
    let served = Served::start(folder.path());
    let page = format!("{}/", served.base);

    let mut browser = Browser::new(Socket::new(), now());
    let credentials = json!({ "login": "ann", "password": PASSWORD }).to_string();
    let sign_in = Fetch::script(&page, Method::POST, &format!("{}/auth/sign-in", served.base));
    let reply = Reply::of(&browser.fetch(sign_in.json(credentials)).await.expect("a reply"));
    assert_eq!(reply.status, 200, "{reply:?}");

    let is_encrypted = |value: &str| value.split('.').count() == 5;
    let cookie = browser.jar.cookies().iter().find(|cookie| is_encrypted(&cookie.value));
    let token = cookie.expect("an access cookie of five parts").value.clone();
    for part in token.split('.') {
        let bytes = URL_SAFE_NO_PAD.decode_to_vec(part).expect("base64url");
        let text = String::from_utf8_lossy(&bytes);
        assert!(!text.contains("ann") && !text.contains("sub") && !text.contains(&served.base), "{text}");
    }

    let whoami = Fetch::script(&page, Method::GET, &format!("{}/auth/whoami", served.base));
    let whoami = Reply::of(&browser.fetch(whoami).await.expect("a reply"));
    assert_eq!((whoami.status, &whoami.body["preferred_username"]), (200, &json!("ann")));

    let key = decryption_key(&folder.path().join("tokens.jwk"));
    let with_key = service(&served.base).decryption_key(key).build_remote().expect("a verifier");
    let caller = with_key.verify(&token).await.expect("it is for this service");
    assert_eq!(caller.preferred_username(), Some("ann"));
    let without_key = service(&served.base).build_remote().expect("a verifier");
    let refused = without_key.verify(&token).await.expect_err("it cannot be read");
    assert!(format!("{refused:?}").contains("Encrypted"), "{refused:?}");
}
