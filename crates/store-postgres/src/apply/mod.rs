//! Changes turned into statements, one group of changes a file.
//!
//! Transactions read what others have committed at each statement (`READ COMMITTED`), so that a change which looks before it writes
//! locks first what it looks at. Locks are taken in one order: the user, then sessions by id, then all else; the row of the log
//! comes last of all, for everybody who has an event waits for it. A carried session that rotates, and then keeps the one it comes from,
//! may meet somebody who locks the two the other way round: the database undoes one of them, and it is tried again.

mod audit;
mod clients;
mod epochs;
mod events;
mod keys;
mod organizations;
mod profiles;
mod reports;
pub(crate) mod rows;
mod session_ends;
mod session_groups;
pub(crate) mod session_moves;
mod session_start;
mod status_lists;
mod upstreams;
mod used;
mod users;

use std::borrow::Cow;

use handstamp_core::model::{LogPosition, NewEvent};
use handstamp_core::store::{Change, Changes};

use crate::connection::Connection;
use crate::failure::Refusal;
use crate::history::Place;
use session_moves::{Rotation, Sighting};
pub(crate) use users::conflict_of;

/// A unit of work within its transaction.
pub(crate) struct Work<'a> {
    pub(crate) connection: &'a Connection,
    /// Where others listen for what moves the log.
    pub(crate) channel: &'a str,
    /// On which line of history we are, for an epoch that begins.
    pub(crate) here: Option<Place>,
}

/// What a unit of work came to.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Done {
    /// Where the log stands after it, if it has moved.
    pub(crate) moved_to: Option<LogPosition>,
    /// How many sessions were active and have ended.
    pub(crate) sessions_ended: u64,
}

impl Work<'_> {
    /// Applies everything, or stops at the first conflict. The caller ends the transaction.
    pub(crate) async fn apply(&self, changes: &Changes) -> Result<Done, Refusal> {
        let mut sessions_ended = 0;
        let mut moved_to = None;
        let mut events: Vec<NewEvent> = Vec::new();
        for change in &changes.changes {
            match change {
                Change::BeginEpoch { from, to, lost, forget_at } => {
                    events::append(self, &std::mem::take(&mut events)).await?;
                    moved_to = Some(epochs::begin(self, *from, *to, *lost, *forget_at).await?);
                }
                Change::EndGroup { id, at, reason, event } => {
                    let ended = session_groups::end(self.connection, *id, *at, *reason, event).await?;
                    sessions_ended += ended.len() as u64;
                    events.extend(ended);
                }
                change => sessions_ended += self.apply_one(change).await?,
            }
        }
        for entry in &changes.audit {
            audit::add(self.connection, entry).await?;
        }
        events.extend(changes.events.iter().cloned());
        match (events::append(self, &events).await?, moved_to) {
            (Some(head), _) => moved_to = Some(head),
            (None, Some(head)) => events::tell(self, head).await?,
            (None, None) => {}
        }
        Ok(Done { moved_to, sessions_ended })
    }

    /// Returns how many sessions it ended.
    async fn apply_one(&self, change: &Change) -> Result<u64, Refusal> {
        let connection = self.connection;
        match change {
            Change::EndSession { id, at, reason } => {
                return session_ends::one(connection, *id, *at, *reason).await;
            }
            Change::EndSessionsOf { user_id, except, at, reason } => {
                return session_ends::all_of(connection, *user_id, *except, *at, *reason).await;
            }
            Change::RotateSession { id, from, to, idle_expiry } => {
                let rotation = Rotation { id: *id, from: *from, to: *to, idle_expiry: *idle_expiry };
                session_moves::rotate(connection, rotation).await
            }
            Change::HandOutAgain { id, from, at } => {
                session_moves::hand_out_again(connection, *id, from.current(), *at).await
            }
            Change::SeeSession { id, at, issued_under } => {
                session_moves::see(connection, Sighting { id: *id, at: *at, issued_under: *issued_under })
                    .await
            }
            Change::RelabelSession { id, device } => session_moves::relabel(connection, *id, device).await,
            Change::KeepSession { id, idle_expiry } => {
                session_moves::keep(connection, *id, *idle_expiry).await
            }
            Change::StartSession { session, user_version, at_most } => {
                session_start::start(connection, session, *user_version, *at_most).await
            }
            Change::CreateUser(user) => users::create(connection, user).await,
            Change::CreateFirstUser(user) => users::create_first(connection, user).await,
            Change::UpdateUser(user) => users::update(connection, user).await,
            Change::RehashPassword { user_id, from, to } => {
                users::rehash(connection, *user_id, from, to).await
            }
            Change::SetProfile { user_id, from, to } => profiles::set(connection, *user_id, from, to).await,
            Change::CreateOrganization(organization) => organizations::create(connection, organization).await,
            Change::UpdateOrganization(organization) => organizations::update(connection, organization).await,
            Change::LinkUpstream(link) => upstreams::link(connection, link).await,
            Change::UnlinkUpstream { user_id, upstream } => {
                upstreams::unlink(connection, *user_id, upstream).await
            }
            Change::RememberUpstreamSession(beside) => upstreams::remember(connection, beside).await,
            Change::CheckUpstreamSession { from, to } => upstreams::check(connection, *from, to).await,
            Change::PlaceSession { id, from, to } => status_lists::place(connection, *id, *from, *to).await,
            Change::BeginStatusList(list) => status_lists::begin(connection, list).await,
            Change::TakePlaces { list, from, to, keep_until } => {
                status_lists::take(connection, *list, *from, *to, *keep_until).await
            }
            Change::AddFirstKey(key) => keys::add_first(connection, key).await,
            Change::AddKey(key) => keys::add(connection, key).await,
            Change::AddNextKey(key) => keys::add_next(connection, key).await,
            Change::MoveKey { key, from } => keys::move_on(connection, key, from).await,
            Change::RemoveKey(id) => keys::remove(connection, id).await,
            Change::CreateClient(client) => clients::create(connection, client).await,
            Change::RemoveClient(id) => clients::remove(connection, id).await,
            Change::UseOnce { purpose, id, expires_at } => {
                used::once(connection, *purpose, id, *expires_at).await
            }
            Change::NoteReport { report, at_most } => reports::note(connection, report, *at_most).await,
            // Done by the caller.
            Change::BeginEpoch { .. } | Change::EndGroup { .. } => Ok(()),
        }?;
        Ok(0)
    }
}

/// Returns text as PostgreSQL can keep it: it has no U+0000, and whoever sends us one in a label must not make a statement fail.
fn plain<'a>(text: impl Into<Cow<'a, str>>) -> Cow<'a, str> {
    let text = text.into();
    if text.contains('\0') { text.replace('\0', "\u{fffd}").into() } else { text }
}
