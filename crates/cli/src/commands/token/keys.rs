use handstamp_token::{Algorithm, KeyError, KeySet, SigningKey, VerifyingKey};
use serde_json::Value;

use crate::edge::{fetch, input};
use crate::failure::Failure;
use crate::output;

/// Where keys come from decides what is believed of them.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Source {
    /// A file somebody has named: may hold a secret or a private key, whose public half is then used.
    File,
    /// Published: a secret in there is no secret, and the whole set is refused.
    Web,
}

/// The algorithm of each kind of key that has but one.
const ONE_EACH: [Algorithm; 4] = [Algorithm::Es256, Algorithm::Es384, Algorithm::Es512, Algorithm::EdDsa];

/// Reads the keys to verify with: a JWK set, one JWK, a PEM or DER file, or the address of a JWK set.
///
/// `assumed` is the algorithm of keys that do not say theirs; without it, that of their curve.
pub(super) fn verifying(source: &str, assumed: Option<Algorithm>) -> Result<Vec<VerifyingKey>, Failure> {
    if source.starts_with("https://") || source.starts_with("http://") {
        return from_json(source, &fetch::get(source, "the key set")?, assumed, Source::Web);
    }
    let bytes = input::read(source, "the keys")?;
    if is_pem(&bytes) || is_der(&bytes) {
        from_pem_or_der(source, &bytes, assumed).map(|key| vec![key])
    } else {
        from_json(source, &bytes, assumed, Source::File)
    }
}

/// Returns the keys as a set, found by key id.
pub(super) fn set(keys: Vec<VerifyingKey>) -> Result<KeySet, Failure> {
    KeySet::new(keys).map_err(|cause| Failure::because("the keys cannot be used together", &cause))
}

fn from_pem_or_der(source: &str, bytes: &[u8], assumed: Option<Algorithm>) -> Result<VerifyingKey, Failure> {
    let unusable = |cause| Failure::because(format_args!("{source} cannot be used"), &cause);
    if let Some(algorithm) = assumed {
        return public_half(algorithm, bytes).map_err(unusable);
    }
    for algorithm in ONE_EACH {
        match public_half(algorithm, bytes) {
            Err(KeyError::WrongKind { .. }) => {}
            key => return key.map_err(unusable),
        }
    }
    Err(Failure::new(format!("{source} fits several algorithms and does not say which: name it with --alg")))
}

/// Reads a public key, or the public half of a private one.
fn public_half(algorithm: Algorithm, bytes: &[u8]) -> Result<VerifyingKey, KeyError> {
    let key = match std::str::from_utf8(bytes) {
        Ok(pem) if is_pem(bytes) => VerifyingKey::from_pem(algorithm, pem),
        _ => VerifyingKey::from_der(algorithm, bytes),
    };
    match key {
        // Not for HS256 and its like, which would take the key file itself for a shared secret.
        Err(KeyError::PrivateKey) if !algorithm.is_symmetric() => {
            from_bytes(algorithm, bytes).map(|key| key.verifying_key())
        }
        key => key,
    }
}

fn from_json(
    name: &str,
    bytes: &[u8],
    assumed: Option<Algorithm>,
    source: Source,
) -> Result<Vec<VerifyingKey>, Failure> {
    let document: Value = serde_json::from_slice(bytes).map_err(|cause| {
        Failure::because(format_args!("{name} is neither a JWK set nor a PEM or DER file"), &cause)
    })?;
    let jwks = match document.get("keys") {
        Some(Value::Array(keys)) => keys.clone(),
        Some(_) => return Err(Failure::new(format!("{name} is not a JWK set: its `keys` is no array"))),
        None => vec![document],
    };
    let mut usable = Vec::new();
    let mut refused = None;
    for jwk in jwks {
        match from_jwk(jwk, assumed, source) {
            Ok(key) => usable.push(key),
            Err(cause @ KeyError::SecretMember { .. }) => {
                return Err(Failure::because(format_args!("{name} cannot be used"), &cause));
            }
            Err(cause) => {
                output::note(format_args!("A key was left out: {cause}"));
                refused = Some(cause);
            }
        }
    }
    match refused {
        Some(cause) if usable.is_empty() => {
            Err(Failure::because(format_args!("{name} holds no key that can verify a signature"), &cause))
        }
        None if usable.is_empty() => Err(Failure::new(format!("{name} holds no key"))),
        _ => Ok(usable),
    }
}

fn from_jwk(mut jwk: Value, assumed: Option<Algorithm>, source: Source) -> Result<VerifyingKey, KeyError> {
    if let (Some(members), Some(assumed)) = (jwk.as_object_mut(), assumed) {
        members.entry("alg").or_insert_with(|| assumed.name().into());
    }
    let json = zeroize::Zeroizing::new(jwk.to_string());
    match VerifyingKey::from_jwk_json(json.as_bytes()) {
        Err(KeyError::SecretMember { .. }) if source == Source::File => {
            SigningKey::from_jwk_json(json.as_bytes()).map(|key| key.verifying_key())
        }
        key => key,
    }
}

/// Reads the key to sign with: PEM, JWK or DER.
pub(in crate::commands) fn signing(file: &str, asked: Option<Algorithm>) -> Result<SigningKey, Failure> {
    let bytes = input::read(file, "the key")?;
    if bytes.trim_ascii_start().starts_with(b"{") {
        return from_private_jwk(file, &bytes, asked);
    }
    let Some(algorithm) = asked else { return first_that_fits(file, &bytes) };
    from_bytes(algorithm, &bytes)
        .map_err(|cause| Failure::because(format_args!("{file} cannot sign"), &cause))
}

fn first_that_fits(file: &str, bytes: &[u8]) -> Result<SigningKey, Failure> {
    let mut refused = None;
    // RSA fits several: RS256 is what every verifier takes.
    for algorithm in ONE_EACH.into_iter().chain([Algorithm::Rs256]) {
        match from_bytes(algorithm, bytes) {
            Ok(key) => return Ok(key),
            Err(KeyError::WrongKind { .. }) => {}
            Err(cause) => refused = Some(cause),
        }
    }
    Err(match refused {
        Some(cause) => Failure::because(format_args!("{file} cannot sign"), &cause),
        None => Failure::new(format!("{file} is of a kind that needs its algorithm named: use --alg")),
    })
}

fn from_bytes(algorithm: Algorithm, bytes: &[u8]) -> Result<SigningKey, KeyError> {
    match std::str::from_utf8(bytes) {
        Ok(pem) if is_pem(bytes) => SigningKey::from_pem(algorithm, pem),
        _ => SigningKey::from_der(algorithm, bytes),
    }
}

fn from_private_jwk(file: &str, bytes: &[u8], asked: Option<Algorithm>) -> Result<SigningKey, Failure> {
    let mut jwk: Value = serde_json::from_slice(bytes)
        .map_err(|cause| Failure::because(format_args!("{file} is not a JWK"), &cause))?;
    if let (Some(members), Some(asked)) = (jwk.as_object_mut(), asked) {
        members.entry("alg").or_insert_with(|| asked.name().into());
    }
    let json = zeroize::Zeroizing::new(jwk.to_string());
    let key = SigningKey::from_jwk_json(json.as_bytes())
        .map_err(|cause| Failure::because(format_args!("{file} cannot sign"), &cause))?;
    match asked {
        Some(asked) if asked != key.algorithm() => Err(Failure::new(format!(
            "{file} is a key for {}, not for {asked}: one key, one algorithm",
            key.algorithm()
        ))),
        _ => Ok(key),
    }
}

fn is_pem(bytes: &[u8]) -> bool {
    bytes.trim_ascii_start().starts_with(b"-----BEGIN")
}

/// DER keys are SEQUENCEs; the same byte is the digit 0, which no JWK starts with.
fn is_der(bytes: &[u8]) -> bool {
    bytes.first() == Some(&0x30)
}
