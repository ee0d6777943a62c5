use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use handstamp_core::{
    model::{
        AuditEntry, Client, ClientId, LogPosition, Login, OrgId, Organization, Profile, RevocationEvent,
        Session, SessionId, StatusList, StatusListId, StoredKey, TokenStatus, UpstreamLink, UpstreamName,
        UpstreamSelector, UpstreamSession, UpstreamSubject, User, UserId, Username, VerifierReport,
    },
    store::{Applied, Changes, CleanUp, CleanedUp, Store, StoreError, Subject},
    test_support::{Backup, MemoryStore},
};
use jiff::Timestamp;

/// A store that can be taken away, and that counts how often it was asked.
pub(crate) struct FlakyStore {
    store: MemoryStore,
    away: AtomicBool,
    asked: AtomicUsize,
    slow_ms: AtomicU64,
    read_only: AtomicBool,
}

impl FlakyStore {
    pub(crate) fn new(store: MemoryStore) -> Self {
        Self {
            store,
            away: AtomicBool::new(false),
            asked: AtomicUsize::new(0),
            slow_ms: AtomicU64::new(0),
            read_only: AtomicBool::new(false),
        }
    }

    /// Takes the store away, or brings it back.
    pub(crate) fn set_away(&self, away: bool) {
        self.away.store(away, Ordering::SeqCst);
    }

    /// Refuses whatever would change something, or takes it again.
    pub(crate) fn set_read_only(&self, read_only: bool) {
        self.read_only.store(read_only, Ordering::SeqCst);
    }

    /// Returns all that is in the store.
    pub(crate) fn backup(&self) -> Backup {
        self.store.backup()
    }

    /// Puts back what was in the store before.
    pub(crate) fn restore(&self, backup: Backup) {
        self.store.restore(backup);
    }

    /// Forgets how far the revocation log was.
    pub(crate) fn forget_mark(&self) {
        self.store.forget_mark();
    }

    /// Makes every answer take this long.
    pub(crate) fn set_slow(&self, by: Duration) {
        self.slow_ms.store(by.as_millis().try_into().unwrap(), Ordering::SeqCst);
    }

    /// Returns how often the store was asked since the last time, the publisher's reading of the log aside.
    pub(crate) fn asked(&self) -> usize {
        self.asked.swap(0, Ordering::SeqCst)
    }

    async fn here(&self, call: &str) -> Result<&MemoryStore, StoreError> {
        tokio::time::sleep(Duration::from_millis(self.slow_ms.load(Ordering::SeqCst))).await;
        if !["log_head", "earlier_epochs", "log_mark", "events_after"].contains(&call) {
            self.asked.fetch_add(1, Ordering::SeqCst);
        }
        let is_write = ["apply", "writable"].contains(&call);
        if self.away.load(Ordering::SeqCst) || (is_write && self.read_only.load(Ordering::SeqCst)) {
            let source = std::io::Error::from(std::io::ErrorKind::ConnectionRefused).into();
            return Err(StoreError::Unavailable { doing: "testing", source });
        }
        Ok(&self.store)
    }
}

macro_rules! pass_on {
    ($(fn $name:ident($($argument:ident: $type:ty),*) -> $result:ty;)+) => {
        #[async_trait]
        impl Store for FlakyStore {
            $(async fn $name(&self, $($argument: $type),*) -> Result<$result, StoreError> {
                self.here(stringify!($name)).await?.$name($($argument),*).await
            })+

            async fn log_moved(&self, past: LogPosition) {
                self.store.log_moved(past).await;
            }
        }
    };
}

pass_on! {
    fn user(id: UserId) -> Option<User>;
    fn user_by_login(login: &Login) -> Option<User>;
    fn users(after: Option<&Username>, limit: u32) -> Vec<User>;
    fn has_users() -> bool;
    fn organization(id: &OrgId) -> Option<Organization>;
    fn organizations() -> Vec<Organization>;
    fn session(id: SessionId) -> Option<Session>;
    fn live_sessions(user: UserId, now: Timestamp) -> Vec<Session>;
    fn subject(user: UserId) -> Option<Subject>;
    fn session_subject(id: SessionId) -> Option<(Session, Subject)>;
    fn profile(user: UserId) -> Option<(Subject, Profile)>;
    fn upstream_link(upstream: &UpstreamName, subject: &UpstreamSubject) -> Option<UpstreamLink>;
    fn upstream_links_of(user: UserId) -> Vec<UpstreamLink>;
    fn upstream_session(id: SessionId) -> Option<UpstreamSession>;
    fn upstream_sessions(upstream: &UpstreamName, selector: &UpstreamSelector) -> Vec<UpstreamSession>;
    fn client(id: &ClientId) -> Option<Client>;
    fn clients() -> Vec<Client>;
    fn keys() -> Vec<StoredKey>;
    fn reports() -> Vec<VerifierReport>;
    fn log_head() -> LogPosition;
    fn earlier_epochs() -> Vec<LogPosition>;
    fn log_mark() -> Option<LogPosition>;
    fn events_after(seq: u64, limit: u32) -> Vec<RevocationEvent>;
    fn status_lists() -> Vec<StatusList>;
    fn status_list(id: StatusListId) -> Option<StatusList>;
    fn bad_places(list: StatusListId, since: Timestamp) -> Vec<(u32, TokenStatus)>;
    fn audit_entries(user: Option<UserId>, limit: u32) -> Vec<AuditEntry>;
    fn apply(changes: Changes) -> Applied;
    fn clean_up(what: CleanUp) -> CleanedUp;
    fn clock() -> Timestamp;
    fn writable() -> ();
}
