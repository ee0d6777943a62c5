use jiff::Timestamp;

use super::{
    super::{TRIES, contended},
    KeysError,
    moves::{Mover, are_ours, of, view},
};
use crate::{
    Context,
    key_rotation::{Keys, Outlook},
    model::{KeyPurpose, KeyState, UserId},
    store::Changes,
};

/// How long a rotation may wait for verifiers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum When {
    /// As long as it takes until every verifier holds the next key: a running service then switches by itself.
    Ready,
    /// Not at all: it is refused unless every verifier holds the next key.
    Now,
    /// Not at all, whoever does not hold the next key: their requests fail until they ask for the key set.
    Forced,
}

/// What became of a rotation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Rotated {
    /// The next key signs.
    Switched,
    /// It will, once it may.
    Waits(Outlook),
}

/// Rotates the keys of a purpose: the next one signs, the active one retires, and a new next one is published.
///
/// Sessions and tokens go on: a retired key is taken until the last token made with it is dead. Asking twice asks once.
pub async fn rotate(
    ctx: &Context,
    purpose: KeyPurpose,
    when: When,
    actor: Option<UserId>,
    now: Timestamp,
) -> Result<Rotated, KeysError> {
    if let Some(secrets) = ctx.keyring.secrets().filter(|_| !are_ours(ctx, purpose)) {
        return Err(KeysError::Configured { kid: secrets.signing_key().key_id().clone() });
    }
    let mover = Mover { ctx, actor, now };
    let mut before = None;
    for _ in 0..TRIES {
        let stored = of(&ctx.store.keys().await?, purpose);
        // By its end, or because somebody else was faster: it was rotated.
        let active = view(ctx, purpose, &stored).active().map(|key| key.id.clone());
        if *before.get_or_insert_with(|| active.clone()) != active {
            return Ok(Rotated::Switched);
        }
        let keys = view(ctx, purpose, &stored);
        let asked = Keys::asked(&stored, now);
        let reports = ctx.store.reports().await?;
        let Some(outlook) = view(ctx, purpose, &asked).outlook(&reports, now) else {
            mover.commit(mover.publish(&keys)?).await?;
            continue;
        };
        let waits = when == When::Ready && !outlook.is_ready(now);
        let changes = if waits {
            ask(&mover, &keys, now)
        } else if when == When::Forced || outlook.is_ready(now) {
            mover.switch(&keys)?
        } else {
            return Err(not_ready(&outlook, now));
        };
        if mover.commit(changes).await? {
            return Ok(if waits { Rotated::Waits(outlook) } else { Rotated::Switched });
        }
    }
    Err(contended("rotating keys").into())
}

/// Notes that the switch is wanted, unless it is noted already.
fn ask(mover: &Mover<'_>, keys: &Keys<'_>, now: Timestamp) -> Changes {
    let waiting = keys.next_that_fits().filter(|next| next.state == KeyState::NEXT);
    waiting.map_or_else(Changes::default, |next| {
        mover.move_to(Changes::default(), next, KeyState::Next { asked_at: Some(now) }, "asked to sign")
    })
}

fn not_ready(outlook: &Outlook, now: Timestamp) -> KeysError {
    let kid = outlook.kid.clone();
    if now < outlook.known_from {
        return KeysError::TooYoung { kid, until: outlook.known_from };
    }
    KeysError::NotHeld { kid, behind: outlook.behind.len() }
}
