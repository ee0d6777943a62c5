//! Changes turned into statements, one group of changes a file.
//!
//! A change may look before it writes, for nobody else writes meanwhile, but it *writes with one statement at most*: a
//! unit of work that is one change needs no savepoint then, because SQLite undoes a failed statement by itself. The end of a
//! group writes more, and has a savepoint always.

pub(crate) mod audit;
mod clients;
pub(crate) mod events;
mod keys;
mod organizations;
mod profiles;
mod reports;
pub(crate) mod rows;
mod session_ends;
mod session_groups;
mod session_moves;
mod session_start;
mod status_lists;
mod upstreams;
mod used;
mod users;

use handstamp_core::model::LogPosition;
use handstamp_core::store::{Change, Changes, Conflict};
use rusqlite::Connection;

use crate::failure::Refusal;

/// What a unit of work came to.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Done {
    /// Where the log stands after it.
    pub(crate) head: LogPosition,
    /// How many sessions were active and have ended.
    pub(crate) sessions_ended: u64,
}

/// Applies a unit of work inside the caller's transaction. The caller undoes what a refused one has written, and calls
/// [`events::advance_log`] before it commits.
pub(crate) fn apply(
    connection: &Connection,
    changes: &Changes,
    mut head: LogPosition,
) -> Result<Done, Refusal> {
    let mut sessions_ended = 0;
    for change in &changes.changes {
        if let Change::BeginEpoch { from, to, lost, forget_at } = change {
            if head.epoch != *from {
                return Err(Conflict::EpochChanged.into());
            }
            head = events::begin_epoch(connection, head, *to, *lost, *forget_at)?;
        } else if let Change::EndGroup { id, at, reason, event } = change {
            sessions_ended += session_groups::end(connection, *id, (*at, *reason), event, &mut head)?;
        } else {
            sessions_ended += apply_one(connection, change)?;
        }
    }
    for event in &changes.events {
        head.seq += 1;
        events::add(connection, head.seq, event)?;
    }
    for entry in &changes.audit {
        audit::add(connection, entry)?;
    }
    Ok(Done { head, sessions_ended })
}

/// Returns how many sessions it ended.
fn apply_one(connection: &Connection, change: &Change) -> Result<u64, Refusal> {
    match change {
        Change::EndSession { id, at, reason } => return session_ends::one(connection, *id, *at, *reason),
        Change::EndSessionsOf { user_id, except, at, reason } => {
            return session_ends::all_of(connection, *user_id, *except, *at, *reason);
        }
        Change::RotateSession { id, from, to, idle_expiry } => {
            session_moves::rotate(connection, *id, from, to, *idle_expiry)
        }
        Change::HandOutAgain { id, from, at } => session_moves::hand_out_again(connection, *id, from, *at),
        Change::SeeSession { id, at, issued_under } => {
            session_moves::see(connection, *id, *at, *issued_under)
        }
        Change::RelabelSession { id, device } => session_moves::relabel(connection, *id, device),
        Change::StartSession { session, user_version, at_most } => {
            session_start::start(connection, session, *user_version, *at_most)
        }
        Change::CreateUser(user) => users::create(connection, user),
        Change::CreateFirstUser(user) => users::create_first(connection, user),
        Change::UpdateUser(user) => users::update(connection, user),
        Change::RehashPassword { user_id, from, to } => users::rehash(connection, *user_id, from, to),
        Change::SetProfile { user_id, from, to } => profiles::set(connection, *user_id, from, to),
        Change::CreateOrganization(organization) => organizations::create(connection, organization),
        Change::UpdateOrganization(organization) => organizations::update(connection, organization),
        Change::LinkUpstream(link) => upstreams::link(connection, link),
        Change::UnlinkUpstream { user_id, upstream } => upstreams::unlink(connection, *user_id, upstream),
        Change::RememberUpstreamSession(beside) => upstreams::remember(connection, beside),
        Change::CheckUpstreamSession { from, to } => upstreams::check(connection, *from, to),
        Change::PlaceSession { id, from, to } => status_lists::place(connection, *id, *from, *to),
        Change::BeginStatusList(list) => status_lists::begin(connection, list),
        Change::TakePlaces { list, from, to, keep_until } => {
            status_lists::take(connection, *list, *from, *to, *keep_until)
        }
        Change::AddFirstKey(key) => keys::add_first(connection, key),
        Change::AddKey(key) => keys::add(connection, key),
        Change::AddNextKey(key) => keys::add_next(connection, key),
        Change::MoveKey { key, from } => keys::move_on(connection, key, from),
        Change::RemoveKey(id) => keys::remove(connection, id),
        // They move the log, which is the caller's.
        Change::BeginEpoch { .. } | Change::EndGroup { .. } => Ok(()),
        Change::KeepSession { id, idle_expiry } => session_groups::keep(connection, *id, *idle_expiry),
        Change::CreateClient(client) => clients::create(connection, client),
        Change::RemoveClient(id) => clients::remove(connection, id),
        Change::UseOnce { purpose, id, expires_at } => used::once(connection, *purpose, id, *expires_at),
        Change::NoteReport { report, at_most } => reports::note(connection, report, *at_most),
    }?;
    Ok(0)
}
