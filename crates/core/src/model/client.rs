use std::{collections::BTreeSet, fmt};

use aws_lc_rs::{constant_time, digest};
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

impl fmt::Debug for ClientSecretHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[redacted]")
    }
}

#[cfg(test)]
mod tests {
    use super::ClientSecretHash;

    #[test]
    fn only_the_secret_itself_matches() {
        let hash = ClientSecretHash::of("hcs_one");

        assert!(hash.matches("hcs_one"));
        assert!(!hash.matches("hcs_two"));
        assert!(!hash.matches(""));
        assert!(!hash.matches(hash.as_str()));
    }

    #[test]
    fn a_hash_is_not_printed() {
        assert_eq!(format!("{:?}", ClientSecretHash::of("hcs_one")), "[redacted]");
    }
}
