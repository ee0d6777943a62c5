//! Signing keys.

use handstamp_token::KeyId;

use super::{Fields, Unreadable, column};
use crate::model::{KeyPurpose, KeyState, SealedKey, StoredKey};

/// The columns that a key's state is kept in.
#[derive(Debug, Clone, Copy)]
pub struct StateColumns {
    /// What the state is called.
    pub name: &'static str,
    /// Since when the key is in it, or when it was asked for.
    pub at: Option<i64>,
    /// From when on nobody needs the key.
    pub remove_at: Option<i64>,
}

impl StateColumns {
    /// Returns the columns of a state.
    pub fn of(state: KeyState) -> Self {
        let (name, at, remove_at) = match state {
            KeyState::Next { asked_at } => ("next", asked_at, None),
            KeyState::Active { since } => ("active", Some(since), None),
            KeyState::Retired { at, remove_at } => ("retired", Some(at), Some(remove_at)),
            KeyState::Revoked { at } => ("revoked", Some(at), None),
        };
        Self { name, at: at.map(column::time), remove_at: remove_at.map(column::time) }
    }
}

/// Takes a key's columns.
pub fn decode(fields: &mut Fields<'_>) -> Result<StoredKey, Unreadable> {
    let fields = fields.of("keys");
    Ok(StoredKey {
        id: fields.name("id", |id| KeyId::new(id).ok())?,
        purpose: fields.name("purpose", KeyPurpose::from_name)?,
        algorithm: fields.parsed("algorithm")?,
        sealed: SealedKey::from_bytes(fields.bytes("sealed")?.to_vec()),
        state: decode_state(fields)?,
        created_at: fields.time("created_at")?,
    })
}

fn decode_state(fields: &mut Fields<'_>) -> Result<KeyState, Unreadable> {
    let name = fields.text("state")?;
    let at = fields.optional_time("state_at")?;
    let remove_at = fields.optional_time("remove_at")?;
    match (name, at, remove_at) {
        ("next", asked_at, None) => Ok(KeyState::Next { asked_at }),
        ("active", Some(since), None) => Ok(KeyState::Active { since }),
        ("retired", Some(at), Some(remove_at)) => Ok(KeyState::Retired { at, remove_at }),
        ("revoked", Some(at), None) => Ok(KeyState::Revoked { at }),
        _ => Err(fields.wrong("state", format!("{name:?}, which is unknown or does not fit its times"))),
    }
}
