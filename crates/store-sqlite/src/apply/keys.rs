use handstamp_core::model::{KeyState, StoredKey};
use handstamp_core::store::Conflict;
use handstamp_core::store::rows::column;
use handstamp_core::store::rows::keys::StateColumns;
use handstamp_token::KeyId;
use rusqlite::{Connection, params};

use crate::failure::Refusal;
use crate::query::{execute, exists};

/// Adds a key if there is none of its purpose.
pub(super) fn add_first(connection: &Connection, key: &StoredKey) -> Result<(), Refusal> {
    if exists(connection, "SELECT 1 FROM keys WHERE purpose = ?1", [key.purpose.as_str()])? {
        return Err(Conflict::KeyChanged.into());
    }
    add(connection, key)
}

/// Adds a key if its purpose has no next one.
pub(super) fn add_next(connection: &Connection, key: &StoredKey) -> Result<(), Refusal> {
    let sql = "SELECT 1 FROM keys WHERE purpose = ?1 AND state = 'next'";
    if exists(connection, sql, [key.purpose.as_str()])? {
        return Err(Conflict::KeyChanged.into());
    }
    add(connection, key)
}

/// Adds a key.
pub(super) fn add(connection: &Connection, key: &StoredKey) -> Result<(), Refusal> {
    let StateColumns { name, at, remove_at } = StateColumns::of(key.state);
    let inserted = execute(
        connection,
        "INSERT INTO keys (id, purpose, algorithm, sealed, state, state_at, remove_at, created_at) \
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8) ON CONFLICT (id) DO NOTHING",
        params![
            key.id.as_str(),
            key.purpose.as_str(),
            key.algorithm.name(),
            key.sealed.as_bytes(),
            name,
            at,
            remove_at,
            column::time(key.created_at),
        ],
    )?;
    if inserted == 0 { Err(Conflict::KeyChanged.into()) } else { Ok(()) }
}

/// Moves a key on whose state still is the one that was read.
pub(super) fn move_on(connection: &Connection, key: &StoredKey, from: &KeyState) -> Result<(), Refusal> {
    let (from, to) = (StateColumns::of(*from), StateColumns::of(key.state));
    let moved = execute(
        connection,
        "UPDATE keys SET state = ?5, state_at = ?6, remove_at = ?7 \
         WHERE id = ?1 AND state = ?2 AND state_at IS ?3 AND remove_at IS ?4",
        params![key.id.as_str(), from.name, from.at, from.remove_at, to.name, to.at, to.remove_at],
    )?;
    if moved == 0 { Err(Conflict::KeyChanged.into()) } else { Ok(()) }
}

/// Forgets a key.
pub(super) fn remove(connection: &Connection, id: &KeyId) -> Result<(), Refusal> {
    execute(connection, "DELETE FROM keys WHERE id = ?1", [id.as_str()])?;
    Ok(())
}
