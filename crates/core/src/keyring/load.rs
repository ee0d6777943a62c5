use std::sync::Arc;

use handstamp_token::{KeySet, SigningKey};
use jiff::Timestamp;
use zeroize::Zeroizing;

use super::{KeyringError, Keys, sealing_purpose};
use crate::{
    model::{KeyPurpose, KeyState, StoredKey},
    refresh_token::{RefreshKeyId, RefreshKeys},
    root_key::RootKey,
    store::{Store, StoreError},
};

/// Opens and prepares every key that is still good for something.
pub(super) async fn load(store: &dyn Store, root: &RootKey) -> Result<Keys, KeyringError> {
    let stored = store.keys().await?;
    let (signing, verifying) = signing_keys(&stored, KeyPurpose::AccessToken, root)?;
    let (feed_signing, feed_verifying) = signing_keys(&stored, KeyPurpose::RevocationFeed, root)?;
    let refresh = Arc::new(refresh_keys(&stored, root)?);
    Ok(Keys { signing, verifying, feed_signing, feed_verifying, refresh })
}

fn signing_keys(
    stored: &[StoredKey],
    purpose: KeyPurpose,
    root: &RootKey,
) -> Result<(Arc<SigningKey>, Arc<KeySet>), KeyringError> {
    let unusable = |source| KeyringError::Key { purpose: purpose.as_str(), source };
    let active = active(stored, purpose)?;
    let mut verifying = Vec::new();
    let mut signing = None;
    for key in usable(stored, purpose) {
        let secret = open(key, root)?;
        let opened = if key.algorithm.is_symmetric() {
            SigningKey::from_secret(key.algorithm, &secret)
        } else {
            SigningKey::from_der(key.algorithm, &secret)
        };
        let opened = opened.map_err(unusable)?.with_key_id(key.id.clone());
        verifying.push(opened.verifying_key());
        if key.id == active.id {
            signing = Some(opened);
        }
    }
    let signing = signing.ok_or(KeyringError::Missing { purpose: purpose.as_str() })?;
    Ok((Arc::new(signing), Arc::new(KeySet::new(verifying).map_err(unusable)?)))
}

fn refresh_keys(stored: &[StoredKey], root: &RootKey) -> Result<RefreshKeys, KeyringError> {
    let purpose = KeyPurpose::RefreshToken;
    let active = active(stored, purpose)?;
    let mut retired = Vec::new();
    for key in usable(stored, purpose).filter(|key| key.id != active.id) {
        retired.push((refresh_key_id(key)?, open(key, root)?));
    }
    Ok(RefreshKeys::new((refresh_key_id(active)?, &open(active, root)?), &retired))
}

fn refresh_key_id(key: &StoredKey) -> Result<RefreshKeyId, StoreError> {
    RefreshKeyId::from_key_id(&key.id)
        .ok_or_else(|| StoreError::Corrupt { what: format!("the refresh key's id {:?}", key.id.as_str()) })
}

/// Returns the keys that sign or verify: a revoked one does neither.
fn usable(stored: &[StoredKey], purpose: KeyPurpose) -> impl Iterator<Item = &StoredKey> {
    stored.iter().filter(move |key| key.purpose == purpose && !matches!(key.state, KeyState::Revoked { .. }))
}

/// Returns the active key; should two processes ever have made one each, the younger.
fn active(stored: &[StoredKey], purpose: KeyPurpose) -> Result<&StoredKey, KeyringError> {
    let since = |key: &StoredKey| -> Option<Timestamp> {
        if let KeyState::Active { since } = key.state { Some(since) } else { None }
    };
    let active = usable(stored, purpose).filter(|key| since(key).is_some());
    active.max_by_key(|key| since(key)).ok_or(KeyringError::Missing { purpose: purpose.as_str() })
}

fn open(key: &StoredKey, root: &RootKey) -> Result<Zeroizing<Vec<u8>>, KeyringError> {
    root.open(&sealing_purpose(key.purpose, key.id.as_str()), &key.sealed)
        .map_err(|source| KeyringError::RootKey { kid: key.id.to_string(), source })
}
