//! Rows of another store, written as they are: nothing is decided here, and what does not fit the tables is refused by them.

use handstamp_core::model::{LogPosition, Profile, UserId};
use handstamp_core::store::rows::column;
use handstamp_core::store::transfer::Row;
use jiff::Timestamp;
use rusqlite::{Connection, params};

use super::{
    audit, clients, events, keys, organizations, reports, session_start, status_lists, upstreams, used, users,
};
use crate::failure::{Failure, Refusal};
use crate::query::execute;

/// Adds a row.
pub(crate) fn add(connection: &Connection, row: &Row) -> Result<(), Refusal> {
    match row {
        Row::Organization(row) => organizations::create(connection, row),
        Row::User(row) => users::create(connection, row),
        Row::Profile { user_id, profile } => Ok(add_profile(connection, *user_id, profile)?),
        Row::UpstreamLink(row) => upstreams::link(connection, row),
        Row::Client(row) => clients::create(connection, row),
        Row::Key(row) => keys::add(connection, row),
        Row::StatusList(row) => status_lists::begin(connection, row),
        Row::Session(row) => session_start::insert(connection, row),
        Row::UpstreamSession(row) => upstreams::insert(connection, row),
        Row::Epoch { last, forget_at } => Ok(add_epoch(connection, *last, *forget_at)?),
        Row::Event(row) => Ok(events::add(connection, row.seq, &row.event)?),
        Row::UsedId { purpose, id, expires_at } => used::once(connection, *purpose, id, *expires_at),
        Row::Report(row) => Ok(reports::add(connection, row)?),
        Row::Audit(row) => Ok(audit::add(connection, row)?),
    }
}

fn add_profile(connection: &Connection, user: UserId, profile: &Profile) -> Result<(), Failure> {
    let sql = "INSERT INTO profiles (user_id, members) VALUES (?1, ?2)";
    execute(connection, sql, params![user.as_bytes(), profile.to_json()]).map(drop)
}

fn add_epoch(connection: &Connection, last: LogPosition, forget_at: Timestamp) -> Result<(), Failure> {
    let sql = "INSERT INTO revocation_epochs (epoch, last_seq, forget_at) VALUES (?1, ?2, ?3)";
    execute(connection, sql, params![last.epoch, column::number(last.seq), column::time(forget_at)]).map(drop)
}
