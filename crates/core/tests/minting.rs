use std::collections::BTreeSet;

use handstamp_core::{
    claims,
    flows::{sign_in::SignInError, users},
    minting::MintError,
    settings::TokenEncryption,
    test_support::Kit,
};
use handstamp_token::{NoClaims, UnixTime, Validator, jwe::DecryptionKey};

#[tokio::test]
async fn the_largest_ordinary_token_fits_a_cookie() {
    let kit = Kit::new().await;
    let ann = kit.user("ann").await;
    let roles: BTreeSet<_> =
        (0..20).map(|n| format!("a-role-of-some-length-{n}").parse().expect("it is a role")).collect();
    users::set_roles(&kit.ctx, ann.id, roles, None, kit.clock.now()).await.expect("ann is there");
    let issued = kit.sign_in("ann").await.expect("ann may sign in");
    assert!(issued.access.text.len() < 2000, "{} bytes", issued.access.text.len());
}

#[tokio::test]
async fn no_two_tokens_share_an_id_and_each_says_what_it_was_issued_under() {
    let kit = Kit::new().await;
    kit.user("ann").await;
    let first = kit.sign_in("ann").await.expect("ann may sign in");
    let again = kit.refresh(&first).await.expect("the session lives");
    assert_ne!(first.access.claims.jti, again.access.claims.jti);
    for issued in [&first, &again] {
        assert_eq!(claims::issued_under(&issued.access.claims.jti), Some(issued.session.refresh.current()));
    }
}

#[tokio::test]
async fn a_token_does_not_print() {
    let kit = Kit::new().await;
    kit.user("ann").await;
    let issued = kit.sign_in("ann").await.expect("ann may sign in");
    let printed = format!("{issued:?}");
    assert!(!printed.contains(&issued.access.text) && !printed.contains(issued.refresh.reveal()));
}

async fn encrypting(max_size: usize) -> (Kit, TokenEncryption) {
    let key = DecryptionKey::generate_x25519(TokenEncryption::CONTENT).expect("a key");
    let encryption = TokenEncryption::new(vec![key]).expect("a key");
    let setting = Some(encryption.clone());
    let kit = Kit::with(|settings| {
        settings.tokens.encryption = setting;
        settings.tokens.max_size = max_size;
    });
    (kit.await, encryption)
}

#[tokio::test]
async fn an_encrypted_token_holds_the_signed_one() {
    let (kit, encryption) = encrypting(3800).await;
    let ann = kit.user("ann").await;

    let text = kit.sign_in("ann").await.expect("ann may sign in").access.text;

    assert_eq!(text.split('.').count(), 5);
    let settings = &kit.ctx.settings;
    let algorithms = [settings.tokens.algorithm];
    let validator = Validator::access_token(&settings.issuer, settings.issuer.as_str(), &algorithms);
    let token = validator.expect("a validator").verify_encrypted::<NoClaims>(
        &text,
        encryption.decryption_keys(),
        &kit.ctx.keyring.verifying_keys(),
        UnixTime::from_secs(kit.clock.now().as_second()),
    );
    assert_eq!(token.expect("it is ours").registered().sub(), Some(ann.id.to_string().as_str()));
}

#[tokio::test]
async fn a_refreshed_token_is_encrypted_too_and_to_a_fresh_key() {
    let (kit, encryption) = encrypting(3800).await;
    kit.user("ann").await;
    let first = kit.sign_in("ann").await.expect("ann may sign in");

    let again = kit.refresh(&first).await.expect("the session lives");

    encryption.decryption_keys().decrypt(&again.access.text).expect("it is for us");
    let header = |text: &str| text.split('.').next().expect("a header").to_owned();
    assert_ne!(header(&first.access.text), header(&again.access.text), "the ephemeral key is in the header");
}

/// The signed form would fit, and the browser would still drop the cookie.
#[tokio::test]
async fn it_is_the_encrypted_form_that_must_fit_the_cookie() {
    let signed_only = Kit::with(|settings| settings.tokens.max_size = 2000).await;
    let (encrypting, _) = encrypting(2000).await;
    for kit in [&signed_only, &encrypting] {
        let ann = kit.user("ann").await;
        let roles = (0..20).map(|n| format!("a-role-of-some-length-{n}").parse().expect("it is a role"));
        users::set_roles(&kit.ctx, ann.id, roles.collect(), None, kit.clock.now())
            .await
            .expect("ann is there");
    }

    assert!(signed_only.sign_in("ann").await.is_ok());
    let refused = encrypting.sign_in("ann").await;

    let too_large = |error: &SignInError| matches!(error, SignInError::Mint(MintError::TooLarge { claim, size, limit: 2000 }) if claim == "roles" && *size > 2000);
    assert!(refused.as_ref().is_err_and(too_large), "{refused:?}");
}
