use handstamp_token::{Algorithm, KeyError, SigningKey, SystemEntropy, TokenBuilder};

use crate::support::{AUDIENCE, ISSUER, NOW, SECRET, encode, key};

#[test]
fn debug_output_shows_no_key_material() {
    let shown = format!("{:?}", key());
    insta::assert_snapshot!(shown, @r#"SigningKey { algorithm: Hs256, key_id: KeyId("k1"), .. }"#);
    for &algorithm in Algorithm::ALL {
        let key = SigningKey::generate(algorithm).expect("a key");
        let shown = format!("{key:?} {:?}", key.verifying_key());
        assert!(shown.len() < 300, "{algorithm}: no room for material in {shown}");
    }
}

#[test]
fn debug_output_shows_no_token() {
    let builder = TokenBuilder::access_token(ISSUER, AUDIENCE).subject("user-17").lifetime("1h");
    assert!(!format!("{builder:?}").contains("user-17"));
    let token = builder.sign(&key(), NOW, &SystemEntropy).expect("signed");
    let (_, rest) = token.as_str().split_once('.').expect("three parts");
    let unverified = handstamp_token::UnverifiedToken::parse(token.as_str()).expect("well-formed");
    assert!(!format!("{unverified:?}").contains(&rest[..16]));
    let shown = format!("{token:?}");
    assert!(shown.contains("[redacted]") && !shown.contains(token.as_str()), "{shown}");
}

#[test]
fn a_refused_jwk_does_not_quote_its_secret() {
    let secret = encode(SECRET);
    let json = format!(r#"{{"kty":"oct","alg":"HS256","k":"{secret}","d":7}}"#);
    let refused = SigningKey::from_jwk_json(json.as_bytes()).expect_err("d is no text");
    assert!(!refused.to_string().contains(&secret[..8]), "{refused}");
}

#[test]
fn a_guessable_secret_is_refused() {
    let refused = SigningKey::from_secret(Algorithm::Hs256, b"a-string-secret-at-least-256-bits-long").err();
    assert_eq!(refused, Some(KeyError::WeakSecret { needed: 32 }));
}
