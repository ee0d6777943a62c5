use std::path::Path;

use handstamp_core::model::LogPosition;
use handstamp_core::store::rows::{self, Fields};
use handstamp_core::store::transfer::{Contents, Kind, Packing, Parcel};
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
    to: &mpsc::Sender<Parcel>,
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
    match hand_out(&connection, contents, to) {
        Ok(()) | Err(Stop::NobodyListens) => Ok(()),
        Err(Stop::Failed(failure)) => Err(failure),
    }
}

/// Why it goes no further.
enum Stop {
    NobodyListens,
    Failed(Failure),
}

fn hand_out(connection: &Connection, contents: Contents, to: &mpsc::Sender<Parcel>) -> Result<(), Stop> {
    let send = |parcel| to.blocking_send(parcel).map_err(|_| Stop::NobodyListens);
    send(Parcel::Contents(contents))?;
    let mut packing = Packing::default();
    for kind in Kind::ALL {
        let mut statement = connection.prepare(every(kind))?;
        let mut found = statement.query([])?;
        while let Some(row) = found.next()? {
            let row = rows::decode(kind, &mut Fields::new(&SqliteRow(row)));
            if let Some(full) = packing.add(row.map_err(Failure::from)?) {
                send(full)?;
            }
        }
    }
    packing.end().try_for_each(send)
}

pub(super) fn every(kind: Kind) -> &'static str {
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
