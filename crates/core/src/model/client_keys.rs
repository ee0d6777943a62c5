use handstamp_token::{Algorithm, KeyError, KeySet, VerifyingKey};

/// The public keys that a client signs its assertions for, as it registered them.
#[derive(Debug, Clone)]
pub struct ClientKeys {
    keys: KeySet,
    /// The same as a JWK Set, for the store.
    jwks: String,
}

/// These cannot be a client's keys.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ClientKeysError {
    /// Neither a JWK, a JWK Set nor a public key in PEM; or the set holds a private key, which its owner has lost then.
    #[error("expected a public key: a JWK, a JWK Set or PEM")]
    Unreadable(#[source] KeyError),
    /// There is no key that verifies signatures.
    #[error("there is no key for signatures among them")]
    Empty,
    /// A secret: both sides would hold it, and a stolen database could sign with it.
    #[error("a shared secret is no public key")]
    Secret,
}

/// What a key in PEM may be for: it says its type and nothing of an algorithm.
const OF_PEM: [Algorithm; 4] = [Algorithm::Es256, Algorithm::Es384, Algorithm::EdDsa, Algorithm::Rs256];

impl ClientKeys {
    /// Takes public keys.
    pub fn new(keys: KeySet) -> Result<Self, ClientKeysError> {
        if keys.is_empty() {
            return Err(ClientKeysError::Empty);
        }
        let jwks = keys.to_jwks();
        if jwks.keys.len() != keys.len() {
            return Err(ClientKeysError::Secret);
        }
        let jwks = serde_json::to_string(&jwks).map_err(|_| ClientKeysError::Empty)?;
        Ok(Self { keys, jwks })
    }

    /// Reads what an operator hands in: a JWK Set, a single JWK, or one public key in PEM.
    ///
    /// A JWK without `alg` is for the algorithm of its curve, or RS256. One in PEM likewise.
    pub fn read(text: &str) -> Result<Self, ClientKeysError> {
        if text.trim_start().starts_with("-----BEGIN") {
            return Self::of_pem(text);
        }
        let single = VerifyingKey::from_jwk_json(text.as_bytes()).and_then(|key| KeySet::new([key]));
        if let Ok(keys) = single {
            return Self::new(keys);
        }
        let (keys, _) = KeySet::from_jwks_json(text.as_bytes()).map_err(ClientKeysError::Unreadable)?;
        Self::new(keys)
    }

    fn of_pem(text: &str) -> Result<Self, ClientKeysError> {
        let mut refused = ClientKeysError::Empty;
        for algorithm in OF_PEM {
            match VerifyingKey::from_pem(algorithm, text).and_then(|key| KeySet::new([key])) {
                Ok(keys) => return Self::new(keys),
                Err(problem) => refused = ClientKeysError::Unreadable(problem),
            }
        }
        Err(refused)
    }

    /// Returns the keys, prepared.
    pub fn keys(&self) -> &KeySet {
        &self.keys
    }

    /// Returns the JWK Set, for the store: [`ClientKeys::read`] takes it back.
    pub fn as_jwks(&self) -> &str {
        &self.jwks
    }
}

impl PartialEq for ClientKeys {
    fn eq(&self, other: &Self) -> bool {
        self.jwks == other.jwks
    }
}

impl Eq for ClientKeys {}

#[cfg(test)]
mod tests {
    use handstamp_token::{Algorithm, KeySet, SigningKey, VerifyingKey};

    use super::{ClientKeys, ClientKeysError};

    fn jwk(algorithm: Algorithm) -> String {
        let key = SigningKey::generate(algorithm).unwrap().verifying_key();
        serde_json::to_string(&key.to_jwk().unwrap()).unwrap()
    }

    #[test]
    fn a_jwk_and_a_set_are_read_and_come_back_from_the_store() {
        let one = jwk(Algorithm::Es256);
        let two = jwk(Algorithm::EdDsa);

        for (text, count) in [(one.clone(), 1), (format!("{{\"keys\":[{one},{two}]}}"), 2)] {
            let keys = ClientKeys::read(&text).unwrap();
            assert_eq!(keys.keys().len(), count);
            assert_eq!(ClientKeys::read(keys.as_jwks()).unwrap(), keys);
        }
    }

    #[test]
    fn a_key_in_pem_finds_its_algorithm() {
        let pem = "-----BEGIN PUBLIC KEY-----\n\
            MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEf83OJ3D2xF1Bg8vub9tLe1gHMzV7\n\
            6e8Tus9uPHvRVEXH8UTNG72bfocs3+257rn0s2ldbqkLJK2KRiMohYjlrQ==\n\
            -----END PUBLIC KEY-----\n";

        let keys = ClientKeys::read(pem).unwrap();
        assert_eq!(keys.keys().iter().map(VerifyingKey::algorithm).collect::<Vec<_>>(), [Algorithm::Es256]);
    }

    #[test]
    fn a_private_key_is_refused() {
        // RFC 7517 appendix A.2: whoever hands this in has shown it around.
        let text = r#"{"kty":"EC","crv":"P-256","x":"MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4",
            "y":"4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM","d":"870MB6gfuTJ4HtUnUvYMyJpr5eUZNP4Bk43bVdj3eAE"}"#;

        for text in [text.to_owned(), format!("{{\"keys\":[{text}]}}")] {
            assert!(matches!(ClientKeys::read(&text), Err(ClientKeysError::Unreadable(_))), "{text}");
        }
    }

    #[test]
    fn a_shared_secret_is_refused() {
        let secret = SigningKey::generate(Algorithm::Hs256).unwrap().verifying_key();

        assert_eq!(ClientKeys::new(KeySet::new([secret]).unwrap()), Err(ClientKeysError::Secret));
    }

    #[test]
    fn no_key_at_all_is_refused() {
        assert_eq!(ClientKeys::read(r#"{"keys":[]}"#), Err(ClientKeysError::Empty));
        for text in ["", "{}", "hcs_secret", "-----BEGIN PUBLIC KEY-----\n-----END PUBLIC KEY-----\n"] {
            assert!(matches!(ClientKeys::read(text), Err(ClientKeysError::Unreadable(_))), "{text:?}");
        }
    }
}
