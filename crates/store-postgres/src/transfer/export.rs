use std::pin::pin;

use futures_util::TryStreamExt;
use handstamp_core::model::LogPosition;
use handstamp_core::store::rows::{self, Fields};
use handstamp_core::store::transfer::{Contents, Kind, Parcel, ROWS_IN_A_PARCEL, Row};
use tokio::sync::mpsc;

use super::{PATIENCE, STORE, counts};
use crate::connection::Connection;
use crate::failure::Failure;
use crate::migrations;
use crate::pool::Pool;
use crate::read::log;
use crate::row::PostgresRow;
use crate::sql::{self, Sql, transactions, transfer};

/// Hands out everything there is, in one snapshot. `mark` is what is known of how far the log was.
pub(crate) async fn export(
    pool: &Pool,
    mark: Option<LogPosition>,
    to: mpsc::Sender<Parcel>,
) -> Result<(), Failure> {
    let connection = pool.patient_connection(PATIENCE).await?;
    connection.say(transfer::BEGIN_SNAPSHOT).await?;
    let mut parcels = Parcels { to, rows: Vec::with_capacity(ROWS_IN_A_PARCEL) };
    match parcels.all(&connection, mark).await {
        Ok(()) => connection.say(transactions::ROLLBACK).await,
        Err(stop) => {
            // Rows may be on their way still: nobody waits for them.
            connection.lose();
            match stop {
                Stop::NobodyListens => Ok(()),
                Stop::Failed(failure) => Err(failure),
            }
        }
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
    async fn all(&mut self, connection: &Connection, mark: Option<LogPosition>) -> Result<(), Stop> {
        // The first statement decides of which moment everything is.
        let head = connection
            .optional(sql::log::HEAD, &[], rows::log::decode)
            .await?
            .ok_or_else(log::row_is_gone)?;
        let contents = Contents {
            store: STORE.to_owned(),
            schema: migrations::newest(),
            head,
            mark: mark.filter(|mark| *mark > head),
            counts: counts(connection).await?,
        };
        self.send(Parcel::Contents(contents)).await?;
        for kind in Kind::ALL {
            self.rows_of(connection, kind).await?;
        }
        if !self.rows.is_empty() {
            self.send_rows().await?;
        }
        self.send(Parcel::End).await
    }

    async fn rows_of(&mut self, connection: &Connection, kind: Kind) -> Result<(), Stop> {
        // Rows come as they are taken: the database waits for us, and we for whoever listens.
        let mut found = pin!(connection.stream(every(kind)).await?);
        while let Some(row) = found.try_next().await.map_err(Failure::from)? {
            let row = rows::decode(kind, &mut Fields::new(&PostgresRow(&row)));
            self.rows.push(row.map_err(Failure::from)?);
            if self.rows.len() == ROWS_IN_A_PARCEL {
                self.send_rows().await?;
            }
        }
        Ok(())
    }

    async fn send_rows(&mut self) -> Result<(), Stop> {
        let rows = std::mem::replace(&mut self.rows, Vec::with_capacity(ROWS_IN_A_PARCEL));
        self.send(Parcel::Rows(rows)).await
    }

    async fn send(&self, parcel: Parcel) -> Result<(), Stop> {
        self.to.send(parcel).await.map_err(|_| Stop::NobodyListens)
    }
}

fn every(kind: Kind) -> Sql {
    match kind {
        Kind::Organization => sql::organizations::LIST,
        Kind::User => transfer::USERS,
        Kind::Profile => transfer::PROFILES,
        Kind::UpstreamLink => transfer::LINKS,
        Kind::Client => sql::clients::LIST,
        Kind::Key => sql::keys::LIST,
        Kind::StatusList => sql::status_lists::LIST,
        Kind::Session => transfer::SESSIONS,
        Kind::UpstreamSession => transfer::UPSTREAM_SESSIONS,
        Kind::Epoch => transfer::EPOCHS,
        Kind::Event => transfer::EVENTS,
        Kind::UsedId => transfer::USED_IDS,
        Kind::Report => sql::reports::LIST,
        Kind::Audit => transfer::AUDIT,
    }
}

impl From<Failure> for Stop {
    fn from(failure: Failure) -> Self {
        Self::Failed(failure)
    }
}
