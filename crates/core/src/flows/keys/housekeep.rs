use jiff::Timestamp;

use super::{
    KeysError,
    moves::{Mover, are_ours, of, remove_after, view},
};
use crate::{
    Context,
    key_rotation::Turn,
    model::{KeyPurpose, KeyState, StoredKey},
    store::Changes,
};

/// Loads what other processes have changed, forgets keys whose time has come, publishes the next ones and lets them take over
/// when it is their turn. One cheap read while there is nothing to do.
///
/// Any number of replicas may do this at the same time: each change carries the state it was decided on, so that one of them
/// makes it, and the others find it made.
///
/// Returns whether this one has made a change that the others do not know of.
pub async fn housekeep(ctx: &Context, now: Timestamp) -> Result<bool, KeysError> {
    let mover = Mover { ctx, actor: None, now };
    let stored = ctx.keyring.latest(&*ctx.store).await?;
    let mut has_moved = false;
    for key in stored.iter().filter(|key| is_over(ctx, key, now)) {
        mover.commit(mover.remove(Changes::default(), key)).await?;
    }
    for &purpose in KeyPurpose::ALL.iter().filter(|purpose| are_ours(ctx, **purpose)) {
        let stored = of(&stored, purpose);
        let keys = view(ctx, purpose, &stored);
        // Who reports what is read only when the answer hangs on it.
        match keys.turn(&[], now) {
            Turn::Rest => {}
            Turn::Publish => {
                if mover.commit(mover.publish(&keys)?).await? {
                    has_moved = true;
                    tracing::info!(purpose = purpose.as_str(), "published the next key");
                }
            }
            Turn::Switch => {
                let may = keys.turn(&ctx.store.reports().await?, now) == Turn::Switch;
                if may && mover.commit(mover.switch(&keys)?).await? {
                    has_moved = true;
                    tracing::info!(purpose = purpose.as_str(), "the next key signs from now on");
                }
            }
        }
    }
    Ok(has_moved)
}

fn is_over(ctx: &Context, key: &StoredKey, now: Timestamp) -> bool {
    match key.state {
        KeyState::Retired { remove_at, .. } => now >= remove_at,
        // Its event is forgotten by then, and so is every token it signed.
        KeyState::Revoked { at } => now >= remove_after(ctx, key.purpose, at),
        KeyState::Next { .. } | KeyState::Active { .. } => false,
    }
}
