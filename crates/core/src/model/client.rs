use std::{collections::BTreeSet, fmt};

use aws_lc_rs::{constant_time, digest};
use handstamp_token::{Algorithm, KeyError, SigningKey};
use jiff::Timestamp;

use super::{ClientId, ClientKeys};

/// A machine that can prove who it is (OAuth2 confidential client).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Client {
    /// The `client_id`.
    pub id: ClientId,
    /// How it proves that it is this client. One way alone: a second one would be a second thing to steal.
    pub proof: ClientProof,
    /// Scopes it may ask for.
    pub scopes: BTreeSet<String>,
    /// Audiences it may ask for.
    pub audiences: BTreeSet<String>,
    /// When it was made.
    pub created_at: Timestamp,
}

/// The scope with which a client may exchange users' tokens.
pub const TOKEN_EXCHANGE: &str = "token-exchange";

/// Scopes that say what a client may do here, at the auth service, by its secret or key. No token carries them.
const HERE: [&str; 3] = ["introspection", "revocations", TOKEN_EXCHANGE];

impl Client {
    /// Returns the scopes that its tokens may carry.
    pub fn token_scopes(&self) -> impl Iterator<Item = &str> {
        self.scopes.iter().map(String::as_str).filter(|scope| !HERE.contains(scope))
    }
}

/// How a client proves who it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ClientProof {
    /// By a secret, of which we keep the hash. The secret itself was shown once.
    Secret(ClientSecretHash),
    /// By signatures, which these public keys verify (RFC 7523, `private_key_jwt`).
    Keys(ClientKeys),
}

/// The SHA-256 of a client's secret.
///
/// A secret is 256 random bits that we have drawn: there is nothing to guess, so that a slow hash would cost the client's
/// every request 25 ms, and whoever sends wrong ones our processor.
#[derive(Clone, PartialEq, Eq)]
pub struct ClientSecretHash(String);

impl ClientSecretHash {
    /// Hashes a secret.
    pub fn of(secret: &str) -> Self {
        let hash = digest::digest(&digest::SHA256, secret.as_bytes());
        Self(format!("sha256${}", base64_simd::URL_SAFE_NO_PAD.encode_to_string(hash.as_ref())))
    }

    /// Hashes a secret that an operator has chosen: one of 32 bytes or more that is not known to be somebody's example. Nothing
    /// slows down whoever guesses, so that it has to be as hard to guess as one that we draw.
    pub fn of_chosen(secret: &str) -> Result<Self, KeyError> {
        SigningKey::from_secret(Algorithm::Hs256, secret.as_bytes())?;
        Ok(Self::of(secret))
    }

    /// Returns the hash of a secret that nobody has, for where nobody proves anything.
    pub fn of_nobodys() -> Self {
        Self(String::new())
    }

    /// Returns whether this is the secret. The time it takes tells nothing of how much of it was right.
    pub fn matches(&self, secret: &str) -> bool {
        let presented = Self::of(secret);
        constant_time::verify_slices_are_equal(self.0.as_bytes(), presented.0.as_bytes()).is_ok()
    }

    /// Wraps a text that [`ClientSecretHash::as_str`] gave and a store kept.
    pub fn from_stored(text: String) -> Self {
        Self(text)
    }

    /// Returns the text, for the store.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Returns whether a text can be one of several scopes that stand side by side
/// ([RFC 6749 §3.3](https://www.rfc-editor.org/rfc/rfc6749#section-3.3)).
pub fn is_scope(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_graphic() && b != b'"' && b != b'\\')
}

impl fmt::Debug for ClientSecretHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[redacted]")
    }
}

#[cfg(test)]
mod tests {
    use super::{ClientSecretHash, is_scope};

    #[test]
    fn only_the_secret_itself_matches() {
        let hash = ClientSecretHash::of("hcs_one");

        assert!(hash.matches("hcs_one"));
        assert!(!hash.matches("hcs_two"));
        assert!(!hash.matches(""));
        assert!(!hash.matches(hash.as_str()));
    }

    #[test]
    fn nothing_matches_the_secret_that_nobody_has() {
        for secret in ["", "sha256$", "hcs_one"] {
            assert!(!ClientSecretHash::of_nobodys().matches(secret), "{secret:?}");
        }
    }

    #[test]
    fn a_chosen_secret_is_long_and_nobodys_example() {
        let good = "Yq0ZzQ8m1v7l0tqGkq1mXnC4w2r6uJ3s";
        assert!(ClientSecretHash::of_chosen(good).is_ok_and(|hash| hash.matches(good)));
        for weak in ["", "hcs_one", &good[..31], &"a".repeat(64)] {
            assert!(ClientSecretHash::of_chosen(weak).is_err(), "{weak:?}");
        }
    }

    #[test]
    fn a_scope_is_one_visible_word() {
        assert!(is_scope("orders:read"));
        for wrong in ["", "a b", "a\"b", "a\\b", "ä", "a\n"] {
            assert!(!is_scope(wrong), "{wrong:?}");
        }
    }

    #[test]
    fn a_hash_is_not_printed() {
        assert_eq!(format!("{:?}", ClientSecretHash::of("hcs_one")), "[redacted]");
    }
}
