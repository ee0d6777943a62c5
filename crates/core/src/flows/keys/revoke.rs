use handstamp_token::KeyId;
use jiff::Timestamp;

use super::{
    super::{TRIES, contended, events},
    KeysError,
    moves::{Mover, of, view},
};
use crate::{
    Context,
    model::{KeyPurpose, KeyState, NewEvent, Reason, Selector, StoredKey, UserId},
    store::Changes,
};

/// Revokes a leaked key: whatever it signed is dead at once. When it was the active one, the next one takes over.
///
/// The next key was published long before, so that services know it. Where there is none, or it has leaked as well, a new one
/// is made: services meet it unprepared, and ask for the key set.
pub async fn revoke(
    ctx: &Context,
    kid: &str,
    actor: Option<UserId>,
    now: Timestamp,
) -> Result<StoredKey, KeysError> {
    if let Some(secret) = ctx.keyring.secrets().and_then(|secrets| secrets.verifying_keys().find(kid)) {
        return Err(KeysError::Configured { kid: secret.key_id().clone() });
    }
    let mover = Mover { ctx, actor, now };
    for _ in 0..TRIES {
        let all = ctx.store.keys().await?;
        let key = all.iter().find(|key| key.id.as_str() == kid);
        let key = key.ok_or_else(|| KeysError::NotFound { kid: kid.to_owned() })?;
        if matches!(key.state, KeyState::Revoked { .. }) {
            return Ok(key.clone());
        }
        let others: Vec<_> = of(&all, key.purpose).into_iter().filter(|other| other.id != key.id).collect();
        let others = view(ctx, key.purpose, &others);
        let needs_successor = others.active().is_none();
        let mut changes = if needs_successor { mover.succeed(&others)? } else { Changes::default() };
        changes = mover.move_to(changes, key, KeyState::Revoked { at: now }, "revoked");
        if key.purpose == KeyPurpose::AccessToken {
            changes = changes.event(key_leaked(ctx, &key.id, now));
        }
        if mover.commit(changes).await? {
            return Ok(StoredKey { state: KeyState::Revoked { at: now }, ..key.clone() });
        }
    }
    Err(contended("revoking a key").into())
}

fn key_leaked(ctx: &Context, kid: &KeyId, now: Timestamp) -> NewEvent {
    events::dead(Selector::Key(kid.clone()), Reason::KeyLeaked, now, &ctx.settings)
}
