use std::pin::pin;

use futures_util::TryStreamExt;
use handstamp_core::model::{LogPosition, OneTimePurpose, UserId};
use handstamp_core::store::transfer::{Contents, Kind, Parcel, ROWS_IN_A_PARCEL, Row};
use tokio::sync::mpsc;

use super::{PATIENCE, STORE, counts};
use crate::connection::Connection;
use crate::failure::Failure;
use crate::fields::Fields;
use crate::migrations;
use crate::pool::Pool;
use crate::read::{
    audit, clients, keys, log, organizations, profiles, reports, sessions, status_lists, upstreams, users,
};
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
        let head =
            connection.optional(sql::log::HEAD, &[], log::decode).await?.ok_or_else(log::row_is_gone)?;
        let contents = Contents {
            store: STORE.to_owned(),
            schema: migrations::newest(),
            head,
            mark: mark.filter(|mark| *mark > head),
            counts: counts(connection).await?,
        };
        self.send(Parcel::Contents(contents)).await?;
        for kind in Kind::ALL {
            let (sql, decode) = statement(kind);
            self.rows_of(connection, sql, decode).await?;
        }
        if !self.rows.is_empty() {
            self.send_rows().await?;
        }
        self.send(Parcel::End).await
    }

    async fn rows_of(&mut self, connection: &Connection, sql: Sql, decode: Decode) -> Result<(), Stop> {
        // Rows come as they are taken: the database waits for us, and we for whoever listens.
        let mut rows = pin!(connection.stream(sql).await?);
        while let Some(row) = rows.try_next().await.map_err(Failure::from)? {
            self.rows.push(decode(&mut Fields::new(&row))?);
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

type Decode = fn(&mut Fields<'_>) -> Result<Row, Failure>;

fn statement(kind: Kind) -> (Sql, Decode) {
    match kind {
        Kind::Organization => (sql::organizations::LIST, |fields| {
            let organization = organizations::decode_optional(fields)?;
            let missing = || fields.wrong("id", "nothing");
            organization.map(Row::Organization).ok_or_else(missing)
        }),
        Kind::User => (transfer::USERS, |fields| users::decode(fields).map(Row::User)),
        Kind::Profile => (transfer::PROFILES, |fields| {
            let user_id = UserId::from_bytes(fields.of("profiles").id("user_id")?);
            Ok(Row::Profile { user_id, profile: profiles::decode(fields)? })
        }),
        Kind::UpstreamLink => {
            (transfer::LINKS, |fields| upstreams::decode_link(fields).map(Row::UpstreamLink))
        }
        Kind::Client => (sql::clients::LIST, |fields| clients::decode(fields).map(Row::Client)),
        Kind::Key => (sql::keys::LIST, |fields| keys::decode(fields).map(Row::Key)),
        Kind::StatusList => {
            (sql::status_lists::LIST, |fields| status_lists::decode(fields).map(Row::StatusList))
        }
        Kind::Session => (transfer::SESSIONS, |fields| sessions::decode(fields).map(Row::Session)),
        Kind::UpstreamSession => (transfer::UPSTREAM_SESSIONS, |fields| {
            upstreams::decode_session(fields).map(Row::UpstreamSession)
        }),
        Kind::Epoch => (transfer::EPOCHS, |fields| {
            let last = log::decode_epoch(fields)?;
            Ok(Row::Epoch { last, forget_at: fields.time("forget_at")? })
        }),
        Kind::Event => (transfer::EVENTS, |fields| log::decode_event(fields).map(Row::Event)),
        Kind::UsedId => (transfer::USED_IDS, |fields| {
            let fields = fields.of("used_ids");
            Ok(Row::UsedId {
                purpose: fields.name("purpose", OneTimePurpose::from_name)?,
                id: fields.text("id")?.to_owned(),
                expires_at: fields.time("expires_at")?,
            })
        }),
        Kind::Report => (sql::reports::LIST, |fields| reports::decode(fields).map(Row::Report)),
        Kind::Audit => (transfer::AUDIT, |fields| audit::decode(fields).map(Row::Audit)),
    }
}

impl From<Failure> for Stop {
    fn from(failure: Failure) -> Self {
        Self::Failed(failure)
    }
}
