use handstamp_token::{Algorithm, Entropy, KeyId, SigningKey};
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

/// Makes a key of a purpose and seals it.
pub(crate) fn make(
    purpose: KeyPurpose,
    state: KeyState,
    root: &RootKey,
    settings: &Settings,
    entropy: &dyn Entropy,
    now: Timestamp,
) -> Result<StoredKey, KeyringError> {
    let unusable = |source| KeyringError::Key { purpose: purpose.as_str(), source };
    let (id, algorithm, secret) = match purpose {
        KeyPurpose::AccessToken => signing_key(settings.tokens.algorithm).map_err(unusable)?,
        KeyPurpose::RevocationFeed => signing_key(FEED_ALGORITHM).map_err(unusable)?,
        KeyPurpose::RefreshToken => {
            let mut secret = Zeroizing::new(vec![0; RefreshKeys::SECRET_LEN]);
            entropy.fill(&mut secret);
            (RefreshKeyId::random(entropy).to_key_id().map_err(unusable)?, Algorithm::Hs256, secret)
        }
    };
    let sealed = root
        .seal(&sealing_purpose(purpose, id.as_str()), &secret, entropy)
        .map_err(|source| KeyringError::RootKey { kid: id.to_string(), source })?;
    Ok(StoredKey { id, purpose, algorithm, sealed, state, created_at: now })
}

fn signing_key(
    algorithm: Algorithm,
) -> Result<(KeyId, Algorithm, Zeroizing<Vec<u8>>), handstamp_token::KeyError> {
    let key = SigningKey::generate(algorithm)?;
    Ok((key.key_id().clone(), algorithm, key.to_private_der()))
}

/// Makes the first keys, each purpose in a transaction of its own, unless there are some.
pub(super) async fn make_missing(
    store: &dyn Store,
    root: &RootKey,
    settings: &Settings,
    entropy: &dyn Entropy,
    now: Timestamp,
) -> Result<(), KeyringError> {
    let present = store.keys().await?;
    for purpose in KeyPurpose::ALL.iter().copied() {
        if present.iter().any(|key| key.purpose == purpose) {
            continue;
        }
        let first = make(purpose, KeyState::Active { since: now }, root, settings, entropy, now)?;
        let mut changes = Changes::one(Change::AddFirstKey(first));
        if purpose == KeyPurpose::AccessToken {
            // Published from the first day on, so that the first rotation finds every verifier prepared.
            let next = make(purpose, KeyState::Next, root, settings, entropy, now)?;
            changes = changes.and(Change::AddKey(next));
        }
        changes = changes.audit(AuditEntry {
            detail: Some(format!("first key of the kind {}", purpose.as_str())),
            ..AuditEntry::new(AuditKind::KeyChanged, now)
        });
        // A conflict means that another process was faster: its keys are as good.
        let (Applied::Committed { .. } | Applied::Conflict(_)) = store.apply(changes).await?;
    }
    Ok(())
}
