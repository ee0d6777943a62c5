//! Looking into tokens without verifying them: for developers' eyes, never for a decision.
//!
//! Whoever lets a value from here decide anything has no authentication at all. Nothing here returns a type that the rest
//! of the crate would take for verified. Signing what is no token at all is here too.

use crate::base64url;
use crate::json::{Document, Limits};
use crate::keys::{SigningKey, VerifyingKey};
use crate::rejection::{Part, Rejection};
use crate::unverified::{MAX_TOKEN_LEN, UnverifiedToken};
use crate::validator::check_signature;
use crate::verified;

/// A token taken apart for show. Anybody could have written it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Decoded {
    /// The header's JSON text.
    pub unverified_header: String,
    /// The payload's JSON text.
    pub unverified_payload: String,
    /// The length of the signature in bytes; zero for an unsigned token.
    pub signature_len: usize,
}

/// Takes a token apart for show, also an unsigned one. Nothing is verified.
///
/// The texts are strict JSON objects all the same, so that what is shown is what a verifier would read.
pub fn decode_unverified(token: &str) -> Result<Decoded, Rejection> {
    if token.len() > MAX_TOKEN_LEN {
        return Err(Rejection::TooLong { limit: MAX_TOKEN_LEN, actual: token.len() });
    }
    let parts: Vec<&str> = token.split('.').collect();
    let [header, payload, signature] = parts[..] else {
        return Err(match parts.len() {
            5 => Rejection::Encrypted,
            actual => Rejection::NotThreeParts { actual },
        });
    };
    let signature = base64url::decode(signature).ok_or(Rejection::Base64 { part: Part::Signature })?;
    Ok(Decoded {
        unverified_header: object(header, Part::Header, verified::LIMITS)?,
        unverified_payload: object(payload, Part::Payload, verified::LIMITS)?,
        signature_len: signature.len(),
    })
}

/// Checks that `key` signed the token and returns the payload, which may be anything. No claim is checked: an expired token
/// for another service passes.
pub fn verify_signature_only(token: &str, key: &VerifyingKey) -> Result<Vec<u8>, Rejection> {
    let UnverifiedToken { header, parts } = UnverifiedToken::parse(token)?;
    let algorithm = header.algorithm.ok_or_else(|| Rejection::AlgorithmNotAllowed {
        expected: vec![key.algorithm()],
        actual: header.alg.as_str().to_owned(),
    })?;
    check_signature(&header, parts, key, algorithm)?;
    base64url::decode(parts.payload).ok_or(Rejection::Base64 { part: Part::Payload })
}

/// Signs bytes as they are: whatever they say, the signature vouches for it. For tests, which need tokens that no issuer would
/// make. `None` where the crypto library fails.
pub fn sign_bytes(key: &SigningKey, message: &[u8]) -> Option<Vec<u8>> {
    key.signature(message).map(|signature| signature.as_ref().to_vec())
}

fn object(encoded: &str, part: Part, limits: Limits) -> Result<String, Rejection> {
    let bytes = base64url::decode(encoded).ok_or(Rejection::Base64 { part })?;
    let document = Document::parse(&bytes, limits)
        .map_err(|problem| Rejection::Json { part, problem: problem.to_string() })?;
    let root = document.root();
    if !root.is_object() {
        return Err(Rejection::NotAnObject { part, actual: root.kind_name() });
    }
    Ok(document.text().to_owned())
}
