use std::fmt;

use aws_lc_rs::constant_time;
use handstamp_token::{Algorithm, KeyError, KeySet, SigningKey, VerifyingKey};

/// Secrets that access tokens are signed with (`HS256` and its kin), shared with every service that verifies them.
///
/// The first signs; tokens of the others are still taken, so that a secret can be changed. They are the operator's: the store
/// never sees them, and they are never published.
#[derive(Clone)]
pub struct TokenSecrets {
    signing: SigningKey,
    verifying: KeySet,
    all: Vec<SigningKey>,
}

/// The secrets cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TokenSecretsError {
    /// There is none.
    #[error("there is no secret in it")]
    None,
    /// One of them is too short, known to others, or no secret at all.
    #[error("secret {number}: {source}")]
    Unusable {
        /// Which one, counted from one. The secret itself is not told.
        number: usize,
        /// Why.
        source: KeyError,
    },
    /// A secret stands there twice.
    #[error("a secret stands in it twice")]
    Twice,
}

impl TokenSecrets {
    /// Reads secrets that are separated by white space, the one to sign with first. The bytes of each, as they stand there, are
    /// the key.
    pub fn from_text(algorithm: Algorithm, text: &str) -> Result<Self, TokenSecretsError> {
        let read = |(index, secret): (usize, &str)| {
            SigningKey::from_secret(algorithm, secret.as_bytes())
                .map_err(|source| TokenSecretsError::Unusable { number: index + 1, source })
        };
        let all: Vec<_> = text.split_whitespace().enumerate().map(read).collect::<Result<_, _>>()?;
        let signing = all.first().ok_or(TokenSecretsError::None)?.clone();
        let verifying = KeySet::new(all.iter().map(SigningKey::verifying_key));
        Ok(Self { signing, verifying: verifying.map_err(|_| TokenSecretsError::Twice)?, all })
    }

    /// Returns the secret that signs.
    pub fn signing_key(&self) -> &SigningKey {
        &self.signing
    }

    /// Returns every secret that tokens may be signed with, to be found by its id.
    pub fn verifying_keys(&self) -> &KeySet {
        &self.verifying
    }

    /// Returns the keys in the operator's order: the one that signs first.
    pub fn in_order(&self) -> impl Iterator<Item = VerifyingKey> {
        self.all.iter().map(SigningKey::verifying_key)
    }
}

impl fmt::Debug for TokenSecrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TokenSecrets").field("signs_with", &self.signing).finish_non_exhaustive()
    }
}

impl PartialEq for TokenSecrets {
    fn eq(&self, other: &Self) -> bool {
        let same = |(one, other): (&SigningKey, &SigningKey)| {
            let (left, right) = (one.to_private_der(), other.to_private_der());
            one.algorithm() == other.algorithm()
                && constant_time::verify_slices_are_equal(&left, &right).is_ok()
        };
        self.all.len() == other.all.len() && self.all.iter().zip(&other.all).all(same)
    }
}

impl Eq for TokenSecrets {}

#[cfg(test)]
mod tests {
    use handstamp_token::{Algorithm, KeyError};

    use super::{TokenSecrets, TokenSecretsError};

    const NEW: &str = "s9Zr1Jt0Ywq4Kc7Nn2Vb5Xe8Mh3Lg6Pd";
    const OLD: &str = "T4uQ7aW1zR9sE2dC5fV8gB0hN3jM6kLx";

    fn read(text: &str) -> Result<TokenSecrets, TokenSecretsError> {
        TokenSecrets::from_text(Algorithm::Hs256, text)
    }

    #[test]
    fn the_first_secret_signs_and_all_of_them_verify() {
        let secrets = read(&format!("{NEW}\n{OLD}\n")).expect("two secrets");
        let kids: Vec<_> = secrets.in_order().map(|key| key.key_id().clone()).collect();
        assert_eq!(secrets.signing_key().key_id(), &kids[0]);
        assert!(kids.iter().all(|kid| secrets.verifying_keys().find(kid.as_str()).is_some()));
        assert_eq!(secrets.verifying_keys().len(), 2);
    }

    #[test]
    fn a_secret_below_32_bytes_is_refused_and_named_by_its_place() {
        let refused = read(&format!("{NEW} {}", &OLD[..31])).expect_err("it is too short");
        let source = KeyError::SecretTooShort { algorithm: Algorithm::Hs256, needed: 32, actual: 31 };
        assert_eq!(refused, TokenSecretsError::Unusable { number: 2, source });
        assert!(!refused.to_string().contains(&OLD[..31]), "{refused}");
    }

    #[test]
    fn a_secret_that_others_know_is_refused() {
        let refused = read("a-string-secret-at-least-256-bits-long").expect_err("it is in tutorials");
        assert_eq!(
            refused,
            TokenSecretsError::Unusable { number: 1, source: KeyError::WeakSecret { needed: 32 } }
        );
    }

    #[test]
    fn a_key_file_is_no_secret() {
        let refused = read("-----BEGIN\nPRIVATE\n").expect_err("it is a key file");
        assert!(matches!(refused, TokenSecretsError::Unusable { number: 1, .. }), "{refused:?}");
    }

    #[test]
    fn a_file_without_a_secret_is_refused() {
        assert_eq!(read(" \n").expect_err("there is none"), TokenSecretsError::None);
    }

    #[test]
    fn a_secret_that_stands_there_twice_is_refused() {
        assert_eq!(read(&format!("{NEW}\n{NEW}")).expect_err("it is one"), TokenSecretsError::Twice);
    }

    #[test]
    fn an_algorithm_with_key_pairs_takes_no_secret() {
        let refused = TokenSecrets::from_text(Algorithm::Es256, NEW).expect_err("it takes a key pair");
        assert!(matches!(
            refused,
            TokenSecretsError::Unusable { source: KeyError::WrongAlgorithm { .. }, .. }
        ));
    }

    #[test]
    fn other_secrets_are_other_settings() {
        assert_eq!(read(NEW), read(NEW));
        assert_ne!(read(NEW), read(OLD));
        assert_ne!(read(NEW), read(&format!("{NEW} {OLD}")));
    }

    #[test]
    fn a_secret_does_not_print() {
        assert!(!format!("{:?}", read(NEW)).contains(NEW));
    }
}
