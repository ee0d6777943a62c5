//! Keys: list, rotate, revoke, and put away what nobody needs any more.

use std::time::Duration;

use handstamp_token::KeyId;
use jiff::Timestamp;

use super::{TRIES, contended, events};
use crate::{
    Context,
    keyring::{KeyringError, Maker},
    model::{AuditEntry, AuditKind, KeyPurpose, KeyState, Reason, Selector, StoredKey, UserId, later},
    store::{Applied, Change, Changes, StoreError},
};

/// How long past its last token a retired key stays: for replicas that signed with it a moment after the rotation.
const RETIREMENT_MARGIN: Duration = Duration::from_mins(10);

/// The keys were not changed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum KeysError {
    /// There is no such key.
    #[error("there is no key {kid:?}")]
    NotFound {
        /// What was asked for.
        kid: String,
    },
    /// A key could not be made or opened.
    #[error(transparent)]
    Keyring(#[from] KeyringError),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Returns every key, oldest first.
pub async fn list(ctx: &Context) -> Result<Vec<StoredKey>, StoreError> {
    ctx.store.keys().await
}

/// Rotates the keys of a purpose: the next one signs, the active one retires, and a new next one is published.
///
/// Sessions and tokens go on: a retired key is taken until the last token made with it is dead.
pub async fn rotate(
    ctx: &Context,
    purpose: KeyPurpose,
    actor: Option<UserId>,
    now: Timestamp,
) -> Result<(), KeysError> {
    for _ in 0..TRIES {
        let keys = of(ctx, purpose).await?;
        let mut changes = succeed(ctx, &keys, purpose, now)?;
        for key in keys.iter().filter(|key| matches!(key.state, KeyState::Active { .. })) {
            let retired = KeyState::Retired { at: now, remove_at: remove_at(ctx, purpose, now) };
            changes = changes.and(moved(key, retired)).audit(entry(key, "retired", actor, now));
        }
        if commit(ctx, changes).await? {
            return Ok(());
        }
    }
    Err(contended("rotating keys").into())
}

/// Revokes a leaked key: whatever it signed is dead at once. When it was the active one, the next one takes over.
pub async fn revoke(
    ctx: &Context,
    kid: &str,
    actor: Option<UserId>,
    now: Timestamp,
) -> Result<StoredKey, KeysError> {
    for _ in 0..TRIES {
        let all = ctx.store.keys().await?;
        let key = all.iter().find(|key| key.id.as_str() == kid);
        let key = key.ok_or_else(|| KeysError::NotFound { kid: kid.to_owned() })?;
        if matches!(key.state, KeyState::Revoked { .. }) {
            return Ok(key.clone());
        }
        let keys: Vec<_> = all.iter().filter(|other| other.purpose == key.purpose).cloned().collect();
        let others: Vec<_> = keys.iter().filter(|other| other.id != key.id).cloned().collect();
        let needs_successor = !others.iter().any(|other| matches!(other.state, KeyState::Active { .. }));
        let mut changes =
            if needs_successor { succeed(ctx, &others, key.purpose, now)? } else { Changes::default() };
        changes =
            changes.and(moved(key, KeyState::Revoked { at: now })).audit(entry(key, "revoked", actor, now));
        if key.purpose == KeyPurpose::AccessToken {
            changes = changes.event(key_leaked(ctx, &key.id, now));
        }
        if commit(ctx, changes).await? {
            return Ok(StoredKey { state: KeyState::Revoked { at: now }, ..key.clone() });
        }
    }
    Err(contended("revoking a key").into())
}

/// Forgets retired keys whose time has come, replaces an active key that is not of the configured algorithm, and loads
/// what other processes have changed. Called at start and now and then.
pub async fn housekeep(ctx: &Context, now: Timestamp) -> Result<(), KeysError> {
    for key in ctx.store.keys().await? {
        let is_over = match key.state {
            KeyState::Retired { remove_at, .. } => now >= remove_at,
            // Its event is forgotten by then, and so is every token it signed.
            KeyState::Revoked { at } => now >= remove_after(ctx, key.purpose, at),
            KeyState::Next | KeyState::Active { .. } => false,
        };
        if is_over {
            ctx.store
                .apply(
                    Changes::one(Change::RemoveKey(key.id.clone())).audit(entry(&key, "removed", None, now)),
                )
                .await?;
        }
    }
    if ctx.keyring.signing_key().algorithm() != ctx.settings.tokens.algorithm {
        rotate(ctx, KeyPurpose::AccessToken, None, now).await?;
    }
    ctx.keyring.reload(&*ctx.store).await?;
    Ok(())
}

async fn of(ctx: &Context, purpose: KeyPurpose) -> Result<Vec<StoredKey>, StoreError> {
    let mut keys = ctx.store.keys().await?;
    keys.retain(|key| key.purpose == purpose);
    Ok(keys)
}

/// Makes the next key active, or a new one where there is none that fits, and publishes a new next one.
fn succeed(
    ctx: &Context,
    keys: &[StoredKey],
    purpose: KeyPurpose,
    now: Timestamp,
) -> Result<Changes, KeyringError> {
    let maker = Maker { root: ctx.keyring.root(), settings: &ctx.settings, entropy: &*ctx.entropy, now };
    let make = |state| maker.make(purpose, state);
    let fits = |key: &StoredKey| {
        purpose != KeyPurpose::AccessToken || key.algorithm == ctx.settings.tokens.algorithm
    };
    let active = KeyState::Active { since: now };
    let (misfits, next): (Vec<_>, Vec<_>) =
        keys.iter().filter(|key| key.state == KeyState::Next).partition(|key| !fits(key));

    let mut changes = match next.first() {
        Some(next) => Changes::one(moved(next, active)),
        None => Changes::one(Change::AddKey(make(active)?)),
    };
    for misfit in misfits {
        changes = changes.and(Change::RemoveKey(misfit.id.clone()));
    }
    // Refresh tokens and the feed are read by us and by verifiers that ask for unknown keys: nobody needs to be prepared.
    if purpose == KeyPurpose::AccessToken {
        changes = changes.and(Change::AddKey(make(KeyState::Next)?));
    }
    Ok(changes)
}

async fn commit(ctx: &Context, changes: Changes) -> Result<bool, KeysError> {
    let applied = ctx.store.apply(changes).await?;
    ctx.keyring.reload(&*ctx.store).await?;
    Ok(matches!(applied, Applied::Committed { .. }))
}

fn moved(key: &StoredKey, to: KeyState) -> Change {
    Change::MoveKey { key: StoredKey { state: to, ..key.clone() }, from: key.state }
}

fn remove_at(ctx: &Context, purpose: KeyPurpose, now: Timestamp) -> Timestamp {
    remove_after(ctx, purpose, later(now, RETIREMENT_MARGIN))
}

/// Returns when the last token is dead that a key made at `last` at the latest.
fn remove_after(ctx: &Context, purpose: KeyPurpose, last: Timestamp) -> Timestamp {
    let reach = match purpose {
        KeyPurpose::AccessToken | KeyPurpose::RevocationFeed => ctx.settings.tokens.reach(),
        KeyPurpose::RefreshToken => ctx.settings.sessions.idle_lifetime,
    };
    later(last, reach)
}

fn key_leaked(ctx: &Context, kid: &KeyId, now: Timestamp) -> crate::model::NewEvent {
    events::dead(Selector::Key(kid.clone()), Reason::KeyLeaked, now, &ctx.settings)
}

fn entry(key: &StoredKey, what: &str, actor: Option<UserId>, now: Timestamp) -> AuditEntry {
    AuditEntry {
        actor,
        detail: Some(format!("{} key {} {what}", key.purpose.as_str(), key.id)),
        ..AuditEntry::new(AuditKind::KeyChanged, now)
    }
}
