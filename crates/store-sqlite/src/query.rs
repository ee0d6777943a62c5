//! Statements, prepared once a connection, and rows turned into values.

use handstamp_core::store::rows::{Fields, Unreadable};
use rusqlite::{Connection, Params};

use crate::failure::Failure;
use crate::row::SqliteRow;

/// Returns the first row, if there is one.
pub(crate) fn optional<T>(
    connection: &Connection,
    sql: &str,
    params: impl Params,
    decode: impl FnOnce(&mut Fields<'_>) -> Result<T, Unreadable>,
) -> Result<Option<T>, Failure> {
    let mut statement = connection.prepare_cached(sql)?;
    let mut rows = statement.query(params)?;
    Ok(rows.next()?.map(|row| decode(&mut Fields::new(&SqliteRow(row)))).transpose()?)
}

/// Returns all rows.
pub(crate) fn list<T>(
    connection: &Connection,
    sql: &str,
    params: impl Params,
    decode: impl Fn(&mut Fields<'_>) -> Result<T, Unreadable>,
) -> Result<Vec<T>, Failure> {
    let mut statement = connection.prepare_cached(sql)?;
    let mut rows = statement.query(params)?;
    let mut list = Vec::new();
    while let Some(row) = rows.next()? {
        list.push(decode(&mut Fields::new(&SqliteRow(row)))?);
    }
    Ok(list)
}

/// Returns whether there is any row.
pub(crate) fn exists(connection: &Connection, sql: &str, params: impl Params) -> Result<bool, Failure> {
    Ok(connection.prepare_cached(sql)?.exists(params)?)
}

/// Changes rows. Returns how many.
pub(crate) fn execute(connection: &Connection, sql: &str, params: impl Params) -> Result<usize, Failure> {
    Ok(connection.prepare_cached(sql)?.execute(params)?)
}
