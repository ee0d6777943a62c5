use std::path::Path;

use handstamp_core::model::LogPosition;
use handstamp_core::store::transfer::{Contents, Counts, ImportError, Intake, Parcel, Row, TAKING_IN};
use rusqlite::{Connection, ErrorCode};
use tokio::sync::mpsc;

use super::counts;
use crate::apply::{self, rows};
use crate::connection;
use crate::failure::{Failure, Refusal};
use crate::query::execute;

/// Takes in everything, in one transaction. Returns what it was, and how far the log ever was.
pub(crate) fn import(
    file: &Path,
    mut from: mpsc::Receiver<Parcel>,
) -> Result<(Counts, LogPosition), ImportError> {
    let Some(Parcel::Contents(contents)) = from.blocking_recv() else { return Err(ImportError::Incomplete) };
    // Until it is committed everything is in the transaction of a connection of its own, and goes with it.
    let connection = connection::writer(file).map_err(failed)?;
    execute(&connection, "BEGIN IMMEDIATE", []).map_err(told)?;
    counts(&connection).map_err(told)?.refuse_anything()?;
    let taken = take_in(&connection, &contents, from)?;
    apply::events::advance_log(&connection, contents.head).map_err(told)?;
    if contents.mark.is_some_and(|mark| mark > contents.head) {
        // In the same transaction: the note beside the database is written after it.
        apply::events::mark_as_copy(&connection).map_err(told)?;
    }
    taken.check(&counts(&connection).map_err(told)?)?;
    execute(&connection, "COMMIT", []).map_err(told)?;
    Ok((taken, contents.head.max(contents.mark.unwrap_or(contents.head))))
}

fn take_in(
    connection: &Connection,
    contents: &Contents,
    mut from: mpsc::Receiver<Parcel>,
) -> Result<Counts, ImportError> {
    let mut intake = Intake::new(contents);
    while let Some(rows) = intake.accept(from.blocking_recv())? {
        for row in &rows {
            rows::add(connection, row).map_err(|refusal| refused(row, refusal))?;
        }
    }
    intake.end()
}

fn refused(row: &Row, refusal: Refusal) -> ImportError {
    let kind = row.kind();
    match refusal {
        Refusal::Conflict(conflict) => ImportError::Refused { kind, source: conflict.into() },
        Refusal::Failure(Failure::Sqlite(error))
            if error.sqlite_error_code() == Some(ErrorCode::ConstraintViolation) =>
        {
            ImportError::Refused { kind, source: error.into() }
        }
        Refusal::Failure(failure) => told(failure),
    }
}

fn failed(error: rusqlite::Error) -> ImportError {
    told(error.into())
}

fn told(failure: Failure) -> ImportError {
    failure.into_store_error(TAKING_IN).into()
}
