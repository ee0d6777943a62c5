//! Differential tests: two other implementations in two other languages must read what we write, and we what they write.
//!
//! They need `jose` under `target/peers/node` and `PyJWT` under `target/peers/python`; `cargo xtask install` puts them there.

mod peer;
mod tokens;

use handstamp_token::{
    Algorithm, KeySet, NoClaims, Rejection, SigningKey, UnixTime, Validator, VerifyingKey,
};
use peer::{Made, Peer, Task};
use serde_json::{Map, Value};
use tokens::{AUDIENCE, ISSUER, NOW, any_claims};

/// Tokens for each algorithm, direction and peer.
const ROUNDS: u64 = 12;

fn algorithms(peer: Peer) -> impl Iterator<Item = Algorithm> {
    Algorithm::ALL.iter().copied().filter(move |algorithm| peer.knows(*algorithm))
}

fn validator(algorithm: Algorithm) -> Validator {
    Validator::access_token(ISSUER, AUDIENCE, &[algorithm]).expect("a validator")
}

fn verify(key: VerifyingKey, token: &str) -> Result<Value, Rejection> {
    let (algorithm, keys) = (key.algorithm(), KeySet::new([key]).expect("a set"));
    let verified =
        validator(algorithm).verify::<Map<String, Value>>(token, &keys, UnixTime::from_secs(NOW))?;
    Ok(Value::Object(verified.into_claims()))
}

fn they_read_what_we_write(peer: Peer) {
    for algorithm in algorithms(peer) {
        let key = SigningKey::generate(algorithm).expect("a key");
        let claims: Vec<Value> = (0..ROUNDS).map(any_claims).collect();
        let tokens: Vec<String> =
            claims.iter().map(|claims| key.sign("at+jwt", claims).expect("signed")).collect();
        let read = peer.verify(&Task::of(&key), &tokens);
        for ((claims, token), theirs) in claims.iter().zip(&tokens).zip(read) {
            assert_eq!(theirs.as_ref(), Some(claims), "{peer:?} {algorithm} {token}");
        }
    }
}

fn we_read_what_they_write(peer: Peer) {
    for algorithm in algorithms(peer) {
        let claims: Vec<Value> = (0..ROUNDS).map(any_claims).collect();
        let Made { public_jwk, public_pem, secret, tokens } = peer.make(algorithm, &claims);
        let mut keys = Vec::new();
        if let Some(secret) = secret {
            keys.push(VerifyingKey::from_secret(algorithm, &secret).expect("their secret"));
        }
        if let Some(jwk) = public_jwk {
            keys.push(VerifyingKey::from_jwk_json(jwk.to_string().as_bytes()).expect("their JWK"));
        }
        if let Some(pem) = public_pem {
            keys.push(VerifyingKey::from_pem(algorithm, &pem).expect("their PEM"));
        }
        assert!(!keys.is_empty() && tokens.len() == claims.len(), "{peer:?} {algorithm}");
        for key in keys {
            for (claims, token) in claims.iter().zip(&tokens) {
                assert_eq!(verify(key.clone(), token).as_ref(), Ok(claims), "{peer:?} {algorithm} {token}");
            }
        }
    }
}

/// Tokens with a fault: what we accept, they must accept too. The other way round we are stricter on purpose.
fn we_accept_nothing_they_refuse(peer: Peer) {
    for algorithm in algorithms(peer) {
        let key = SigningKey::generate(algorithm).expect("a key");
        let tokens: Vec<String> = (0..ROUNDS)
            .flat_map(|round| {
                let token = key.sign("at+jwt", &any_claims(round)).expect("signed");
                tokens::damaged(&token, round)
            })
            .collect();
        let theirs = peer.verify(&Task::of(&key), &tokens);
        for (token, theirs) in tokens.iter().zip(theirs) {
            let keys = KeySet::new([key.verifying_key()]).expect("a set");
            let ours = validator(algorithm).verify::<NoClaims>(token, &keys, UnixTime::from_secs(NOW));
            assert!(ours.is_err() || theirs.is_some(), "{peer:?} {algorithm} refuses {token}");
        }
    }
}

#[test]
fn jose_reads_what_we_write() {
    they_read_what_we_write(Peer::Jose);
}

#[test]
fn we_read_what_jose_writes() {
    we_read_what_they_write(Peer::Jose);
}

#[test]
fn we_accept_nothing_jose_refuses() {
    we_accept_nothing_they_refuse(Peer::Jose);
}

#[test]
fn pyjwt_reads_what_we_write() {
    they_read_what_we_write(Peer::PyJwt);
}

#[test]
fn we_read_what_pyjwt_writes() {
    we_read_what_they_write(Peer::PyJwt);
}

#[test]
fn we_accept_nothing_pyjwt_refuses() {
    we_accept_nothing_they_refuse(Peer::PyJwt);
}

#[cfg(feature = "jwe")]
mod encrypted {
    use handstamp_token::jwe::{ContentEncryption, DecryptionKey};
    use handstamp_token::{Algorithm, SigningKey, SystemEntropy};
    use serde_json::{Value, json};

    use super::peer::Peer;
    use super::tokens::any_claims;

    /// Receivers of each key management, as private JWKs, made by jose where it can.
    fn receivers(content: ContentEncryption) -> Vec<DecryptionKey> {
        let mut receivers = vec![
            DecryptionKey::generate_x25519(content).expect("a key"),
            DecryptionKey::generate_p256(content).expect("a key"),
        ];
        for mut jwk in Peer::Jose.encryption_keys(content.name()) {
            jwk["kid"] = json!("made-by-jose");
            receivers
                .push(DecryptionKey::from_jwk_json(jwk.to_string().as_bytes(), content).expect("their key"));
        }
        receivers
    }

    #[test]
    fn jose_decrypts_what_we_encrypt_and_we_what_jose_encrypts() {
        let key_of_issuer = SigningKey::generate(Algorithm::Es256).expect("a key");
        let token = key_of_issuer.sign("at+jwt", &any_claims(1)).expect("signed");
        for content in [ContentEncryption::A128Gcm, ContentEncryption::A256Gcm] {
            for key in receivers(content) {
                let jwk: Value = serde_json::from_str(&key.to_private_jwk_json()).expect("JSON");
                let alg = key.encryption_key().management().name();
                let ours = key.encryption_key().encrypt(&token, &SystemEntropy).expect("encrypted");
                let (theirs, read) = Peer::Jose.encrypt_and_decrypt(&jwk, alg, content.name(), &token, &ours);
                assert_eq!(read, token, "{key:?}");
                assert_eq!(key.decrypt(&theirs).expect("decrypted").as_unverified_str(), token, "{key:?}");
            }
        }
    }
}
