use std::pin::pin;

use futures_util::TryStreamExt;
use handstamp_core::model::LogPosition;
use handstamp_core::store::rows::{self, Fields};
use handstamp_core::store::transfer::{Contents, Kind, Packing, Parcel};
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
    match hand_out(&connection, mark, &to).await {
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

/// Why it goes no further.
enum Stop {
    NobodyListens,
    Failed(Failure),
}

async fn hand_out(
    connection: &Connection,
    mark: Option<LogPosition>,
    to: &mpsc::Sender<Parcel>,
) -> Result<(), Stop> {
    let send = async |parcel| to.send(parcel).await.map_err(|_| Stop::NobodyListens);
    // The first statement decides of which moment everything is.
    let head =
        connection.optional(sql::log::HEAD, &[], rows::log::decode).await?.ok_or_else(log::row_is_gone)?;
    let contents = Contents {
        store: STORE.to_owned(),
        schema: migrations::newest(),
        head,
        mark: mark.filter(|mark| *mark > head),
        counts: counts(connection).await?,
    };
    send(Parcel::Contents(contents)).await?;
    let mut packing = Packing::default();
    for kind in Kind::ALL {
        // Rows come as they are taken: the database waits for us, and we for whoever listens.
        let mut found = pin!(connection.stream(every(kind)).await?);
        while let Some(row) = found.try_next().await.map_err(Failure::from)? {
            let row = rows::decode(kind, &mut Fields::new(&PostgresRow(&row)));
            if let Some(full) = packing.add(row.map_err(Failure::from)?) {
                send(full).await?;
            }
        }
    }
    for parcel in packing.end() {
        send(parcel).await?;
    }
    Ok(())
}

pub(super) fn every(kind: Kind) -> Sql {
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
