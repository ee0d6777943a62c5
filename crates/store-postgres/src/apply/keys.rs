use handstamp_core::model::{KeyState, StoredKey};
use handstamp_core::store::Conflict;
use handstamp_core::store::rows::column;
use handstamp_core::store::rows::keys::StateColumns;
use handstamp_token::KeyId;

use crate::connection::Connection;
use crate::failure::Refusal;
use crate::sql::keys;

/// Adds a key if there is none of its purpose.
pub(super) async fn add_first(connection: &Connection, key: &StoredKey) -> Result<(), Refusal> {
    connection.execute(keys::LOCK_ALL, &[]).await?;
    if connection.exists(keys::ANY_OF, &[&key.purpose.as_str()]).await? {
        return Err(Conflict::KeyChanged.into());
    }
    add(connection, key).await
}

/// Adds a key if its purpose has no next one.
pub(super) async fn add_next(connection: &Connection, key: &StoredKey) -> Result<(), Refusal> {
    connection.execute(keys::LOCK_ALL, &[]).await?;
    if connection.exists(keys::NEXT_OF, &[&key.purpose.as_str()]).await? {
        return Err(Conflict::KeyChanged.into());
    }
    add(connection, key).await
}

/// Adds a key.
pub(super) async fn add(connection: &Connection, key: &StoredKey) -> Result<(), Refusal> {
    let StateColumns { name, at, remove_at } = StateColumns::of(key.state);
    let inserted = connection
        .execute(
            keys::INSERT,
            &[
                &key.id.as_str(),
                &key.purpose.as_str(),
                &key.algorithm.name(),
                &key.sealed.as_bytes(),
                &name,
                &at,
                &remove_at,
                &column::time(key.created_at),
            ],
        )
        .await?;
    changed(inserted)
}

/// Moves a key on whose state still is the one that was read.
pub(super) async fn move_on(
    connection: &Connection,
    key: &StoredKey,
    from: &KeyState,
) -> Result<(), Refusal> {
    let (from, to) = (StateColumns::of(*from), StateColumns::of(key.state));
    let moved = connection
        .execute(
            keys::MOVE,
            &[&key.id.as_str(), &from.name, &from.at, &from.remove_at, &to.name, &to.at, &to.remove_at],
        )
        .await?;
    changed(moved)
}

/// Forgets a key.
pub(super) async fn remove(connection: &Connection, id: &KeyId) -> Result<(), Refusal> {
    connection.execute(keys::DELETE, &[&id.as_str()]).await?;
    Ok(())
}

fn changed(rows: u64) -> Result<(), Refusal> {
    if rows == 0 { Err(Conflict::KeyChanged.into()) } else { Ok(()) }
}
