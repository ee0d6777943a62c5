use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use handstamp_token::{Algorithm, Jwk, Rejection, SigningKey, UnixTime, dangerous};
use serde_json::{Map, Value};

/// What bad tokens are made from: a good one, and as much as is known of its issuer.
#[derive(Clone)]
pub struct Material {
    pub(super) good: String,
    pub(super) header: Map<String, Value>,
    pub(super) claims: Map<String, Value>,
    pub(super) now: UnixTime,
    pub(super) signing: Option<SigningKey>,
    pub(super) public: Option<Jwk>,
    pub(super) elsewhere: String,
    made: BTreeMap<String, String>,
}

/// Why a case could not be made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Missing {
    /// It has to be signed with the issuer's own key, which is not known here.
    #[error("it takes the issuer's signing key")]
    SigningKey,
    /// It is about the issuer's public key, which is not known here.
    #[error("it takes the issuer's public key")]
    PublicKey,
    /// The public key has no such form.
    #[error("the issuer's public key has no form {form}")]
    PublicForm {
        /// The form.
        form: String,
    },
    /// The good token is signed with an algorithm for which no key can be made here.
    #[error("no key can be made for the algorithm {alg:?}")]
    Algorithm {
        /// The algorithm.
        alg: String,
    },
    /// The issuer has to make it: a token that was taken back, a token of another kind.
    #[error("the issuer has to make it: {name}")]
    Made {
        /// What it is called in the recipe.
        name: String,
    },
    /// The case is about tokens of another kind or algorithm than the good one.
    #[error("it is not about tokens like the good one")]
    Elsewhere,
    /// The recipe says something that this runner does not understand.
    #[error("this runner does not understand {expression}")]
    Unreadable {
        /// What it says.
        expression: String,
    },
    /// The crypto library failed.
    #[error("the crypto library could not sign")]
    Crypto,
}

/// Addresses in tokens lead here unless somebody listens for whether they are asked: a name that no resolver may know (RFC 2606).
const NOWHERE: &str = "https://keys.invalid";

impl Material {
    /// Starts from a good token. It is taken apart, not verified: that a service takes it is for the caller to see.
    pub fn of_token(good: &str, now: UnixTime) -> Result<Self, Rejection> {
        let decoded = dangerous::decode_unverified(good)?;
        // Both were read as strict JSON objects just now.
        let object = |text: &str| serde_json::from_str(text).unwrap_or_default();
        Ok(Self {
            good: good.to_owned(),
            header: object(&decoded.unverified_header),
            claims: object(&decoded.unverified_payload),
            now,
            signing: None,
            public: None,
            elsewhere: NOWHERE.to_owned(),
            made: BTreeMap::new(),
        })
    }

    /// Adds the issuer's own key, for tokens that are right but in one thing. Its public half comes with it.
    #[must_use]
    pub fn signing_key(mut self, key: SigningKey) -> Self {
        if let Some(jwk) = key.verifying_key().to_jwk() {
            self.public = Some(jwk);
        }
        self.signing = Some(key);
        self
    }

    /// Adds the issuer's public key, as its JWK Set has it.
    #[must_use]
    pub fn public_key(mut self, key: Jwk) -> Self {
        self.public = Some(key);
        self
    }

    /// Sets where addresses in tokens (`jku`, `x5u`) lead: the base of a listener that tells whether anybody came. Without a slash
    /// at its end. Default: nowhere.
    #[must_use]
    pub fn elsewhere(mut self, base: impl Into<String>) -> Self {
        self.elsewhere = base.into();
        self
    }

    /// Adds a token that only the issuer can make, under the name it has in the recipe: `session-ended`, `token-revoked`,
    /// `account-disabled`, `org-suspended`, `client-removed`, `roles-changed`, `refresh-token`.
    #[must_use]
    pub fn made(mut self, name: impl Into<String>, token: impl Into<String>) -> Self {
        self.made.insert(name.into(), token.into());
        self
    }

    /// Returns the good token's claims. Nothing about them was verified.
    pub(crate) fn claims(&self) -> &Map<String, Value> {
        &self.claims
    }

    pub(super) fn made_token(&self, name: &str) -> Result<&str, Missing> {
        self.made.get(name).map(String::as_str).ok_or_else(|| Missing::Made { name: name.to_owned() })
    }

    /// Returns the good token's algorithm.
    pub(super) fn algorithm(&self) -> Result<Algorithm, Missing> {
        algorithm(self.header.get("alg").and_then(Value::as_str).unwrap_or_default())
    }

    /// Returns a key of somebody else, of the good token's algorithm.
    pub(super) fn foreign(&self) -> Result<SigningKey, Missing> {
        foreign(self.algorithm()?)
    }

    /// Returns the public half of that key, under the good token's key id.
    pub(super) fn foreign_jwk(&self) -> Result<Value, Missing> {
        let key = self.foreign()?;
        let Some(jwk) = key.verifying_key().to_jwk() else {
            // A shared secret is never published, but an attacker may well write one into a header.
            let k = base64_simd::URL_SAFE_NO_PAD.encode_to_string(&*key.to_private_der());
            return Ok(serde_json::json!({ "kty": "oct", "alg": key.algorithm(), "k": k }));
        };
        let mut jwk = serde_json::to_value(jwk).map_err(|_| Missing::Crypto)?;
        if let (Some(members), Some(kid)) = (jwk.as_object_mut(), self.header.get("kid")) {
            members.insert("kid".to_owned(), kid.clone());
        }
        Ok(jwk)
    }
}

impl std::fmt::Debug for Material {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Material")
            .field("header", &self.header)
            .field("signing", &self.signing)
            .field("now", &self.now)
            .finish_non_exhaustive()
    }
}

pub(super) fn algorithm(name: &str) -> Result<Algorithm, Missing> {
    name.parse().map_err(|_| Missing::Algorithm { alg: name.to_owned() })
}

/// A key that is made once, or cannot be made.
type Slot = Arc<OnceLock<Option<SigningKey>>>;

/// Returns a key of somebody else. One for each algorithm and process: making an RSA key takes a while, and whose it is does not
/// matter.
pub(super) fn foreign(algorithm: Algorithm) -> Result<SigningKey, Missing> {
    static KEYS: Mutex<BTreeMap<Algorithm, Slot>> = Mutex::new(BTreeMap::new());
    let slot = Arc::clone(KEYS.lock().unwrap_or_else(PoisonError::into_inner).entry(algorithm).or_default());
    // Made outside the lock: keys of other algorithms need not wait for this one.
    let key = slot.get_or_init(|| SigningKey::generate(algorithm).ok());
    key.clone().ok_or_else(|| Missing::Algorithm { alg: algorithm.name().to_owned() })
}
