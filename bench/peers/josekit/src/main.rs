//! josekit (OpenSSL) as a contestant.

use std::hint::black_box;
use std::time::SystemTime;

use josekit::JoseError;
use josekit::jws::{ES256, EdDSA, HS256, JwsHeader, JwsSigner, JwsVerifier, PS256, RS256};
use josekit::jwt::{self, JwtPayload, JwtPayloadValidator};
use peer_protocol::{Algorithm, Job, Operation};

fn main() -> Result<(), String> {
    peer_protocol::serve(|job| {
        let mut operations = Vec::new();
        for algorithm in &job.algorithms {
            if let Some((signer, verifier)) = keys(algorithm) {
                operations.push(verify(&job, algorithm, verifier));
                operations.push(sign(&job, algorithm, signer));
            }
        }
        operations
    })
}

type Keys = (Box<dyn JwsSigner>, Box<dyn JwsVerifier>);

fn keys(algorithm: &Algorithm) -> Option<Keys> {
    let (private, public) = (&algorithm.private_pem, &algorithm.public_pem);
    let keys: Result<Option<Keys>, JoseError> = (|| {
        Ok(Some(match algorithm.name.as_str() {
            "HS256" => {
                let secret = &algorithm.secret_bytes;
                pair(HS256.signer_from_bytes(secret)?, HS256.verifier_from_bytes(secret)?)
            }
            "RS256" => pair(RS256.signer_from_pem(private)?, RS256.verifier_from_pem(public)?),
            "PS256" => {
                // From PEM it takes only keys marked for PSS; a JWK says so in a word.
                let mut key = RS256.key_pair_from_pem(private)?.to_jwk_key_pair();
                key.set_algorithm("PS256");
                pair(PS256.signer_from_jwk(&key)?, PS256.verifier_from_jwk(&key.to_public_key()?)?)
            }
            "ES256" => pair(ES256.signer_from_pem(private)?, ES256.verifier_from_pem(public)?),
            "EdDSA" => pair(EdDSA.signer_from_pem(private)?, EdDSA.verifier_from_pem(public)?),
            _ => return Ok(None),
        }))
    })();
    keys.inspect_err(|error| eprintln!("{}: {error}", algorithm.name)).ok().flatten()
}

fn pair(signer: impl JwsSigner + 'static, verifier: impl JwsVerifier + 'static) -> Keys {
    (Box::new(signer), Box::new(verifier))
}

fn verify(job: &Job, algorithm: &Algorithm, verifier: Box<dyn JwsVerifier>) -> Operation {
    let (token, issuer, audience) = (algorithm.token.clone(), job.issuer.clone(), job.audience.clone());
    let mut validator = JwtPayloadValidator::new();
    validator.set_issuer(issuer);
    validator.set_audience(audience);
    Operation::new(format!("verify {}", algorithm.name), move || {
        let (payload, _) =
            jwt::decode_with_verifier(&token, &*verifier).map_err(|error| error.to_string())?;
        validator.set_base_time(SystemTime::now());
        validator.validate(&payload).map_err(|error| error.to_string())?;
        black_box(payload);
        Ok(())
    })
}

fn sign(job: &Job, algorithm: &Algorithm, signer: Box<dyn JwsSigner>) -> Operation {
    let (claims, key_id, typ) = (job.claims.clone(), job.key_id.clone(), job.typ.clone());
    Operation::new(format!("sign {}", algorithm.name), move || {
        let mut header = JwsHeader::new();
        header.set_token_type(typ.as_str());
        header.set_key_id(key_id.as_str());
        let payload = JwtPayload::from_map(claims.clone()).map_err(|error| error.to_string())?;
        black_box(jwt::encode_with_signer(&payload, &header, &*signer).map_err(|error| error.to_string())?);
        Ok(())
    })
}
