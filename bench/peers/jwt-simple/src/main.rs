//! jwt-simple (BoringSSL) as a contestant.

use std::collections::HashSet;
use std::hint::black_box;
use std::rc::Rc;

use jwt_simple::common::HeaderOptions;
use jwt_simple::prelude::{
    Duration, ECDSAP256KeyPairLike, ECDSAP256PublicKeyLike, ES256KeyPair, Ed25519KeyPair, EdDSAKeyPairLike,
    EdDSAPublicKeyLike, HS256Key, JWTClaims, MACLike, PS256KeyPair, RS256KeyPair, RSAKeyPairLike,
    RSAPublicKeyLike, VerificationOptions,
};
use peer_protocol::{Algorithm, Job, Operation};
use serde::{Deserialize, Serialize};

fn main() -> Result<(), String> {
    peer_protocol::serve(|job| {
        job.algorithms.iter().flat_map(|algorithm| operations(&job, algorithm)).collect()
    })
}

/// What jwt-simple does not have a field for itself.
#[derive(Clone, Serialize, Deserialize)]
struct Own {
    client_id: String,
    sid: String,
    org_id: String,
    roles: Vec<String>,
    preferred_username: String,
}

type Claims = JWTClaims<Own>;
type Verify = Box<dyn Fn(&str, VerificationOptions) -> Result<Claims, jwt_simple::Error>>;
type Sign = Box<dyn Fn(Claims, &HeaderOptions) -> Result<String, jwt_simple::Error>>;

fn operations(job: &Job, algorithm: &Algorithm) -> Vec<Operation> {
    match keys(job, algorithm) {
        Ok(Some((verify, sign))) => vec![verifying(job, algorithm, verify), signing(job, algorithm, sign)],
        Ok(None) => Vec::new(),
        Err(error) => {
            eprintln!("{}: {error}", algorithm.name);
            Vec::new()
        }
    }
}

macro_rules! pair {
    ($key:expr) => {{
        let key = Rc::new($key);
        let public = key.public_key();
        (
            Box::new(move |token: &str, options| public.verify_token(token, Some(options))) as Verify,
            Box::new(move |claims, options: &HeaderOptions| key.sign_with_options(claims, options)) as Sign,
        )
    }};
}

fn keys(job: &Job, algorithm: &Algorithm) -> Result<Option<(Verify, Sign)>, jwt_simple::Error> {
    let private = &algorithm.private_pem;
    Ok(Some(match algorithm.name.as_str() {
        "HS256" => {
            let key = Rc::new(HS256Key::from_bytes(&algorithm.secret_bytes).with_key_id(&job.key_id));
            let public = Rc::clone(&key);
            (
                Box::new(move |token: &str, options| public.verify_token(token, Some(options))),
                Box::new(move |claims, options: &HeaderOptions| {
                    key.authenticate_with_options(claims, options)
                }),
            )
        }
        "RS256" => pair!(RS256KeyPair::from_pem(private)?.with_key_id(&job.key_id)),
        "PS256" => pair!(PS256KeyPair::from_pem(private)?.with_key_id(&job.key_id)),
        "ES256" => pair!(ES256KeyPair::from_pem(private)?.with_key_id(&job.key_id)),
        "EdDSA" => pair!(Ed25519KeyPair::from_pem(private)?.with_key_id(&job.key_id)),
        _ => return Ok(None),
    }))
}

fn verifying(job: &Job, algorithm: &Algorithm, verify: Verify) -> Operation {
    let token = algorithm.token.clone();
    let options = VerificationOptions {
        allowed_issuers: Some(HashSet::from([job.issuer.clone()])),
        allowed_audiences: Some(HashSet::from([job.audience.clone()])),
        required_signature_type: Some(job.typ.clone()),
        time_tolerance: Some(Duration::from_secs(30)),
        ..VerificationOptions::default()
    };
    Operation::new(format!("verify {}", algorithm.name), move || {
        // The library takes its options by value.
        black_box(verify(&token, options.clone()).map_err(|error| error.to_string())?);
        Ok(())
    })
}

fn signing(job: &Job, algorithm: &Algorithm, sign: Sign) -> Operation {
    let claims = serde_json::from_value::<Claims>(job.claims.clone().into());
    let options = HeaderOptions { signature_type: Some(job.typ.clone()), ..HeaderOptions::default() };
    Operation::new(format!("sign {}", algorithm.name), move || {
        let claims = claims.as_ref().map_err(ToString::to_string)?.clone();
        black_box(sign(claims, &options).map_err(|error| error.to_string())?);
        Ok(())
    })
}
