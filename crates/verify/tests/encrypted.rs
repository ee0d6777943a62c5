//! Tokens that are encrypted to the service.

use std::error::Error as _;

use handstamp_api_types::ErrorCode;
use handstamp_token::jwe::JweError;
use handstamp_token::{KeyError, Rejection, SystemEntropy};
use handstamp_verify::{AuthError, BuildError, ContentEncryption, DecryptionKey, SharedKeys, Verifier};

use crate::support::issuer::Issuer;
use crate::support::{
    HandClock, KEY, ada, bob, builder, key_set, new_key, signed, signed_by, verifier as signed_only,
};

fn key() -> DecryptionKey {
    DecryptionKey::generate_x25519(ContentEncryption::A256Gcm).unwrap()
}

fn verifier(key: &DecryptionKey) -> Verifier {
    builder(&HandClock::new()).decryption_key(key.clone()).build_with_keys(key_set(&[&KEY])).unwrap()
}

fn encrypted(key: &DecryptionKey, signed: &str) -> String {
    key.encryption_key().encrypt(signed, &SystemEntropy).unwrap()
}

fn rejection(verifier: &Verifier, token: &str) -> Rejection {
    match verifier.try_verify(token) {
        Err(AuthError::Rejected(rejection)) => rejection,
        other => panic!("not rejected: {other:?}"),
    }
}

#[test]
fn a_service_with_the_key_reads_what_is_encrypted_to_it() {
    let key = key();

    let caller = verifier(&key).try_verify(&encrypted(&key, &signed(ada()))).unwrap();

    assert_eq!((caller.sub(), caller.roles()), ("ada", &["buyer".to_owned()][..]));
}

#[test]
fn a_service_without_the_key_refuses_an_encrypted_token() {
    let token = encrypted(&key(), &signed(ada()));

    assert_eq!(rejection(&signed_only(), &token), Rejection::Encrypted);
    assert_eq!(signed_only().try_verify(&token).unwrap_err().code(), ErrorCode::TokenInvalid);
}

/// A verifier that took both would let a sender choose.
#[test]
fn a_service_with_the_key_refuses_a_bare_signed_token() {
    let verifier = verifier(&key());

    assert_eq!(rejection(&verifier, &signed(ada())), Rejection::Decryption(JweError::NotEncrypted));
    // A refresh brings an encrypted one: the client must learn that it helps.
    assert_eq!(verifier.try_verify(&signed(ada())).unwrap_err().code(), ErrorCode::TokenInvalid);
}

#[test]
fn a_service_with_another_key_refuses() {
    let (ours, other) = (key(), key());

    let refused = rejection(&verifier(&ours), &encrypted(&other, &signed(ada())));

    let kid = Some(other.key_id().to_string());
    assert_eq!(refused, Rejection::Decryption(JweError::UnknownKey { kid }));
}

/// With a public key anybody can encrypt.
#[test]
fn what_was_inside_is_verified_like_any_token() {
    let key = key();
    let verifier = verifier(&key);

    let foreign = encrypted(&key, &signed_by(&new_key(), ada()));

    assert!(matches!(rejection(&verifier, &foreign), Rejection::UnknownKey { .. }));
}

#[test]
fn what_is_no_token_is_malformed() {
    let verifier = verifier(&key());
    for text in ["", "x", "a.b", "a.b.c.d", "a.b.c.d.e.f", "!.b.c.d.e"] {
        assert_eq!(verifier.try_verify(text).unwrap_err().code(), ErrorCode::TokenMalformed, "{text:?}");
    }
}

#[test]
fn while_keys_change_both_are_read() {
    let (old, new) = (key(), key());
    let verifier = builder(&HandClock::new())
        .decryption_key(old.clone())
        .decryption_key(new.clone())
        .build_with_keys(key_set(&[&KEY]))
        .unwrap();

    for key in [&old, &new] {
        assert!(verifier.try_verify(&encrypted(key, &signed(ada()))).is_ok());
    }
}

#[test]
fn one_key_given_twice_is_the_developers_mistake() {
    let key = key();
    let twice = builder(&HandClock::new()).decryption_key(key.clone()).decryption_key(key.clone());

    let refused = twice.build_with_keys(key_set(&[&KEY])).unwrap_err();

    let cause = KeyError::DuplicateKeyId { kid: key.key_id().clone() };
    assert_eq!(refused, BuildError::DecryptionKeys(cause.clone()));
    assert_eq!(refused.source().unwrap().to_string(), cause.to_string());
}

/// The cache goes by the outer text: its answers must be those of a fresh look.
#[test]
fn a_remembered_encrypted_token_dies_with_the_key_that_signed_it() {
    let (key, clock) = (key(), HandClock::new());
    let keys = SharedKeys::new(key_set(&[&KEY]));
    let verifier = builder(&clock).decryption_key(key.clone()).build_with_keys(keys.clone()).unwrap();
    let (ada, bob) = (encrypted(&key, &signed(ada())), encrypted(&key, &signed(bob())));
    for _ in 0..2 {
        assert_eq!(verifier.try_verify(&ada).unwrap().sub(), "ada");
        assert_eq!(verifier.try_verify(&bob).unwrap().sub(), "bob");
    }

    keys.replace(key_set(&[&new_key()]));

    assert!(matches!(rejection(&verifier, &ada), Rejection::UnknownKey { .. }));
}

#[test]
fn a_remembered_encrypted_token_dies_with_its_time() {
    let (key, clock) = (key(), HandClock::new());
    let verifier = builder(&clock).decryption_key(key.clone()).build_with_keys(key_set(&[&KEY])).unwrap();
    let token = encrypted(&key, &signed(ada()));
    assert!(verifier.try_verify(&token).is_ok());

    clock.advance(700);

    assert_eq!(verifier.try_verify(&token).unwrap_err().code(), ErrorCode::TokenExpired);
}

/// Which key signed it stands inside, so it takes the decryption key to know that there is something to ask for.
#[tokio::test(start_paused = true)]
async fn a_new_signing_key_is_asked_for_when_an_encrypted_token_names_it() {
    let issuer = Issuer::start(&[&KEY]).await;
    let key = key();
    let verifier = Verifier::builder(issuer.url.clone())
        .audience("orders")
        .algorithms(&[handstamp_token::Algorithm::Es256])
        .clock(HandClock::new())
        .without_revocations()
        .decryption_key(key.clone())
        .build_remote()
        .unwrap();
    let token = |signing: &handstamp_token::SigningKey| {
        let ada = handstamp_token::TokenBuilder::access_token(issuer.url.clone(), "orders").subject("ada");
        encrypted(&key, &signed_by(signing, ada.lifetime("10m")))
    };
    assert!(verifier.verify(&token(&KEY)).await.is_ok());
    let next = new_key();
    issuer.publish(&[&KEY, &next]);
    tokio::time::advance(std::time::Duration::from_secs(31)).await;

    assert_eq!(verifier.verify(&token(&next)).await.unwrap().sub(), "ada");
}
