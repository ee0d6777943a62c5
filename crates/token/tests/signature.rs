//! What is no signature, for each algorithm.

use handstamp_token::dangerous::verify_signature_only;
use handstamp_token::{Algorithm, Rejection, SigningKey};
use serde_json::json;

use crate::support::encode;

fn refused(key: &SigningKey, input: &str, signature: &[u8]) {
    let outcome = verify_signature_only(&format!("{input}.{}", encode(signature)), &key.verifying_key());
    assert_eq!(outcome.err(), Some(Rejection::BadSignature), "{} with {signature:?}", key.algorithm());
}

#[test]
fn zeros_ones_and_foreign_lengths_are_no_signatures() {
    for &algorithm in Algorithm::ALL {
        let key = SigningKey::generate(algorithm).expect("a key");
        let token = key.sign("JWT", &json!({ "a": 1 })).expect("signed");
        let (input, signature) = token.rsplit_once('.').expect("three parts");
        let good = base64_simd::URL_SAFE_NO_PAD.decode_to_vec(signature).expect("base64url");
        // (0, 0) under ECDSA satisfied a broken equation elsewhere: "psychic signatures".
        for fill in [0, 1, 0xff] {
            refused(&key, input, &vec![fill; good.len()]);
        }
        refused(&key, input, &good[..good.len() - 1]);
        refused(&key, input, &[&good[..], &[0]].concat());
        refused(&key, input, &[&[0], &good[..]].concat());
        refused(&key, input, &[]);
    }
}

#[test]
fn an_ecdsa_signature_in_der_is_refused() {
    // RFC 7518 §3.4: the two numbers side by side, each of the curve's length; nothing else.
    use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair};
    let key = SigningKey::generate(Algorithm::Es256).expect("a key");
    let token = key.sign("JWT", &json!({ "a": 1 })).expect("signed");
    let (input, _) = token.rsplit_once('.').expect("three parts");
    let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, &key.to_private_der())
        .expect("the same key");
    let der = pair.sign(&aws_lc_rs::rand::SystemRandom::new(), input.as_bytes()).expect("signed");
    refused(&key, input, der.as_ref());
}

#[test]
fn another_keys_signature_is_refused() {
    for &algorithm in Algorithm::ALL {
        let [key, other] = [(); 2].map(|()| SigningKey::generate(algorithm).expect("a key"));
        let other = other.with_key_id(key.key_id().clone());
        let token = other.sign("JWT", &json!({ "a": 1 })).expect("signed");
        assert_eq!(
            verify_signature_only(&token, &key.verifying_key()).err(),
            Some(Rejection::BadSignature),
            "{algorithm}"
        );
    }
}
