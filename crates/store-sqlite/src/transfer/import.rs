use std::path::Path;

use handstamp_core::model::LogPosition;
use handstamp_core::store::StoreError;
use handstamp_core::store::transfer::{Contents, Counts, ImportError, Intake, Parcel, Row};
use rusqlite::{Connection, ErrorCode};
use tokio::sync::mpsc;

use super::counts;
use crate::apply::{self, rows};
use crate::connection;
use crate::failure::{Failure, Refusal};
use crate::query::execute;

const DOING: &str = "taking an installation in";

/// Takes in everything, in one transaction. Returns what it was, and how far the log ever was.
pub(crate) fn import(
    file: &Path,
    mut from: mpsc::Receiver<Parcel>,
) -> Result<(Counts, LogPosition), ImportError> {
    let Some(Parcel::Contents(contents)) = from.blocking_recv() else { return Err(ImportError::Incomplete) };
    // Until it is committed everything is in the transaction of a connection of its own, and goes with it.
    let connection = connection::writer(file).map_err(failed)?;
    execute(&connection, "BEGIN IMMEDIATE", []).map_err(told)?;
    refuse_anything(&connection)?;
    let taken = take_in(&connection, &contents, from)?;
    apply::events::advance_log(&connection, contents.head).map_err(told)?;
    check(&connection, &taken)?;
    execute(&connection, "COMMIT", []).map_err(told)?;
    Ok((taken, contents.head.max(contents.mark.unwrap_or(contents.head))))
}

fn refuse_anything(connection: &Connection) -> Result<(), ImportError> {
    let counts = counts(connection).map_err(told)?;
    match counts.iter().find(|(_, count)| *count > 0) {
        Some((kind, count)) => Err(ImportError::NotEmpty { kind, count }),
        None => Ok(()),
    }
}

fn take_in(
    connection: &Connection,
    contents: &Contents,
    mut from: mpsc::Receiver<Parcel>,
) -> Result<Counts, ImportError> {
    let mut intake = Intake::new(contents);
    loop {
        match from.blocking_recv() {
            Some(Parcel::Rows(rows)) => {
                for row in &rows {
                    intake.take(row)?;
                    rows::add(connection, row).map_err(|refusal| refused(row, refusal))?;
                }
            }
            Some(Parcel::End) => return intake.end(),
            Some(Parcel::Contents(_)) | None => return Err(ImportError::Incomplete),
        }
    }
}

/// Counts what is there, and believes no count of its own.
fn check(connection: &Connection, taken: &Counts) -> Result<(), ImportError> {
    let there = counts(connection).map_err(told)?;
    if there == *taken {
        return Ok(());
    }
    let what = format!("{} rows were written, and {} are there", taken.total(), there.total());
    Err(StoreError::Defect { doing: DOING, source: what.into() }.into())
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
    failure.into_store_error(DOING).into()
}
