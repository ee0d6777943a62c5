use handstamp_core::model::{Session, SessionId, UserId};
use handstamp_core::store::Subject;
use handstamp_core::store::rows;
use rusqlite::Connection;

use super::{log, organizations, sessions, users};
use crate::failure::Failure;
use crate::query;

/// What a subject is joined from, in the order that [`rows::subjects::decode`] takes it.
macro_rules! columns {
    () => {
        concat!(users::columns!(), ", ", organizations::columns!(), ", ", log::columns!())
    };
}

pub(crate) use columns;

/// How it is joined to `users`.
macro_rules! joins {
    () => {
        "JOIN revocation_log ON revocation_log.only_row = 1 \
         LEFT JOIN organizations ON organizations.id = users.org_id"
    };
}

pub(crate) use joins;

/// Returns all that an access token says of a user.
pub(crate) fn by_user(connection: &Connection, user: UserId) -> Result<Option<Subject>, Failure> {
    let sql = concat!("SELECT ", columns!(), " FROM users ", joins!(), " WHERE users.id = ?1");
    query::optional(connection, sql, [user.as_bytes()], rows::subjects::decode)
}

/// Returns a session with all that an access token says of its user.
pub(crate) fn by_session(
    connection: &Connection,
    id: SessionId,
) -> Result<Option<(Session, Subject)>, Failure> {
    let sql = concat!(
        "SELECT ",
        sessions::columns!(),
        ", ",
        columns!(),
        " FROM sessions JOIN users ON users.id = sessions.user_id ",
        joins!(),
        " WHERE sessions.id = ?1"
    );
    query::optional(connection, sql, [id.as_bytes()], |fields| {
        Ok((rows::sessions::decode(fields)?, rows::subjects::decode(fields)?))
    })
}
