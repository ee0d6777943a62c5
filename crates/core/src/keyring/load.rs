use std::sync::Arc;

use handstamp_token::{KeySet, SigningKey};
use zeroize::Zeroizing;

use super::{KeyringError, Keys, sealing_purpose};
use crate::{
    key_rotation,
    model::{KeyPurpose, KeyState, StoredKey},
    refresh_token::{RefreshKeyId, RefreshKeys},
    root_key::RootKey,
    settings::{Settings, TokenSecrets},
    store::StoreError,
};

/// Opens and prepares every key that is still good for something.
pub(super) fn open_all(
    stored: Vec<StoredKey>,
    secrets: Option<&TokenSecrets>,
    root: &RootKey,
) -> Result<Keys, KeyringError> {
    let published = verifying_keys(&stored, KeyPurpose::AccessToken, root)?;
    let (signing, verifying) = match secrets {
        Some(secrets) => (secrets.signing_key().clone(), secrets.verifying_keys().clone()),
        None => (signing_key(&stored, KeyPurpose::AccessToken, root)?, published.clone()),
    };
    let feed_signing = signing_key(&stored, KeyPurpose::RevocationFeed, root)?;
    let feed_verifying = verifying_keys(&stored, KeyPurpose::RevocationFeed, root)?;
    let refresh = refresh_keys(&stored, root)?;
    Ok(Keys {
        signing: Arc::new(signing),
        verifying: Arc::new(verifying),
        published: published.to_jwks(),
        feed_signing: Arc::new(feed_signing),
        feed_verifying: Arc::new(feed_verifying),
        refresh: Arc::new(refresh),
        stored,
    })
}

fn signing_key(
    stored: &[StoredKey],
    purpose: KeyPurpose,
    root: &RootKey,
) -> Result<SigningKey, KeyringError> {
    open_signing(active(stored, purpose)?, root)
}

fn verifying_keys(stored: &[StoredKey], purpose: KeyPurpose, root: &RootKey) -> Result<KeySet, KeyringError> {
    // A shared secret among public keys could be taken for one of them; one that was drawn is of no use to anybody.
    let pairs = usable(stored, purpose).filter(|key| !key.algorithm.is_symmetric());
    let keys = pairs.map(|key| open_signing(key, root).map(|key| key.verifying_key()));
    let keys: Vec<_> = keys.collect::<Result<_, _>>()?;
    KeySet::new(keys).map_err(|source| KeyringError::Key { purpose: purpose.as_str(), source })
}

fn open_signing(key: &StoredKey, root: &RootKey) -> Result<SigningKey, KeyringError> {
    let secret = open(key, root)?;
    let opened = SigningKey::from_der(key.algorithm, &secret);
    let opened = opened.map_err(|source| KeyringError::Key { purpose: key.purpose.as_str(), source })?;
    Ok(opened.with_key_id(key.id.clone()))
}

fn refresh_keys(stored: &[StoredKey], root: &RootKey) -> Result<RefreshKeys, KeyringError> {
    let purpose = KeyPurpose::RefreshToken;
    let active = active(stored, purpose)?;
    let mut others = Vec::new();
    for key in usable(stored, purpose).filter(|key| key.id != active.id) {
        others.push((refresh_key_id(key)?, open(key, root)?));
    }
    Ok(RefreshKeys::new((refresh_key_id(active)?, &open(active, root)?), &others))
}

fn refresh_key_id(key: &StoredKey) -> Result<RefreshKeyId, StoreError> {
    RefreshKeyId::from_key_id(&key.id)
        .ok_or_else(|| StoreError::Corrupt { what: format!("the refresh key's id {:?}", key.id.as_str()) })
}

/// Returns the keys that sign or verify: a revoked one does neither.
fn usable(stored: &[StoredKey], purpose: KeyPurpose) -> impl Iterator<Item = &StoredKey> {
    stored.iter().filter(move |key| key.purpose == purpose && !matches!(key.state, KeyState::Revoked { .. }))
}

fn active(stored: &[StoredKey], purpose: KeyPurpose) -> Result<&StoredKey, KeyringError> {
    let active = key_rotation::active(stored.iter().filter(|key| key.purpose == purpose));
    active.ok_or(KeyringError::Missing { purpose: purpose.as_str() })
}

/// Opens a key.
pub(super) fn open(key: &StoredKey, root: &RootKey) -> Result<Zeroizing<Vec<u8>>, KeyringError> {
    root.open(&sealing_purpose(key.purpose, key.id.as_str()), &key.sealed)
        .map_err(|source| KeyringError::RootKey { kid: key.id.to_string(), source })
}

/// Returns the operator's secrets, where tokens are signed with one.
pub(super) fn secrets(settings: &Settings) -> Result<Option<TokenSecrets>, KeyringError> {
    let algorithm = settings.tokens.algorithm;
    match &settings.tokens.secrets {
        Some(secrets) if secrets.signing_key().algorithm() == algorithm => Ok(Some(secrets.clone())),
        None if !algorithm.is_symmetric() => Ok(None),
        _ => Err(KeyringError::Secrets { algorithm }),
    }
}
