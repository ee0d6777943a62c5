use handstamp_core::model::{SessionId, StatusList, StatusListId, StatusPlace};
use handstamp_core::store::Conflict;
use handstamp_core::store::rows::column;
use jiff::Timestamp;

use crate::connection::Connection;
use crate::failure::Refusal;
use crate::read::session_id;
use crate::sql::{sessions, status_lists};

/// Gives a session a place, if it is active and still has the one that was read.
pub(super) async fn place(
    connection: &Connection,
    session: SessionId,
    from: Option<StatusPlace>,
    to: StatusPlace,
) -> Result<(), Refusal> {
    let (list, index) =
        (from.as_ref().map(|from| from.list.as_bytes().as_slice()), from.map(|from| i64::from(from.index)));
    let placed = connection
        .execute(
            sessions::PLACE,
            &[&session_id(session), &list, &index, &to.list.as_bytes().as_slice(), &i64::from(to.index)],
        )
        .await?;
    match placed {
        0 => Err(Conflict::SessionChanged.into()),
        _ => Ok(()),
    }
}

/// Adds a list.
pub(super) async fn begin(connection: &Connection, list: &StatusList) -> Result<(), Refusal> {
    let inserted = connection
        .execute(
            status_lists::INSERT,
            &[
                &list.id.as_bytes().as_slice(),
                &i64::from(list.bits.count()),
                &i64::from(list.size),
                &i64::from(list.taken),
                &column::time(list.created_at),
                &column::time(list.keep_until),
            ],
        )
        .await?;
    changed(inserted)
}

/// Takes places that nobody took since the list was read.
pub(super) async fn take(
    connection: &Connection,
    list: StatusListId,
    from: u32,
    to: u32,
    keep_until: Timestamp,
) -> Result<(), Refusal> {
    let taken = connection
        .execute(
            status_lists::TAKE,
            &[&list.as_bytes().as_slice(), &i64::from(from), &i64::from(to), &column::time(keep_until)],
        )
        .await?;
    changed(taken)
}

fn changed(rows: u64) -> Result<(), Refusal> {
    if rows == 0 { Err(Conflict::StatusListChanged.into()) } else { Ok(()) }
}
