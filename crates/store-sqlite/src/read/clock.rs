use jiff::Timestamp;
use rusqlite::Connection;

use crate::failure::Failure;
use crate::query;

/// Returns the database's clock. SQLite's is this machine's, to the millisecond.
pub(crate) fn now(connection: &Connection) -> Result<Timestamp, Failure> {
    let sql = "SELECT CAST(round(unixepoch('subsec') * 1000) AS INTEGER)";
    let milliseconds = query::optional(connection, sql, [], |fields| fields.of("the clock").number("now"))?;
    milliseconds
        .and_then(|now| Timestamp::from_millisecond(now).ok())
        .ok_or_else(|| Failure::Corrupt("the database's clock is out of all bounds".to_owned()))
}
