use handstamp_token::{Algorithm, Entropy, KeyError, KeyId, SigningKey};
use jiff::Timestamp;
use zeroize::Zeroizing;

use super::{KeyringError, sealing_purpose};
use crate::{
    model::{AuditEntry, AuditKind, KeyPurpose, KeyState, StoredKey},
    refresh_token::{RefreshKeyId, RefreshKeys},
    root_key::RootKey,
    settings::Settings,
    store::{Applied, Change, Changes, Store},
};

/// The feed is read by our own verifiers alone, so its algorithm is not a setting.
const FEED_ALGORITHM: Algorithm = Algorithm::Es256;

/// What keys are made of.
pub(crate) struct Maker<'a> {
    pub(crate) root: &'a RootKey,
    pub(crate) settings: &'a Settings,
    pub(crate) entropy: &'a dyn Entropy,
    pub(crate) now: Timestamp,
}

impl Maker<'_> {
    /// Makes a key of a purpose and seals it.
    pub(crate) fn make(&self, purpose: KeyPurpose, state: KeyState) -> Result<StoredKey, KeyringError> {
        let unusable = |source| KeyringError::Key { purpose: purpose.as_str(), source };
        let (id, algorithm, secret) = self.draw(purpose).map_err(unusable)?;
        let sealed = self
            .root
            .seal(&sealing_purpose(purpose, id.as_str()), &secret, self.entropy)
            .map_err(|source| KeyringError::RootKey { kid: id.to_string(), source })?;
        Ok(StoredKey { id, purpose, algorithm, sealed, state, created_at: self.now })
    }

    fn draw(&self, purpose: KeyPurpose) -> Result<Drawn, KeyError> {
        match purpose {
            KeyPurpose::AccessToken => signing_key(self.settings.tokens.algorithm),
            KeyPurpose::RevocationFeed => signing_key(FEED_ALGORITHM),
            KeyPurpose::RefreshToken => {
                let mut secret = Zeroizing::new(vec![0; RefreshKeys::SECRET_LEN]);
                self.entropy.fill(&mut secret);
                Ok((RefreshKeyId::random(self.entropy).to_key_id()?, Algorithm::Hs256, secret))
            }
        }
    }

    /// Makes the first keys, each purpose in a transaction of its own, unless there are some.
    pub(super) async fn make_missing(&self, store: &dyn Store) -> Result<(), KeyringError> {
        let present = store.keys().await?;
        for purpose in KeyPurpose::ALL.iter().copied() {
            if present.iter().any(|key| key.purpose == purpose) {
                continue;
            }
            if purpose == KeyPurpose::AccessToken && self.settings.tokens.algorithm.is_symmetric() {
                continue;
            }
            let first = self.make(purpose, KeyState::Active { since: self.now })?;
            // Published from the first day on, so that the first rotation finds every verifier prepared.
            let next = self.make(purpose, KeyState::NEXT)?;
            let changes = Changes::one(Change::AddFirstKey(first)).and(Change::AddNextKey(next));
            let changes = changes.audit(AuditEntry {
                detail: Some(format!("first key of the kind {}", purpose.as_str())),
                ..AuditEntry::new(AuditKind::KeyChanged, self.now)
            });
            // A conflict means that another process was faster: its keys are as good.
            let (Applied::Committed { .. } | Applied::Conflict(_)) = store.apply(changes).await?;
        }
        Ok(())
    }
}

/// A key's id, what it is used with, and its secret.
type Drawn = (KeyId, Algorithm, Zeroizing<Vec<u8>>);

fn signing_key(algorithm: Algorithm) -> Result<Drawn, KeyError> {
    let key = SigningKey::generate(algorithm)?;
    Ok((key.key_id().clone(), algorithm, key.to_private_der()))
}
