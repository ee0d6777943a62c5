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

/// Reads the keys to verify with: a JWK set, one JWK or a PEM file, or the address of a JWK set.
///
/// `assumed` is the algorithm of keys that do not say theirs.
pub(super) fn verifying(source: &str, assumed: Option<Algorithm>) -> Result<Vec<VerifyingKey>, Failure> {
    if source.starts_with("https://") || source.starts_with("http://") {
        return from_json(source, &fetch::get(source, "the key set")?, assumed, Source::Web);
    }
    let bytes = input::read(source, "the keys")?;
    if is_pem(&bytes) {
        from_pem(source, &bytes, assumed)
    } else {
        from_json(source, &bytes, assumed, Source::File)
    }
}

/// Returns the keys as a set, found by key id.
pub(super) fn set(keys: Vec<VerifyingKey>) -> Result<KeySet, Failure> {
    KeySet::new(keys).map_err(|cause| Failure::because("the keys cannot be used together", &cause))
}

fn from_pem(source: &str, bytes: &[u8], assumed: Option<Algorithm>) -> Result<Vec<VerifyingKey>, Failure> {
    let Some(algorithm) = assumed else {
        return Err(Failure::new(format!("{source} does not say its algorithm: name it with --alg")));
    };
    let pem = std::str::from_utf8(bytes)
        .map_err(|cause| Failure::because(format_args!("{source} is not a PEM file"), &cause))?;
    let key = match VerifyingKey::from_pem(algorithm, pem) {
        Err(KeyError::PrivateKey) => SigningKey::from_pem(algorithm, pem).map(|key| key.verifying_key()),
        key => key,
    };
    let key = key.map_err(|cause| Failure::because(format_args!("{source} cannot be used"), &cause))?;
    Ok(vec![key])
}

fn from_json(
    name: &str,
    bytes: &[u8],
    assumed: Option<Algorithm>,
    source: Source,
) -> Result<Vec<VerifyingKey>, Failure> {
    let document: Value = serde_json::from_slice(bytes).map_err(|cause| {
        Failure::because(format_args!("{name} is neither a JWK set nor a PEM file"), &cause)
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
pub(super) fn signing(file: &str, asked: Option<Algorithm>) -> Result<SigningKey, Failure> {
    let bytes = input::read(file, "the key")?;
    if bytes.trim_ascii_start().starts_with(b"{") {
        return from_private_jwk(file, &bytes, asked);
    }
    let Some(algorithm) = asked else { return first_that_fits(file, &bytes) };
    from_bytes(algorithm, &bytes)
        .map_err(|cause| Failure::because(format_args!("{file} cannot sign"), &cause))
}

fn first_that_fits(file: &str, bytes: &[u8]) -> Result<SigningKey, Failure> {
    /// One for each kind of key. RSA fits several: RS256 is what every verifier takes.
    const DEFAULTS: [Algorithm; 5] =
        [Algorithm::Es256, Algorithm::Es384, Algorithm::Es512, Algorithm::EdDsa, Algorithm::Rs256];
    let mut refused = None;
    for algorithm in DEFAULTS {
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
