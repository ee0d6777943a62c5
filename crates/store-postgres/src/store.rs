use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use handstamp_core::model::{
    AuditEntry, Client, ClientId, LogPosition, Login, OrgId, Organization, Profile, RevocationEvent, Session,
    SessionId, StatusList, StatusListId, StoredKey, TokenStatus, UpstreamLink, UpstreamName,
    UpstreamSelector, UpstreamSession, UpstreamSubject, User, UserId, Username, VerifierReport,
};
use handstamp_core::shared::FanOut;
use handstamp_core::store::transfer::{Counts, ImportError, Parcel, Transfer};
use handstamp_core::store::{
    Applied, Change, Changes, CleanUp, CleanedUp, Conflict, Durability, Store, StoreError, Subject,
};
use handstamp_token::Entropy;
use jiff::Timestamp;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio_util::task::TaskTracker;

use crate::apply::session_moves::{Rotation, Sighting};
use crate::at_once::{LookUps, Rotations, Sightings, Writes};
use crate::batches::Batches;
use crate::direct::{Direct, place};
use crate::failure::Failure;
use crate::limits::PostgresLimits;
use crate::listen::Listener;
use crate::news::NewsDesk;
use crate::open_error::OpenError;
use crate::options::PostgresOptions;
use crate::pool::Pool;
use crate::room::{self, Room};
use crate::units::{Units, head_of};
use crate::{clean_up, history, migrations, read, transfer};

/// Everything Handstamp keeps, in one PostgreSQL database, for any number of services and commands at the same time.
pub struct PostgresStore {
    place: String,
    pub(crate) pool: Pool,
    at_once: usize,
    look_ups: Batches<LookUps>,
    rotations: Batches<Rotations>,
    sightings: Batches<Sightings>,
    units: Units,
    desk: Arc<NewsDesk>,
    listener: Option<JoinHandle<()>>,
}

/// How many batches of one kind may be on their way, of as many connections.
const fn at_once(connections: usize) -> usize {
    match connections / 4 {
        0 => 1,
        few @ 1..=4 => few,
        _ => 4,
    }
}

impl PostgresStore {
    /// Connects to the database, and brings an older one to this version unless the options say otherwise.
    pub async fn open(options: &PostgresOptions, entropy: Arc<dyn Entropy>) -> Result<Self, OpenError> {
        let mut direct = Direct::open(options).await?;
        migrations::prepare(&mut direct, options.migrate).await?;
        let channel = direct.channel().await?;
        drop(direct);
        let pool = Pool::new(options)?;
        history::note(&pool).await.map_err(|failure| {
            OpenError::Postgres(failure.into_store_error("noting the line of history").into())
        })?;
        let desk = Arc::new(NewsDesk::new(pool.clone(), Arc::clone(&channel)));
        let listener = options
            .listening_address()
            .map(|at| Listener::new(options, &at, Arc::clone(&desk), Arc::clone(&entropy)));
        let listener = listener.transpose()?.map(|listener| tokio::spawn(listener.run()));
        let writes = Writes { pool: pool.clone(), entropy: Arc::clone(&entropy) };
        let (at_once, patience) = (at_once(options.connections), options.wait + options.statement);
        Ok(Self {
            place: place(&options.database.config),
            look_ups: Batches::start(LookUps(pool.clone()), at_once, patience),
            rotations: Batches::start(Rotations(writes.clone()), at_once, patience),
            sightings: Batches::start(Sightings(writes), 1, patience),
            units: Units { pool: pool.clone(), channel, entropy, under_way: TaskTracker::new() },
            pool,
            at_once,
            desk,
            listener,
        })
    }

    /// Returns what carries news between the replicas that share this database.
    pub fn fan_out(&self) -> Arc<dyn FanOut> {
        Arc::clone(&self.desk) as Arc<dyn FanOut>
    }

    /// Returns limits that the replicas that share this database count together.
    pub fn limits(&self) -> PostgresLimits {
        PostgresLimits::new(self.pool.clone(), self.at_once)
    }

    /// Returns how many connections the server has room for.
    pub async fn room(&self) -> Result<Room, StoreError> {
        told("counting connections", room::ask(&self.pool).await)
    }

    /// Finishes what was begun and closes the connections.
    ///
    /// Whoever asks afterwards hears [`StoreError::Unavailable`]. Closing twice does nothing.
    pub async fn close(&self) -> Result<(), StoreError> {
        if let Some(listener) = &self.listener {
            listener.abort();
        }
        self.units.finish().await;
        self.pool.close();
        Ok(())
    }

    async fn applied(&self, changes: Changes) -> Result<Applied, Failure> {
        let applied = match at_once_of(&changes) {
            Some(AtOnce::Rotation(rotation)) => held(self.rotations.ask(rotation).await?),
            Some(AtOnce::Sighting(sighting)) => held(self.sightings.ask(sighting).await?),
            None => self.units.apply(changes).await?,
        };
        if let Some(head) = head_of(&applied) {
            self.desk.committed(head);
        }
        Ok(applied)
    }
}

/// A unit of work that is one statement, and does not wait for the disk.
enum AtOnce {
    Rotation(Rotation),
    Sighting(Sighting),
}

fn at_once_of(changes: &Changes) -> Option<AtOnce> {
    let is_more = !changes.events.is_empty() || !changes.audit.is_empty();
    if is_more || changes.durability != Durability::Relaxed {
        return None;
    }
    match changes.changes[..] {
        [Change::RotateSession { id, from, to, idle_expiry }] => {
            Some(AtOnce::Rotation(Rotation { id, from, to, idle_expiry }))
        }
        [Change::SeeSession { id, at, issued_under }] => {
            Some(AtOnce::Sighting(Sighting { id, at, issued_under }))
        }
        _ => None,
    }
}

fn held(head: Option<LogPosition>) -> Applied {
    match head {
        Some(head) => Applied::Committed { head, sessions_ended: 0 },
        None => Applied::Conflict(Conflict::SessionChanged),
    }
}

impl Drop for PostgresStore {
    fn drop(&mut self) {
        if let Some(listener) = &self.listener {
            listener.abort();
        }
    }
}

impl fmt::Debug for PostgresStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PostgresStore").field("at", &self.place).finish_non_exhaustive()
    }
}

/// Tells the flow what failed.
fn told<T>(doing: &'static str, done: Result<T, Failure>) -> Result<T, StoreError> {
    done.map_err(|failure| failure.into_store_error(doing))
}

#[async_trait]
impl Store for PostgresStore {
    async fn user(&self, id: UserId) -> Result<Option<User>, StoreError> {
        told("reading a user", read::users::by_id(&self.pool, id).await)
    }

    async fn user_by_login(&self, login: &Login) -> Result<Option<User>, StoreError> {
        told("reading a user", read::users::by_login(&self.pool, login).await)
    }

    async fn users(&self, after: Option<&Username>, limit: u32) -> Result<Vec<User>, StoreError> {
        told("listing users", read::users::list(&self.pool, after, limit).await)
    }

    async fn has_users(&self) -> Result<bool, StoreError> {
        told("looking for a user", read::users::has_any(&self.pool).await)
    }

    async fn organization(&self, id: &OrgId) -> Result<Option<Organization>, StoreError> {
        told("reading an organisation", read::organizations::by_id(&self.pool, id).await)
    }

    async fn organizations(&self) -> Result<Vec<Organization>, StoreError> {
        told("listing organisations", read::organizations::list(&self.pool).await)
    }

    async fn session(&self, id: SessionId) -> Result<Option<Session>, StoreError> {
        told("reading a session", read::sessions::by_id(&self.pool, id).await)
    }

    async fn live_sessions(&self, user: UserId, now: Timestamp) -> Result<Vec<Session>, StoreError> {
        told("listing sessions", read::sessions::live(&self.pool, user, now).await)
    }

    async fn subject(&self, user: UserId) -> Result<Option<Subject>, StoreError> {
        told("reading a user", read::subjects::by_user(&self.pool, user).await)
    }

    async fn session_subject(&self, id: SessionId) -> Result<Option<(Session, Subject)>, StoreError> {
        told("reading a session", self.look_ups.ask(id).await.flatten())
    }

    async fn profile(&self, user: UserId) -> Result<Option<(Subject, Profile)>, StoreError> {
        told("reading a profile", read::profiles::with_subject(&self.pool, user).await)
    }

    async fn upstream_link(
        &self,
        upstream: &UpstreamName,
        subject: &UpstreamSubject,
    ) -> Result<Option<UpstreamLink>, StoreError> {
        told("reading a link to an upstream", read::upstreams::link(&self.pool, upstream, subject).await)
    }

    async fn upstream_links_of(&self, user: UserId) -> Result<Vec<UpstreamLink>, StoreError> {
        told("listing links to upstreams", read::upstreams::links_of(&self.pool, user).await)
    }

    async fn upstream_session(&self, id: SessionId) -> Result<Option<UpstreamSession>, StoreError> {
        told("reading a session of an upstream", read::upstreams::session(&self.pool, id).await)
    }

    async fn upstream_sessions(
        &self,
        upstream: &UpstreamName,
        selector: &UpstreamSelector,
    ) -> Result<Vec<UpstreamSession>, StoreError> {
        told(
            "listing sessions of an upstream",
            read::upstreams::sessions(&self.pool, upstream, selector).await,
        )
    }

    async fn client(&self, id: &ClientId) -> Result<Option<Client>, StoreError> {
        told("reading a client", read::clients::by_id(&self.pool, id).await)
    }

    async fn clients(&self) -> Result<Vec<Client>, StoreError> {
        told("listing clients", read::clients::list(&self.pool).await)
    }

    async fn keys(&self) -> Result<Vec<StoredKey>, StoreError> {
        told("reading keys", read::keys::list(&self.pool).await)
    }

    async fn reports(&self) -> Result<Vec<VerifierReport>, StoreError> {
        told("reading what verifiers report", read::reports::list(&self.pool).await)
    }

    async fn log_head(&self) -> Result<LogPosition, StoreError> {
        told("reading the revocation log", read::log::head(&self.pool).await)
    }

    async fn earlier_epochs(&self) -> Result<Vec<LogPosition>, StoreError> {
        told("reading the revocation log's epochs", read::log::earlier_epochs(&self.pool).await)
    }

    async fn log_mark(&self) -> Result<Option<LogPosition>, StoreError> {
        told("reading how far the revocation log was", history::mark(&self.pool).await)
    }

    async fn log_moved(&self, past: LogPosition) {
        self.desk.log_moved(past).await;
    }

    async fn events_after(&self, seq: u64, limit: u32) -> Result<Vec<RevocationEvent>, StoreError> {
        told("reading the revocation log", read::log::events_after(&self.pool, seq, limit).await)
    }

    async fn status_lists(&self) -> Result<Vec<StatusList>, StoreError> {
        told("listing status lists", read::status_lists::list(&self.pool).await)
    }

    async fn status_list(&self, id: StatusListId) -> Result<Option<StatusList>, StoreError> {
        told("reading a status list", read::status_lists::by_id(&self.pool, id).await)
    }

    async fn bad_places(
        &self,
        list: StatusListId,
        since: Timestamp,
    ) -> Result<Vec<(u32, TokenStatus)>, StoreError> {
        told("reading a status list", read::status_lists::bad_places(&self.pool, list, since).await)
    }

    async fn audit_entries(&self, user: Option<UserId>, limit: u32) -> Result<Vec<AuditEntry>, StoreError> {
        told("reading the audit log", read::audit::newest(&self.pool, user, limit).await)
    }

    async fn apply(&self, changes: Changes) -> Result<Applied, StoreError> {
        told("applying changes", self.applied(changes).await)
    }

    async fn clean_up(&self, what: CleanUp) -> Result<CleanedUp, StoreError> {
        told("cleaning up", clean_up::run(&self.pool, what).await)
    }

    async fn clock(&self) -> Result<Timestamp, StoreError> {
        told("reading the clock", read::clock::now(&self.pool).await)
    }
}

#[async_trait]
impl Transfer for PostgresStore {
    async fn export(&self, to: mpsc::Sender<Parcel>) -> Result<(), StoreError> {
        let mark = self.log_mark().await?;
        told("exporting", transfer::export(&self.pool, mark, to).await)
    }

    async fn import(&self, from: mpsc::Receiver<Parcel>) -> Result<Counts, ImportError> {
        let (taken, head) = transfer::import(&self.pool, from).await?;
        self.desk.committed(head);
        Ok(taken)
    }
}
