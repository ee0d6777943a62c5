//! What the rules ask of a database, and what a flow changes as one unit.
//!
//! A flow reads, decides, and hands over one [`Changes`]: the store applies all of it in one transaction or none.
//! A change carries the state it was decided on, so that a store refuses it (`Conflict`) when somebody else was
//! faster; the flow then reads and decides again. No lock and no transaction is ever held while a flow thinks.

mod changes;
mod clean_up;
mod error;
mod refusal;
pub mod rows;
pub mod transfer;

use async_trait::async_trait;
use jiff::Timestamp;

pub use changes::{Applied, Change, Changes, Conflict, Durability};
pub use clean_up::{CleanUp, CleanedUp};
pub use error::StoreError;
pub use refusal::Refusal;

use crate::model::{
    AuditEntry, Client, ClientId, LogPosition, Login, OrgId, Organization, Profile, RevocationEvent, Session,
    SessionId, StatusList, StatusListId, StoredKey, TokenStatus, UpstreamLink, UpstreamName,
    UpstreamSelector, UpstreamSession, UpstreamSubject, User, UserId, Username, VerifierReport,
};

/// A database.
///
/// "Not found" is `Ok(None)`. Every implementation passes `test_support::contract`.
#[async_trait]
pub trait Store: Send + Sync + 'static {
    /// Returns a user by id.
    async fn user(&self, id: UserId) -> Result<Option<User>, StoreError>;

    /// Returns a user by what they type.
    async fn user_by_login(&self, login: &Login) -> Result<Option<User>, StoreError>;

    /// Returns up to `limit` users in the order of their names, those after `after`.
    async fn users(&self, after: Option<&Username>, limit: u32) -> Result<Vec<User>, StoreError>;

    /// Returns whether there is any user at all.
    async fn has_users(&self) -> Result<bool, StoreError>;

    /// Returns an organisation by id.
    async fn organization(&self, id: &OrgId) -> Result<Option<Organization>, StoreError>;

    /// Returns every organisation, in the order of ids.
    async fn organizations(&self) -> Result<Vec<Organization>, StoreError>;

    /// Returns a session by id, whatever its state.
    async fn session(&self, id: SessionId) -> Result<Option<Session>, StoreError>;

    /// Returns the sessions of a user that are active and not past their expiries at `now`, newest first.
    async fn live_sessions(&self, user: UserId, now: Timestamp) -> Result<Vec<Session>, StoreError>;

    /// Returns all that an access token says of a user, read in one snapshot: a later event still hits the token.
    async fn subject(&self, user: UserId) -> Result<Option<Subject>, StoreError>;

    /// Returns a session together with its user's [`Subject`], read in one snapshot.
    async fn session_subject(&self, id: SessionId) -> Result<Option<(Session, Subject)>, StoreError>;

    /// Returns a user's profile with all else that is told beside it, in one snapshot. A profile that was never set is empty.
    async fn profile(&self, user: UserId) -> Result<Option<(Subject, Profile)>, StoreError>;

    /// Returns who somebody at an upstream is here.
    async fn upstream_link(
        &self,
        upstream: &UpstreamName,
        subject: &UpstreamSubject,
    ) -> Result<Option<UpstreamLink>, StoreError>;

    /// Returns the links of a user, in the order of upstreams.
    async fn upstream_links_of(&self, user: UserId) -> Result<Vec<UpstreamLink>, StoreError>;

    /// Returns what stands beside a session that began at an upstream and that nobody has ended.
    async fn upstream_session(&self, id: SessionId) -> Result<Option<UpstreamSession>, StoreError>;

    /// Returns those that an upstream means, of sessions that nobody has ended, in the order of ids.
    async fn upstream_sessions(
        &self,
        upstream: &UpstreamName,
        selector: &UpstreamSelector,
    ) -> Result<Vec<UpstreamSession>, StoreError>;

    /// Returns a machine client by id.
    async fn client(&self, id: &ClientId) -> Result<Option<Client>, StoreError>;

    /// Returns every machine client, in the order of ids.
    async fn clients(&self) -> Result<Vec<Client>, StoreError>;

    /// Returns every key of every purpose and state, oldest first.
    async fn keys(&self) -> Result<Vec<StoredKey>, StoreError>;

    /// Returns what every process of every service last said about itself, in the order of services and processes.
    async fn reports(&self) -> Result<Vec<VerifierReport>, StoreError>;

    /// Returns where the revocation log stands.
    async fn log_head(&self) -> Result<LogPosition, StoreError>;

    /// Returns the epochs of the revocation log that the current one goes on from, oldest first, each with its last number.
    async fn earlier_epochs(&self) -> Result<Vec<LogPosition>, StoreError>;

    /// Returns how far the log is known to have been by a note outside the database, which a restored backup leaves as it is.
    /// `None` where there is no such note.
    async fn log_mark(&self) -> Result<Option<LogPosition>, StoreError>;

    /// Waits until the log has moved past a position, as far as this process hears of it by itself: at once of what it commits,
    /// perhaps never of what others do.
    async fn log_moved(&self, past: LogPosition);

    /// Returns up to `limit` events with a number above `seq`, in order.
    async fn events_after(&self, seq: u64, limit: u32) -> Result<Vec<RevocationEvent>, StoreError>;

    /// Returns every status list, oldest first. There are few: each has room for as many sessions as a service starts in weeks.
    async fn status_lists(&self) -> Result<Vec<StatusList>, StoreError>;

    /// Returns a status list by id.
    async fn status_list(&self, id: StatusListId) -> Result<Option<StatusList>, StoreError>;

    /// Returns the places of a list whose tokens are not good, in any order: of sessions that ended at `since` or later, and of
    /// active sessions of organisations that were suspended at `since` or later and still are. Read in one snapshot.
    async fn bad_places(
        &self,
        list: StatusListId,
        since: Timestamp,
    ) -> Result<Vec<(u32, TokenStatus)>, StoreError>;

    /// Returns the newest `limit` audit entries, newest first, of one user or of all.
    async fn audit_entries(&self, user: Option<UserId>, limit: u32) -> Result<Vec<AuditEntry>, StoreError>;

    /// Applies all changes in one transaction, or none of them.
    async fn apply(&self, changes: Changes) -> Result<Applied, StoreError>;

    /// Ends sessions that have run out and forgets what nobody needs any more, a limited number at a time.
    async fn clean_up(&self, what: CleanUp) -> Result<CleanedUp, StoreError>;

    /// Returns the database's own clock, to notice a replica whose clock is off.
    async fn clock(&self) -> Result<Timestamp, StoreError>;

    /// Fails with [`StoreError::NotWritable`] once something could not be written, until there is room again. A store that has its
    /// room elsewhere knows nothing of it.
    async fn writable(&self) -> Result<(), StoreError> {
        Ok(())
    }
}

/// All that an access token says of a user, as of one moment of the log.
#[derive(Debug, Clone, PartialEq)]
pub struct Subject {
    /// The user.
    pub user: User,
    /// Their organisation.
    pub organization: Option<Organization>,
    /// Where the log stood in the same snapshot.
    pub rev: LogPosition,
}
