use handstamp_token::{Algorithm, KeyError, KeySet, SigningKey};
use serde_json::{Value, json};

use crate::support::{encode, key, key_set, kid, with};

fn public(algorithm: Algorithm, id: &str) -> Value {
    let key = SigningKey::generate(algorithm).expect("a key").with_key_id(kid(id));
    serde_json::to_value(key.verifying_key().to_jwk()).expect("a JWK")
}

fn read(keys: &[Value]) -> Result<(KeySet, Vec<handstamp_token::SkippedKey>), KeyError> {
    KeySet::from_jwks_json(json!({ "keys": keys, "other": 1 }).to_string().as_bytes())
}

#[test]
fn keys_are_found_by_their_exact_id() {
    let keys: Vec<_> = ["b", "a", "c"].map(|id| key().with_key_id(kid(id)).verifying_key()).into();
    let set = key_set(keys);
    assert_eq!(set.len(), 3);
    assert_eq!(set.find("a").map(|key| key.key_id().as_str()), Some("a"));
    assert!(set.find("A").is_none() && set.find("").is_none() && set.find("aa").is_none());
    assert!(KeySet::default().is_empty());
}

#[test]
fn two_keys_of_one_id_are_refused() {
    let refused = KeySet::new([key().verifying_key(), key().verifying_key()]).err();
    assert_eq!(refused, Some(KeyError::DuplicateKeyId { kid: kid("k1") }));
}

#[test]
fn secrets_and_public_keys_do_not_share_a_set() {
    let public = SigningKey::generate(Algorithm::Es256).expect("a key").verifying_key();
    assert_eq!(KeySet::new([key().verifying_key(), public]).err(), Some(KeyError::MixedSet));
}

#[test]
fn a_published_set_reads_back() {
    let keys = [Algorithm::Es256, Algorithm::Rs256, Algorithm::EdDsa]
        .map(|algorithm| SigningKey::generate(algorithm).expect("a key").verifying_key());
    let set = key_set(keys);
    let json = serde_json::to_vec(&set.to_jwks()).expect("written");
    let (back, skipped) = KeySet::from_jwks_json(&json).expect("read");
    assert!(skipped.is_empty());
    let ids =
        |set: &KeySet| set.iter().map(|key| (key.key_id().clone(), key.algorithm())).collect::<Vec<_>>();
    assert_eq!(ids(&back), ids(&set));
}

#[test]
fn keys_of_foreign_kinds_are_left_out_and_reported() {
    let keys = [
        public(Algorithm::Es256, "good"),
        with(public(Algorithm::Es256, "encryption"), "use", json!("enc")),
        with(public(Algorithm::Es256, "foreign"), "alg", json!("ES256K")),
        json!({ "kty": "XYZ", "kid": "unknown" }),
        json!({ "kid": "no kty" }),
        json!(7),
    ];
    let (set, skipped) = read(&keys).expect("read");
    assert_eq!(set.iter().map(|key| key.key_id().as_str()).collect::<Vec<_>>(), ["good"]);
    assert_eq!(skipped.iter().map(|key| key.index).collect::<Vec<_>>(), [1, 2, 3, 4, 5]);
    assert_eq!(skipped[0].kid.as_deref(), Some("encryption"));
    assert!(matches!(skipped[1].reason, KeyError::UnknownAlgorithm { .. }));
}

#[test]
fn a_set_that_publishes_a_secret_is_refused_as_a_whole() {
    let good = public(Algorithm::Es256, "good");
    let leaked = with(public(Algorithm::Es256, "leaked"), "d", json!(encode([7; 32])));
    assert_eq!(read(&[good.clone(), leaked]).err(), Some(KeyError::SecretMember { member: "d" }));
    let symmetric = json!({ "kty": "oct", "alg": "HS256", "k": encode(crate::support::SECRET) });
    assert_eq!(read(&[good, symmetric]).err(), Some(KeyError::SecretMember { member: "k" }));
}

#[test]
fn what_is_no_set_is_refused() {
    for json in ["", "{}", "[]", r#"{"keys":{}}"#, r#"{"keys":[],"keys":[]}"#, r#"{"KEYS":[]}"#] {
        assert!(
            matches!(KeySet::from_jwks_json(json.as_bytes()).err(), Some(KeyError::Jwk { .. })),
            "{json:?}"
        );
    }
    let long = format!(r#"{{"keys":[]{}}}"#, " ".repeat(600_000));
    assert!(matches!(KeySet::from_jwks_json(long.as_bytes()).err(), Some(KeyError::Jwk { .. })));
}
