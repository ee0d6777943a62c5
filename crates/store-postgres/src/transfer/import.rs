use futures_util::future::try_join_all;
use handstamp_core::model::LogPosition;
use handstamp_core::store::transfer::{Contents, Counts, ImportError, Intake, Parcel, Row, TAKING_IN};
use tokio::sync::mpsc;

use super::{PATIENCE, counts};
use crate::apply::rows;
use crate::connection::Connection;
use crate::failure::{Failure, Refusal};
use crate::pool::Pool;
use crate::sql::{transactions, transfer};

/// So many rows are under way at a time: the way to the database and back is waited for once for all of them.
///
/// They arrive in their order, because they are first looked at in their order: `join_all` promises that for thirty.
const UNDER_WAY: usize = 30;

/// Takes in everything, in one transaction. Returns what it was, and where the log stands.
pub(crate) async fn import(
    pool: &Pool,
    mut from: mpsc::Receiver<Parcel>,
) -> Result<(Counts, LogPosition), ImportError> {
    let Some(Parcel::Contents(contents)) = from.recv().await else { return Err(ImportError::Incomplete) };
    let connection = pool.patient_connection(PATIENCE).await.map_err(told)?;
    connection.say(transfer::BEGIN_IMPORT).await.map_err(told)?;
    let done = in_transaction(&connection, &contents, from).await;
    if done.is_err() {
        // Whatever it was doing: closed, it holds nothing.
        connection.lose();
    }
    Ok((done?, contents.head))
}

async fn in_transaction(
    connection: &Connection,
    contents: &Contents,
    from: mpsc::Receiver<Parcel>,
) -> Result<Counts, ImportError> {
    counts(connection).await.map_err(told)?.refuse_anything()?;
    let taken = take_in(connection, contents, from).await?;
    let lost = contents.mark.is_some_and(|mark| mark > contents.head);
    rows::set_log(connection, contents.head, lost).await.map_err(told)?;
    taken.check(&counts(connection).await.map_err(told)?)?;
    connection.say(transactions::COMMIT).await.map_err(told)?;
    Ok(taken)
}

async fn take_in(
    connection: &Connection,
    contents: &Contents,
    mut from: mpsc::Receiver<Parcel>,
) -> Result<Counts, ImportError> {
    let mut intake = Intake::new(contents);
    while let Some(rows) = intake.accept(from.recv().await)? {
        for of_one_kind in rows.chunk_by(|a, b| a.kind() == b.kind()) {
            write(connection, of_one_kind).await?;
        }
    }
    intake.end()
}

async fn write(connection: &Connection, rows: &[Row]) -> Result<(), ImportError> {
    let one = async |row| rows::add(connection, row).await.map_err(|refusal| refused(row, refusal));
    // The first one by itself prepares the statement; after that no row waits before it is sent.
    let Some((first, rest)) = rows.split_first() else { return Ok(()) };
    one(first).await?;
    for some in rest.chunks(UNDER_WAY) {
        try_join_all(some.iter().map(&one)).await?;
    }
    Ok(())
}

fn refused(row: &Row, refusal: Refusal) -> ImportError {
    let kind = row.kind();
    match refusal {
        Refusal::Conflict(conflict) => ImportError::Refused { kind, source: conflict.into() },
        Refusal::Failure(Failure::Postgres(error)) if is_about_the_row(&error) => {
            ImportError::Refused { kind, source: error.into() }
        }
        Refusal::Failure(failure) => told(failure),
    }
}

/// Class 23 of PostgreSQL's appendix A: a constraint would have been broken.
fn is_about_the_row(error: &tokio_postgres::Error) -> bool {
    error.code().is_some_and(|code| code.code().starts_with("23"))
}

fn told(failure: Failure) -> ImportError {
    failure.into_store_error(TAKING_IN).into()
}
