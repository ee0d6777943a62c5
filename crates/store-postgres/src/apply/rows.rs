//! Rows of another store, written as they are: nothing is decided here, and what does not fit the tables is refused by them.

use handstamp_core::model::{ClientId, LogPosition, OrgId, RevocationEvent, VerifierReport};
use handstamp_core::store::rows::{self, column};
use handstamp_core::store::transfer::Row;
use handstamp_token::KeyId;

use super::{
    audit, clients, events, keys, organizations, session_start, status_lists, upstreams, used, users,
};
use crate::connection::{Connection, Params};
use crate::failure::{Failure, Refusal};
use crate::read::user_id;
use crate::sql::{log, transfer};

/// Adds a row.
pub(crate) async fn add(connection: &Connection, row: &Row) -> Result<(), Refusal> {
    match row {
        Row::Organization(row) => organizations::create(connection, row).await,
        Row::User(row) => users::create(connection, row).await,
        Row::Profile { user_id: user, profile } => {
            let row: Params<'_> = &[&user_id(*user), &profile.to_json()];
            Ok(connection.execute(transfer::ADD_PROFILE, row).await.map(drop)?)
        }
        Row::UpstreamLink(row) => upstreams::link(connection, row).await,
        Row::Client(row) => clients::create(connection, row).await,
        Row::Key(row) => keys::add(connection, row).await,
        Row::StatusList(row) => status_lists::begin(connection, row).await,
        Row::Session(row) => session_start::insert(connection, row).await,
        Row::UpstreamSession(row) => upstreams::insert(connection, row).await,
        Row::Epoch { last, forget_at } => {
            let row: Params<'_> =
                &[&i64::from(last.epoch), &column::number(last.seq), &column::time(*forget_at)];
            Ok(connection.execute(log::ADD_EPOCH, row).await.map(drop)?)
        }
        Row::Event(row) => Ok(add_event(connection, row).await?),
        Row::UsedId { purpose, id, expires_at } => used::once(connection, *purpose, id, *expires_at).await,
        Row::Report(row) => Ok(add_report(connection, row).await?),
        Row::Audit(row) => Ok(audit::add(connection, row).await?),
    }
}

/// Lets the log go on from where another stood, which may have lost its end.
pub(crate) async fn set_log(connection: &Connection, head: LogPosition, lost: bool) -> Result<(), Failure> {
    let row: Params<'_> = &[&i64::from(head.epoch), &column::number(head.seq), &lost];
    connection.execute(transfer::SET_LOG, row).await.map(drop)
}

async fn add_event(
    connection: &Connection,
    RevocationEvent { seq, event }: &RevocationEvent,
) -> Result<(), Failure> {
    let (selector, target) = events::selector(&event.selector);
    let row: Params<'_> = &[
        &column::number(*seq),
        &selector,
        &target,
        &rows::log::kind(event.kind),
        &event.reason.as_str(),
        &column::time(event.at),
        &column::time(event.forget_at),
        &event.user.map(user_id),
        &event.org_id.as_ref().map(OrgId::as_str),
    ];
    connection.execute(transfer::ADD_EVENT, row).await.map(drop)
}

async fn add_report(connection: &Connection, report: &VerifierReport) -> Result<(), Failure> {
    let row: Params<'_> = &[
        &report.client.as_ref().map_or("", ClientId::as_str),
        &report.instance.as_str(),
        &column::texts(report.kids.iter().map(KeyId::as_str)),
        &i64::from(report.position.epoch),
        &column::number(report.position.seq),
        &i64::try_from(report.lag.as_millis()).unwrap_or(i64::MAX),
        &column::time(report.reported_at),
    ];
    connection.execute(transfer::ADD_REPORT, row).await.map(drop)
}
