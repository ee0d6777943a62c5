use std::path::Path;

use handstamp_core::model::{LogPosition, OneTimePurpose, UserId};
use handstamp_core::store::transfer::{Contents, Kind, Parcel, ROWS_IN_A_PARCEL, Row};
use rusqlite::Connection;
use tokio::sync::mpsc;

use super::{STORE, counts};
use crate::connection;
use crate::failure::Failure;
use crate::fields::Fields;
use crate::migrations;
use crate::read::{
    audit, clients, keys, log, organizations, profiles, reports, sessions, status_lists, upstreams, used,
    users,
};

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
            self.kind(connection, kind)?;
        }
        if !self.rows.is_empty() {
            self.send_rows()?;
        }
        self.send(Parcel::End)
    }

    fn kind(&mut self, connection: &Connection, kind: Kind) -> Result<(), Stop> {
        let (sql, decode): (&str, Decode) = match kind {
            Kind::Organization => {
                (organizations::EVERY, |fields| organizations::decode(fields).map(Row::Organization))
            }
            Kind::User => (users::EVERY, |fields| users::decode(fields).map(Row::User)),
            Kind::Profile => (profiles::EVERY, |fields| {
                let user_id = UserId::from_bytes(fields.of("profiles").id("user_id")?);
                Ok(Row::Profile { user_id, profile: profiles::decode(fields)? })
            }),
            Kind::UpstreamLink => {
                (upstreams::EVERY_LINK, |fields| upstreams::decode_link(fields).map(Row::UpstreamLink))
            }
            Kind::Client => (clients::EVERY, |fields| clients::decode(fields).map(Row::Client)),
            Kind::Key => (keys::EVERY, |fields| keys::decode(fields).map(Row::Key)),
            Kind::StatusList => {
                (status_lists::EVERY, |fields| status_lists::decode(fields).map(Row::StatusList))
            }
            Kind::Session => (sessions::EVERY, |fields| sessions::decode(fields).map(Row::Session)),
            Kind::UpstreamSession => (upstreams::EVERY_SESSION, |fields| {
                upstreams::decode_session(fields).map(Row::UpstreamSession)
            }),
            Kind::Epoch => (log::EVERY_EPOCH, |fields| {
                let last = log::decode_epoch(fields)?;
                Ok(Row::Epoch { last, forget_at: fields.time("forget_at")? })
            }),
            Kind::Event => (log::EVERY_EVENT, |fields| log::decode_event(fields).map(Row::Event)),
            Kind::UsedId => (used::EVERY, |fields| {
                let fields = fields.of("used_ids");
                Ok(Row::UsedId {
                    purpose: fields.name("purpose", OneTimePurpose::from_name)?,
                    id: fields.text("id")?.to_owned(),
                    expires_at: fields.time("expires_at")?,
                })
            }),
            Kind::Report => (reports::EVERY, |fields| reports::decode(fields).map(Row::Report)),
            Kind::Audit => (audit::EVERY, |fields| audit::decode(fields).map(Row::Audit)),
        };
        self.rows_of(connection, sql, decode)
    }

    fn rows_of(&mut self, connection: &Connection, sql: &str, decode: Decode) -> Result<(), Stop> {
        let mut statement = connection.prepare(sql)?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            self.rows.push(decode(&mut Fields::new(row))?);
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

type Decode = fn(&mut Fields<'_, '_>) -> Result<Row, Failure>;

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
