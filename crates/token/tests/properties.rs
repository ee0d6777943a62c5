//! Properties that must hold for any input.

use std::sync::LazyLock;

use handstamp_token::{Algorithm, KeySet, NoClaims, SigningKey, SystemEntropy, TokenBuilder, Validator};
use proptest::prelude::*;
use serde_json::{Map, Value};

use crate::support::{AUDIENCE, ISSUER, NOW, verify_payload};

struct Issuer {
    key: SigningKey,
    keys: KeySet,
    validator: Validator,
}

/// One issuer for each algorithm. RSA keys take a while to generate.
static ISSUERS: LazyLock<Vec<Issuer>> = LazyLock::new(|| {
    let issuer = |algorithm: &Algorithm| {
        let key = SigningKey::generate(*algorithm).expect("a key");
        let keys = KeySet::new([key.verifying_key()]).expect("a set");
        Issuer {
            key,
            keys,
            validator: Validator::access_token(ISSUER, AUDIENCE, &[*algorithm]).expect("a validator"),
        }
    };
    Algorithm::ALL.iter().map(issuer).collect()
});

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<f64>().prop_filter("finite", |number| number.is_finite()).prop_map(Value::from),
        any::<String>().prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 32, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            prop::collection::btree_map(any::<String>(), inner, 0..6)
                .prop_map(|members| Value::Object(members.into_iter().collect::<Map<_, _>>())),
        ]
    })
}

fn signed(issuer: &Issuer, name: &str, claim: &Value) -> String {
    let builder =
        TokenBuilder::access_token(ISSUER, AUDIENCE).subject("user-17").lifetime("1h").claim(name, claim);
    builder.sign(&issuer.key, NOW, &SystemEntropy).expect("signed").into_string()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_claim_survives_signing_and_verifying(index in 0..ISSUERS.len(), name in "[a-z]{4}.{0,8}", claim in any_json()) {
        let issuer = &ISSUERS[index];
        let token = signed(issuer, &name, &claim);
        let verified = issuer.validator.verify::<Map<String, Value>>(&token, &issuer.keys, NOW).expect("accepted");
        prop_assert_eq!(&verified.claims()[&name], &claim);
    }

    #[test]
    fn any_single_byte_changed_is_refused(index in 0..ISSUERS.len(), at in any::<prop::sample::Index>(), byte in 0..128_u8) {
        let issuer = &ISSUERS[index];
        let mut token = signed(issuer, "note", &Value::from("x")).into_bytes();
        let at = at.index(token.len());
        prop_assume!(token[at] != byte);
        token[at] = byte;
        let token = String::from_utf8(token).expect("ASCII");
        prop_assert!(issuer.validator.verify::<NoClaims>(&token, &issuer.keys, NOW).is_err());
    }

    #[test]
    fn any_cut_or_doubled_token_is_refused(index in 0..ISSUERS.len(), at in any::<prop::sample::Index>()) {
        let issuer = &ISSUERS[index];
        let token = signed(issuer, "note", &Value::from("x"));
        let cut = &token[..at.index(token.len())];
        for other in [cut.to_owned(), format!("{token}{cut}"), token[cut.len() + 1..].to_owned()] {
            prop_assume!(other != token);
            prop_assert!(issuer.validator.verify::<NoClaims>(&other, &issuer.keys, NOW).is_err(), "{}", other);
        }
    }

    #[test]
    fn no_text_panics_the_parser(text in any::<String>()) {
        let _ = handstamp_token::UnverifiedToken::parse(&text);
        let _ = handstamp_token::dangerous::decode_unverified(&text);
        let _ = verify_payload(&text);
        let _ = KeySet::from_jwks_json(text.as_bytes());
    }

    #[test]
    fn we_accept_no_json_that_a_common_reader_refuses(text in r#"[\{\}\[\]",:0-9a-f\\ue+. -]{0,40}"#) {
        let claims = format!(r#"{{"iss":"{ISSUER}","aud":"{AUDIENCE}","sub":"s","jti":"j","iat":1800000000,"exp":1800000300,"x":{text}}}"#);
        let ours = verify_payload(&claims).is_ok();
        let theirs = serde_json::from_str::<Value>(&claims).is_ok();
        prop_assert!(!ours || theirs, "{}", claims);
    }
}

#[test]
fn every_single_bit_of_a_token_counts() {
    for issuer in
        ISSUERS.iter().filter(|issuer| matches!(issuer.key.algorithm(), Algorithm::Hs256 | Algorithm::EdDsa))
    {
        let token = signed(issuer, "note", &Value::from("x"));
        for at in 0..token.len() {
            for bit in 0..7 {
                let mut bytes = token.clone().into_bytes();
                bytes[at] ^= 1 << bit;
                let changed = String::from_utf8(bytes).expect("ASCII");
                let outcome = issuer.validator.verify::<NoClaims>(&changed, &issuer.keys, NOW);
                assert!(outcome.is_err(), "bit {bit} of byte {at}");
            }
        }
    }
}
