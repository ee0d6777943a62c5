use std::path::Path;

use handstamp_core::model::LogPosition;
use handstamp_core::store::rows::{self, Fields};
use handstamp_core::store::transfer::{Contents, Kind, Parcel, ROWS_IN_A_PARCEL, Row};
use rusqlite::Connection;
use tokio::sync::mpsc;

use super::{STORE, counts};
use crate::connection;
use crate::failure::Failure;
use crate::migrations;
use crate::read::{
    audit, clients, keys, log, organizations, profiles, reports, sessions, status_lists, upstreams, used,
    users,
};
use crate::row::SqliteRow;

/// Hands out everything there is, in one snapshot. `mark` is what is known beside the database of how far the log was.
pub(crate) fn export(
    file: &Path,
    mark: Option<LogPosition>,
    to: mpsc::Sender<Parcel>,
) -> Result<(), Failure> {
    let connection = connection::reader(file)?;
    // What is read first decides of which moment everything is that follows. It ends with the connection.
    connection.execute_batch("BEGIN")?;
    let head = log::head(&connection)?;
    let contents = Contents {
        store: STORE.to_owned(),
        schema: u32::try_from(migrations::newest()).unwrap_or(u32::MAX),
        head,
        mark: mark.max(log::mark_of_copy(&connection)?).filter(|mark| *mark > head),
        counts: counts(&connection)?,
    };
    let mut parcels = Parcels { to, rows: Vec::with_capacity(ROWS_IN_A_PARCEL) };
    match parcels.all(&connection, contents) {
        Ok(()) | Err(Stop::NobodyListens) => Ok(()),
        Err(Stop::Failed(failure)) => Err(failure),
    }
}

struct Parcels {
    to: mpsc::Sender<Parcel>,
    rows: Vec<Row>,
}

/// Why it goes no further.
enum Stop {
    NobodyListens,
    Failed(Failure),
}

impl Parcels {
    fn all(&mut self, connection: &Connection, contents: Contents) -> Result<(), Stop> {
        self.send(Parcel::Contents(contents))?;
        for kind in Kind::ALL {
            self.rows_of(connection, kind)?;
        }
        if !self.rows.is_empty() {
            self.send_rows()?;
        }
        self.send(Parcel::End)
    }

    fn rows_of(&mut self, connection: &Connection, kind: Kind) -> Result<(), Stop> {
        let mut statement = connection.prepare(every(kind))?;
        let mut found = statement.query([])?;
        while let Some(row) = found.next()? {
            let row = rows::decode(kind, &mut Fields::new(&SqliteRow(row)));
            self.rows.push(row.map_err(Failure::from)?);
            if self.rows.len() == ROWS_IN_A_PARCEL {
                self.send_rows()?;
            }
        }
        Ok(())
    }

    fn send_rows(&mut self) -> Result<(), Stop> {
        let rows = std::mem::replace(&mut self.rows, Vec::with_capacity(ROWS_IN_A_PARCEL));
        self.send(Parcel::Rows(rows))
    }

    fn send(&self, parcel: Parcel) -> Result<(), Stop> {
        self.to.blocking_send(parcel).map_err(|_| Stop::NobodyListens)
    }
}

fn every(kind: Kind) -> &'static str {
    match kind {
        Kind::Organization => organizations::EVERY,
        Kind::User => users::EVERY,
        Kind::Profile => profiles::EVERY,
        Kind::UpstreamLink => upstreams::EVERY_LINK,
        Kind::Client => clients::EVERY,
        Kind::Key => keys::EVERY,
        Kind::StatusList => status_lists::EVERY,
        Kind::Session => sessions::EVERY,
        Kind::UpstreamSession => upstreams::EVERY_SESSION,
        Kind::Epoch => log::EVERY_EPOCH,
        Kind::Event => log::EVERY_EVENT,
        Kind::UsedId => used::EVERY,
        Kind::Report => reports::EVERY,
        Kind::Audit => audit::EVERY,
    }
}

impl From<Failure> for Stop {
    fn from(failure: Failure) -> Self {
        Self::Failed(failure)
    }
}

impl From<rusqlite::Error> for Stop {
    fn from(error: rusqlite::Error) -> Self {
        Self::Failed(error.into())
    }
}
