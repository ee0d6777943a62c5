use handstamp_core::model::{LogPosition, RefreshState, SessionId, Step};
use handstamp_core::store::Conflict;
use handstamp_core::store::rows::{self, column};
use jiff::Timestamp;
use uuid::Uuid;

use super::plain;
use crate::connection::{Connection, Params};
use crate::failure::{Failure, Refusal};
use crate::read::{log, session_id};
use crate::sql::{Sql, refresh, sessions};

/// A refresh family that moves on.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Rotation {
    pub(crate) id: SessionId,
    pub(crate) from: RefreshState,
    pub(crate) to: RefreshState,
    pub(crate) idle_expiry: Timestamp,
}

/// An access token that came back.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sighting {
    pub(crate) id: SessionId,
    pub(crate) at: Timestamp,
    pub(crate) issued_under: Step,
}

/// Moves refresh families on, if everything the decisions rest on still holds. Says of each whether it did, and where the log stands.
/// No session may be among them twice.
pub(crate) async fn rotate_all(
    connection: &Connection,
    sql: Sql,
    moves: &[Rotation],
) -> Result<Vec<Option<LogPosition>>, Failure> {
    let ids = ids(moves.iter().map(|one| one.id));
    let (from, to): (Vec<_>, Vec<_>) = moves.iter().map(|one| (one.from, one.to)).unzip();
    let (from, to) = (Columns::of(&from), Columns::of(&to));
    let idle_expiry: Vec<i64> = moves.iter().map(|one| column::time(one.idle_expiry)).collect();
    let row: &[&(dyn tokio_postgres::types::ToSql + Sync)] = &[
        &ids,
        &from.generation,
        &from.branch,
        &from.parent_branch,
        &from.rotated_at,
        &from.handed_out_at,
        &from.confirmed,
        &to.generation,
        &to.branch,
        &to.parent_branch,
        &to.rotated_at,
        &to.handed_out_at,
        &to.confirmed,
        &idle_expiry,
    ];
    held(connection, sql, row, moves.len()).await
}

/// Notes that access tokens came back, in a transaction of its own. Returns where the log stands.
pub(crate) async fn see_all(connection: &Connection, seen: &[Sighting]) -> Result<LogPosition, Failure> {
    let (ids, at, generation, branch) = sightings(seen);
    let head = connection
        .optional(refresh::SEE_AT_ONCE, &[&ids, &at, &generation, &branch], rows::log::decode)
        .await?;
    head.ok_or_else(log::row_is_gone)
}

pub(super) async fn rotate(connection: &Connection, rotation: Rotation) -> Result<(), Refusal> {
    changed(&rotate_all(connection, refresh::ROTATE, &[rotation]).await?)
}

/// Notes that the current token was handed out again, if the family still stands where the decision found it.
pub(super) async fn hand_out_again(
    connection: &Connection,
    id: SessionId,
    from: Step,
    at: Timestamp,
) -> Result<(), Refusal> {
    let (generation, branch) = (i64::from(from.generation), i64::from(from.branch));
    let row: Params<'_> = &[&session_id(id), &generation, &branch, &column::time(at)];
    match connection.execute(refresh::HAND_OUT_AGAIN, row).await? {
        0 => Err(Conflict::SessionChanged.into()),
        _ => Ok(()),
    }
}

/// Notes that an access token came back. Of a session that is over or gone there is nothing to note.
pub(super) async fn see(connection: &Connection, seen: Sighting) -> Result<(), Refusal> {
    let (ids, at, generation, branch) = sightings(&[seen]);
    connection.execute(refresh::SEE, &[&ids, &at, &generation, &branch]).await?;
    Ok(())
}

/// Renames the device.
pub(super) async fn relabel(connection: &Connection, id: SessionId, device: &str) -> Result<(), Refusal> {
    match connection.execute(sessions::RELABEL, &[&session_id(id), &plain(device)]).await? {
        0 => Err(Conflict::SessionChanged.into()),
        _ => Ok(()),
    }
}

/// Keeps a session from running out before a moment, unless it is over.
pub(super) async fn keep(
    connection: &Connection,
    id: SessionId,
    idle_expiry: Timestamp,
) -> Result<(), Refusal> {
    connection.execute(sessions::KEEP, &[&session_id(id), &column::time(idle_expiry)]).await?;
    Ok(())
}

async fn held(
    connection: &Connection,
    sql: Sql,
    row: &[&(dyn tokio_postgres::types::ToSql + Sync)],
    count: usize,
) -> Result<Vec<Option<LogPosition>>, Failure> {
    let rows = connection
        .list(sql, row, |fields| {
            let number: usize = fields.of("sessions").number("number")?;
            Ok((number, rows::log::decode(fields)?))
        })
        .await?;
    let mut held = vec![None; count];
    for (number, head) in rows {
        // Numbers begin with 1.
        if let Some(place) = held.get_mut(number.wrapping_sub(1)) {
            *place = Some(head);
        }
    }
    Ok(held)
}

fn changed(held: &[Option<LogPosition>]) -> Result<(), Refusal> {
    if held.contains(&None) { Err(Conflict::SessionChanged.into()) } else { Ok(()) }
}

fn ids(ids: impl Iterator<Item = SessionId>) -> Vec<Uuid> {
    ids.map(session_id).collect()
}

fn steps(steps: impl Iterator<Item = Step>) -> (Vec<i64>, Vec<i64>) {
    steps.map(|step| (i64::from(step.generation), i64::from(step.branch))).unzip()
}

fn sightings(seen: &[Sighting]) -> (Vec<Uuid>, Vec<i64>, Vec<i64>, Vec<i64>) {
    let at = seen.iter().map(|one| column::time(one.at)).collect();
    let (generation, branch) = steps(seen.iter().map(|one| one.issued_under));
    (ids(seen.iter().map(|one| one.id)), at, generation, branch)
}

/// Refresh states, a column each.
struct Columns {
    generation: Vec<i64>,
    branch: Vec<i64>,
    parent_branch: Vec<Option<i64>>,
    rotated_at: Vec<i64>,
    handed_out_at: Vec<i64>,
    confirmed: Vec<bool>,
}

impl Columns {
    fn of(states: &[RefreshState]) -> Self {
        let (generation, branch) = steps(states.iter().map(RefreshState::current));
        Self {
            generation,
            branch,
            parent_branch: states.iter().map(|state| state.parent_branch.map(i64::from)).collect(),
            rotated_at: states.iter().map(|state| column::time(state.rotated_at)).collect(),
            handed_out_at: states.iter().map(|state| column::time(state.handed_out_at)).collect(),
            confirmed: states.iter().map(|state| state.confirmed).collect(),
        }
    }
}
