use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use async_trait::async_trait;
use handstamp_core::model::{
    AuditEntry, Client, ClientId, LogPosition, Login, OrgId, Organization, Profile, RevocationEvent, Session,
    SessionId, StatusList, StatusListId, StoredKey, TokenStatus, UpstreamLink, UpstreamName,
    UpstreamSelector, UpstreamSession, UpstreamSubject, User, UserId, Username, VerifierReport,
};
use handstamp_core::store::transfer::{Counts, ImportError, Parcel, Transfer};
use handstamp_core::store::{Applied, Changes, CleanUp, CleanedUp, Store, StoreError, Subject};
use jiff::Timestamp;
use rusqlite::Connection;
use tokio::sync::mpsc;

use crate::failure::thread_gone;
use crate::folder::DATABASE_FILE;
use crate::log_news::{self, LogNews};
use crate::open::{self, OpenMode};
use crate::open_error::OpenError;
use crate::readers::Readers;
use crate::room::Room;
use crate::writer::Writer;
use crate::{clean_up, read, transfer};

const READING_MARK: &str = "reading how far the revocation log was";
const LOOKING_FOR_ROOM: &str = "looking for room";

/// Everything Handstamp keeps, in one SQLite file.
///
/// Dropping it finishes the writes that are queued, and blocks while it does; [`close`](Self::close) is the polite way.
pub struct SqliteStore {
    folder: PathBuf,
    readers: Readers,
    writer: Writer,
    log: Arc<LogNews>,
    room: Arc<Room>,
}

impl SqliteStore {
    /// Opens the database in a data folder. Makes the folder and the database where they are missing, and brings an
    /// older database to this version.
    ///
    /// Blocks for some milliseconds, and for five seconds where another program holds on to the database.
    pub fn open(folder: &Path, mode: OpenMode) -> Result<Self, OpenError> {
        let (log, room) = (Arc::new(LogNews::new(folder)), Arc::new(Room::new(folder)));
        let (readers, writer) = open::open(folder, mode, Arc::clone(&log), Arc::clone(&room))?;
        Ok(Self { folder: folder.to_owned(), readers, writer, log, room })
    }

    /// Finishes what is queued, brings the log into the database and lets go of the folder.
    ///
    /// Whoever asks afterwards hears [`StoreError::Unavailable`]. Closing twice does nothing.
    pub async fn close(&self) -> Result<(), StoreError> {
        self.writer.close(self.readers.stop()).await
    }
}

impl Drop for SqliteStore {
    fn drop(&mut self) {
        self.writer.close_blocking(self.readers.stop());
    }
}

impl fmt::Debug for SqliteStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SqliteStore").field("folder", &self.folder).finish_non_exhaustive()
    }
}

#[async_trait]
impl Store for SqliteStore {
    async fn user(&self, id: UserId) -> Result<Option<User>, StoreError> {
        self.readers.look_up("reading a user", move |c| read::users::by_id(c, id)).await
    }

    async fn user_by_login(&self, login: &Login) -> Result<Option<User>, StoreError> {
        let login = login.clone();
        self.readers.look_up("reading a user", move |c| read::users::by_login(c, &login)).await
    }

    async fn users(&self, after: Option<&Username>, limit: u32) -> Result<Vec<User>, StoreError> {
        let after = after.cloned();
        self.readers.read("listing users", move |c| read::users::list(c, after.as_ref(), limit)).await
    }

    async fn has_users(&self) -> Result<bool, StoreError> {
        self.readers.look_up("looking for a user", read::users::has_any).await
    }

    async fn organization(&self, id: &OrgId) -> Result<Option<Organization>, StoreError> {
        let id = id.clone();
        self.readers.look_up("reading an organisation", move |c| read::organizations::by_id(c, &id)).await
    }

    async fn organizations(&self) -> Result<Vec<Organization>, StoreError> {
        self.readers.read("listing organisations", read::organizations::list).await
    }

    async fn session(&self, id: SessionId) -> Result<Option<Session>, StoreError> {
        self.readers.look_up("reading a session", move |c| read::sessions::by_id(c, id)).await
    }

    async fn live_sessions(&self, user: UserId, now: Timestamp) -> Result<Vec<Session>, StoreError> {
        self.readers.read("listing sessions", move |c| read::sessions::live(c, user, now)).await
    }

    async fn subject(&self, user: UserId) -> Result<Option<Subject>, StoreError> {
        self.readers.look_up("reading a user", move |c| read::subjects::by_user(c, user)).await
    }

    async fn session_subject(&self, id: SessionId) -> Result<Option<(Session, Subject)>, StoreError> {
        self.readers.look_up("reading a session", move |c| read::subjects::by_session(c, id)).await
    }

    async fn profile(&self, user: UserId) -> Result<Option<(Subject, Profile)>, StoreError> {
        self.readers.look_up("reading a profile", move |c| read::profiles::with_subject(c, user)).await
    }

    async fn upstream_link(
        &self,
        upstream: &UpstreamName,
        subject: &UpstreamSubject,
    ) -> Result<Option<UpstreamLink>, StoreError> {
        let (upstream, subject) = (upstream.clone(), subject.clone());
        let read = move |c: &Connection| read::upstreams::link(c, &upstream, &subject);
        self.readers.look_up("reading a link to an upstream", read).await
    }

    async fn upstream_links_of(&self, user: UserId) -> Result<Vec<UpstreamLink>, StoreError> {
        self.readers.read("listing links to upstreams", move |c| read::upstreams::links_of(c, user)).await
    }

    async fn upstream_session(&self, id: SessionId) -> Result<Option<UpstreamSession>, StoreError> {
        self.readers
            .look_up("reading a session of an upstream", move |c| read::upstreams::session(c, id))
            .await
    }

    async fn upstream_sessions(
        &self,
        upstream: &UpstreamName,
        selector: &UpstreamSelector,
    ) -> Result<Vec<UpstreamSession>, StoreError> {
        let (upstream, selector) = (upstream.clone(), selector.clone());
        let read = move |c: &Connection| read::upstreams::sessions(c, &upstream, &selector);
        self.readers.read("listing sessions of an upstream", read).await
    }

    async fn client(&self, id: &ClientId) -> Result<Option<Client>, StoreError> {
        let id = id.clone();
        self.readers.look_up("reading a client", move |c| read::clients::by_id(c, &id)).await
    }

    async fn clients(&self) -> Result<Vec<Client>, StoreError> {
        self.readers.read("listing clients", read::clients::list).await
    }

    async fn keys(&self) -> Result<Vec<StoredKey>, StoreError> {
        self.readers.read("reading keys", read::keys::list).await
    }

    async fn reports(&self) -> Result<Vec<VerifierReport>, StoreError> {
        self.readers.read("reading what verifiers report", read::reports::list).await
    }

    async fn log_head(&self) -> Result<LogPosition, StoreError> {
        self.readers.look_up("reading the revocation log", read::log::head).await
    }

    async fn earlier_epochs(&self) -> Result<Vec<LogPosition>, StoreError> {
        self.readers.read("reading the revocation log's epochs", read::log::earlier_epochs).await
    }

    async fn log_mark(&self) -> Result<Option<LogPosition>, StoreError> {
        let folder = self.folder.clone();
        let read = move |c: &Connection| Ok((log_news::read(&folder), read::log::mark_of_copy(c)?));
        let (beside, inside) = self.readers.read(READING_MARK, read).await?;
        let beside = beside
            .map_err(|source| StoreError::Unavailable { doing: READING_MARK, source: source.into() })?;
        Ok(beside.max(inside))
    }

    async fn log_moved(&self, past: LogPosition) {
        // The sender lives in `self`: waiting can only end by the word.
        let _ = self.log.subscribe().wait_for(|head| *head > past).await;
    }

    async fn events_after(&self, seq: u64, limit: u32) -> Result<Vec<RevocationEvent>, StoreError> {
        self.readers.read("reading the revocation log", move |c| read::log::events_after(c, seq, limit)).await
    }

    async fn status_lists(&self) -> Result<Vec<StatusList>, StoreError> {
        self.readers.read("listing status lists", read::status_lists::list).await
    }

    async fn status_list(&self, id: StatusListId) -> Result<Option<StatusList>, StoreError> {
        self.readers.look_up("reading a status list", move |c| read::status_lists::by_id(c, id)).await
    }

    async fn bad_places(
        &self,
        list: StatusListId,
        since: Timestamp,
    ) -> Result<Vec<(u32, TokenStatus)>, StoreError> {
        let read = move |c: &rusqlite::Connection| read::status_lists::bad_places(c, list, since);
        self.readers.read("reading a status list", read).await
    }

    async fn audit_entries(&self, user: Option<UserId>, limit: u32) -> Result<Vec<AuditEntry>, StoreError> {
        self.readers.read("reading the audit log", move |c| read::audit::newest(c, user, limit)).await
    }

    async fn apply(&self, changes: Changes) -> Result<Applied, StoreError> {
        self.writer.apply(changes).await
    }

    async fn clean_up(&self, what: CleanUp) -> Result<CleanedUp, StoreError> {
        clean_up::all_rounds(&self.writer, what).await
    }

    async fn clock(&self) -> Result<Timestamp, StoreError> {
        self.readers.look_up("reading the clock", read::clock::now).await
    }

    async fn writable(&self) -> Result<(), StoreError> {
        if !self.room.is_refused() {
            return Ok(());
        }
        let room = Arc::clone(&self.room);
        let found = tokio::task::spawn_blocking(move || room.look()).await;
        found
            .map_err(|_| thread_gone(LOOKING_FOR_ROOM))?
            .map_err(|source| StoreError::NotWritable { doing: LOOKING_FOR_ROOM, source: source.into() })
    }
}

#[async_trait]
impl Transfer for SqliteStore {
    async fn export(&self, to: mpsc::Sender<Parcel>) -> Result<(), StoreError> {
        let mark = self.log_mark().await?;
        let file = self.folder.join(DATABASE_FILE);
        let exporting = tokio::task::spawn_blocking(move || transfer::export(&file, mark, &to));
        let exported = exporting.await.map_err(|_| thread_gone("exporting"))?;
        exported.map_err(|failure| failure.into_store_error("exporting"))
    }

    async fn import(&self, from: mpsc::Receiver<Parcel>) -> Result<Counts, ImportError> {
        let file = self.folder.join(DATABASE_FILE);
        let log = Arc::clone(&self.log);
        let importing = tokio::task::spawn_blocking(move || {
            let (taken, furthest) = transfer::import(&file, from)?;
            log.moved(furthest);
            Ok(taken)
        });
        importing.await.map_err(|_| thread_gone("importing"))?
    }
}
