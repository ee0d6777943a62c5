//! How many connections the server has room for.

use crate::failure::Failure;
use crate::pool::Pool;
use crate::sql::room;

/// Connections of the whole server, whoever they are for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Room {
    /// How many there may be, those for its administrators not counted.
    pub all: u32,
    /// How many there are. Without the right to see those of others (`pg_monitor`) it is our own and what is known of the others.
    pub taken: u32,
}

/// Asks the server.
pub(crate) async fn ask(pool: &Pool) -> Result<Room, Failure> {
    let room = pool.optional(room::ASK, &[], |fields| {
        let fields = fields.of("pg_stat_activity");
        Ok(Room { all: fields.number("all")?, taken: fields.number("taken")? })
    });
    room.await?.ok_or_else(|| Failure::Corrupt("the database does not tell its limits".to_owned()))
}
