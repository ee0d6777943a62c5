//! The keys of this installation, opened and prepared, in memory.

mod load;
mod make;

use std::{fmt, sync::Arc};

use arc_swap::ArcSwap;
use handstamp_token::{Algorithm, Entropy, Jwks, KeyError, KeySet, SigningKey};
use jiff::Timestamp;
use tokio::sync::Mutex;
use zeroize::Zeroizing;

pub(crate) use make::Maker;

use crate::{
    model::{KeyPurpose, StoredKey},
    refresh_token::RefreshKeys,
    root_key::{RootKey, RootKeyError},
    settings::{Settings, TokenSecrets},
    store::{Store, StoreError},
};

/// The keys of this installation. Cheap to ask from every request; replaced as a whole when the store's keys change.
pub struct Keyring {
    root: RootKey,
    secrets: Option<TokenSecrets>,
    keys: ArcSwap<Keys>,
    reading: Mutex<()>,
}

struct Keys {
    signing: Arc<SigningKey>,
    verifying: Arc<KeySet>,
    published: Jwks,
    feed_signing: Arc<SigningKey>,
    feed_verifying: Arc<KeySet>,
    refresh: Arc<RefreshKeys>,
    /// What all of them were opened from.
    stored: Vec<StoredKey>,
}

/// The keys could not be loaded.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum KeyringError {
    /// The store could not be asked.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A stored key does not open.
    #[error("key {kid:?}: {source}")]
    RootKey {
        /// Which key.
        kid: String,
        /// Why.
        source: RootKeyError,
    },
    /// A stored key opens, but is not a key, or a new one could not be made.
    #[error("a key of the kind {purpose} cannot be used")]
    Key {
        /// What it is for.
        purpose: &'static str,
        /// Why.
        #[source]
        source: KeyError,
    },
    /// An algorithm that shares a secret has none, or another algorithm has one, or one for another algorithm.
    #[error("the secret that tokens are signed with, and the algorithm {algorithm}, do not go together")]
    Secrets {
        /// What tokens are to be signed with.
        algorithm: Algorithm,
    },
    /// The store has no active key of a kind.
    #[error("there is no active key of the kind {purpose}")]
    Missing {
        /// Of which kind.
        purpose: &'static str,
    },
}

/// Sees whether a stored key was sealed under this root key.
pub fn check(key: &StoredKey, root: &RootKey) -> Result<(), KeyringError> {
    load::open(key, root).map(drop)
}

impl Keyring {
    /// Loads the keys, and makes those that are missing: at the first start, all of them.
    ///
    /// Another process may do the same at the same time: whoever is first wins, and both use the winner's keys.
    pub async fn load(
        store: &dyn Store,
        root: &RootKey,
        settings: &Settings,
        entropy: &dyn Entropy,
        now: Timestamp,
    ) -> Result<Self, KeyringError> {
        let secrets = load::secrets(settings)?;
        Maker { root, settings, entropy, now }.make_missing(store).await?;
        let keys = load::open_all(store.keys().await?, secrets.as_ref(), root)?;
        Ok(Self { root: root.clone(), secrets, keys: ArcSwap::from_pointee(keys), reading: Mutex::new(()) })
    }

    /// Loads the keys again: after this process changed them, and now and then in case another one did.
    pub async fn reload(&self, store: &dyn Store) -> Result<(), KeyringError> {
        self.latest(store).await.map(drop)
    }

    /// Loads the keys again, and returns them as they are stored.
    pub(crate) async fn latest(&self, store: &dyn Store) -> Result<Vec<StoredKey>, KeyringError> {
        // One at a time: what was read earlier must not take the place of what was read later.
        let _reading = self.reading.lock().await;
        let stored = store.keys().await?;
        if self.keys.load().stored != stored {
            let keys = load::open_all(stored.clone(), self.secrets.as_ref(), &self.root)?;
            self.keys.store(Arc::new(keys));
        }
        Ok(stored)
    }

    /// Returns the key that signs access tokens.
    pub fn signing_key(&self) -> Arc<SigningKey> {
        Arc::clone(&self.keys.load().signing)
    }

    /// Returns the keys that access tokens may be signed with: next, active and retired.
    pub fn verifying_keys(&self) -> Arc<KeySet> {
        Arc::clone(&self.keys.load().verifying)
    }

    /// Returns the public keys of access tokens, as they are published. A shared secret is never among them.
    pub fn jwks(&self) -> Jwks {
        self.keys.load().published.clone()
    }

    /// Returns the operator's secrets, where access tokens are signed with one.
    pub fn secrets(&self) -> Option<&TokenSecrets> {
        self.secrets.as_ref()
    }

    /// Returns the key that signs the revocation feed.
    pub fn feed_signing_key(&self) -> Arc<SigningKey> {
        Arc::clone(&self.keys.load().feed_signing)
    }

    /// Returns the keys that the revocation feed may be signed with.
    pub fn feed_verifying_keys(&self) -> Arc<KeySet> {
        Arc::clone(&self.keys.load().feed_verifying)
    }

    /// Returns the keys of refresh tokens.
    pub fn refresh_keys(&self) -> Arc<RefreshKeys> {
        Arc::clone(&self.keys.load().refresh)
    }

    /// Seals a small text that leaves this process, in a cookie or a row. Only the same `purpose` opens it, in any replica.
    pub fn seal(&self, purpose: &[u8], plain: &[u8], entropy: &dyn Entropy) -> Result<Vec<u8>, RootKeyError> {
        self.root.seal_one_of_many(purpose, plain, entropy)
    }

    /// Opens what [`Keyring::seal`] sealed.
    pub fn open(&self, purpose: &[u8], sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, RootKeyError> {
        self.root.open_one_of_many(purpose, sealed)
    }

    pub(crate) fn root(&self) -> &RootKey {
        &self.root
    }
}

impl fmt::Debug for Keyring {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Keyring").field("signs_with", self.signing_key().key_id()).finish_non_exhaustive()
    }
}

/// What a key is sealed for: it opens in its own place and in no other.
fn sealing_purpose(purpose: KeyPurpose, kid: &str) -> Vec<u8> {
    format!("{}:{kid}", purpose.as_str()).into_bytes()
}
