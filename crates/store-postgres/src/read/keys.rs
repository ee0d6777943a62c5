use handstamp_core::model::{KeyPurpose, KeyState, SealedKey, StoredKey};
use handstamp_token::KeyId;

use crate::failure::Failure;
use crate::fields::Fields;
use crate::pool::Pool;
use crate::sql::keys;

/// Returns every key, oldest first.
pub(crate) async fn list(pool: &Pool) -> Result<Vec<StoredKey>, Failure> {
    pool.list(keys::LIST, &[], decode).await
}

/// Takes a key's columns.
pub(crate) fn decode(fields: &mut Fields<'_>) -> Result<StoredKey, Failure> {
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

fn decode_state(fields: &mut Fields<'_>) -> Result<KeyState, Failure> {
    let name = fields.text("state")?;
    let at = fields.optional_time("state_at")?;
    let remove_at = fields.optional_time("remove_at")?;
    match (name, at, remove_at) {
        ("next", asked_at, None) => Ok(KeyState::Next { asked_at }),
        ("active", Some(since), None) => Ok(KeyState::Active { since }),
        ("retired", Some(at), Some(remove_at)) => Ok(KeyState::Retired { at, remove_at }),
        ("revoked", Some(at), None) => Ok(KeyState::Revoked { at }),
        _ => Err(fields.wrong("state", &format!("{name:?}, which is unknown or does not fit its times"))),
    }
}
