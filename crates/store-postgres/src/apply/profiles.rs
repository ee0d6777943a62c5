use handstamp_core::model::{Profile, UserId};
use handstamp_core::store::Conflict;

use crate::connection::Connection;
use crate::failure::Refusal;
use crate::read::{self, user_id};
use crate::sql::{profiles, users};

/// Replaces the profile that was read. An empty one is no row. The user is locked first: who comes second then sees what the first
/// has written, also where there was no row.
pub(super) async fn set(
    connection: &Connection,
    user: UserId,
    from: &Profile,
    to: &Profile,
) -> Result<(), Refusal> {
    let id = user_id(user);
    let is_there = connection.exists(users::LOCK, &[&id]).await?;
    if !is_there || read::profiles::by_user(connection, user).await? != *from {
        return Err(Conflict::UserChanged.into());
    }
    if to.is_empty() {
        connection.execute(profiles::DELETE, &[&id]).await?;
    } else {
        connection.execute(profiles::PUT, &[&id, &to.to_json()]).await?;
    }
    Ok(())
}
