mod apply;
mod clean_up;
mod status_lists;
mod transfer;
mod upstreams;

use std::{
    collections::BTreeMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use async_trait::async_trait;
use handstamp_token::KeyId;
use jiff::Timestamp;
use tokio::sync::watch;

use super::FixedClock;
use crate::{
    model::{
        AuditEntry, Client, ClientId, InstanceId, LogPosition, Login, OneTimePurpose, OrgId, Organization,
        Profile, RevocationEvent, Session, SessionId, StatusList, StatusListId, StoredKey, TokenStatus,
        UpstreamLink, UpstreamName, UpstreamSelector, UpstreamSession, UpstreamSubject, User, UserId,
        Username, VerifierReport,
    },
    store::{Applied, Changes, CleanUp, CleanedUp, Store, StoreError, Subject},
};

/// A store in memory, with every rule of a real one: conflicts, order, snapshots. What is in it is gone with it.
#[derive(Debug)]
pub struct MemoryStore {
    clock: FixedClock,
    data: Mutex<Data>,
    /// The furthest that the log ever was; a restored backup leaves it as it is.
    mark: watch::Sender<LogPosition>,
}

/// What was in a store at one moment.
#[derive(Debug, Clone)]
pub struct Backup(Data);

#[derive(Debug, Clone, Default)]
struct Data {
    users: BTreeMap<UserId, User>,
    profiles: BTreeMap<UserId, Profile>,
    organizations: BTreeMap<OrgId, Organization>,
    sessions: BTreeMap<SessionId, Session>,
    keys: BTreeMap<KeyId, StoredKey>,
    clients: BTreeMap<ClientId, Client>,
    reports: BTreeMap<(Option<ClientId>, InstanceId), VerifierReport>,
    status_lists: BTreeMap<StatusListId, StatusList>,
    upstream_links: BTreeMap<(UpstreamName, UpstreamSubject), UpstreamLink>,
    upstream_sessions: BTreeMap<SessionId, UpstreamSession>,
    used_ids: BTreeMap<(OneTimePurpose, String), Timestamp>,
    events: Vec<RevocationEvent>,
    epoch: u32,
    last_seq: u64,
    earlier_epochs: Vec<(LogPosition, Timestamp)>,
    audit: Vec<AuditEntry>,
}

impl MemoryStore {
    /// Returns an empty store whose own clock is this one.
    pub fn new(clock: FixedClock) -> Self {
        let data = Data { epoch: 1, ..Data::default() };
        let mark = watch::Sender::new(data.head());
        Self { clock, data: Mutex::new(data), mark }
    }

    /// Returns all that is in the store.
    pub fn backup(&self) -> Backup {
        Backup(self.data.lock().unwrap_or_else(PoisonError::into_inner).clone())
    }

    /// Puts back what was in the store before, and so takes back all that was committed since.
    pub fn restore(&self, backup: Backup) {
        *self.data.lock().unwrap_or_else(PoisonError::into_inner) = backup.0;
    }

    /// Forgets how far the log was, as somebody does who restores the whole machine.
    pub fn forget_mark(&self) {
        self.mark.send_replace(LogPosition { epoch: 0, seq: 0 });
    }

    /// Gives others a turn first, as the way to a database does, so that tests meet the races that services meet.
    async fn data(&self) -> MutexGuard<'_, Data> {
        tokio::task::yield_now().await;
        self.data.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Default for MemoryStore {
    fn default() -> Self {
        Self::new(FixedClock::new())
    }
}

impl Data {
    fn head(&self) -> LogPosition {
        LogPosition { epoch: self.epoch, seq: self.last_seq }
    }

    fn subject(&self, user: UserId) -> Option<Subject> {
        let user = self.users.get(&user)?.clone();
        let organization = user.org_id.as_ref().and_then(|id| self.organizations.get(id)).cloned();
        Some(Subject { user, organization, rev: self.head() })
    }
}

#[async_trait]
impl Store for MemoryStore {
    async fn user(&self, id: UserId) -> Result<Option<User>, StoreError> {
        Ok(self.data().await.users.get(&id).cloned())
    }

    async fn user_by_login(&self, login: &Login) -> Result<Option<User>, StoreError> {
        let is_meant = |user: &&User| match login {
            Login::Username(username) => user.username == *username,
            Login::Email(email) => user.email.as_ref() == Some(email),
        };
        Ok(self.data().await.users.values().find(is_meant).cloned())
    }

    async fn users(&self, after: Option<&Username>, limit: u32) -> Result<Vec<User>, StoreError> {
        let mut users: Vec<_> = self.data().await.users.values().cloned().collect();
        users.retain(|user| after.is_none_or(|after| user.username > *after));
        users.sort_by(|a, b| a.username.cmp(&b.username));
        users.truncate(limit as usize);
        Ok(users)
    }

    async fn has_users(&self) -> Result<bool, StoreError> {
        Ok(!self.data().await.users.is_empty())
    }

    async fn organization(&self, id: &OrgId) -> Result<Option<Organization>, StoreError> {
        Ok(self.data().await.organizations.get(id).cloned())
    }

    async fn organizations(&self) -> Result<Vec<Organization>, StoreError> {
        Ok(self.data().await.organizations.values().cloned().collect())
    }

    async fn session(&self, id: SessionId) -> Result<Option<Session>, StoreError> {
        Ok(self.data().await.sessions.get(&id).cloned())
    }

    async fn live_sessions(&self, user: UserId, now: Timestamp) -> Result<Vec<Session>, StoreError> {
        let mut sessions: Vec<_> = self.data().await.sessions.values().cloned().collect();
        sessions.retain(|session| session.user_id == user && session.is_live(now));
        sessions.sort_by_key(|session| std::cmp::Reverse((session.created_at, session.id)));
        Ok(sessions)
    }

    async fn subject(&self, user: UserId) -> Result<Option<Subject>, StoreError> {
        Ok(self.data().await.subject(user))
    }

    async fn session_subject(&self, id: SessionId) -> Result<Option<(Session, Subject)>, StoreError> {
        let data = self.data().await;
        let Some(session) = data.sessions.get(&id).cloned() else { return Ok(None) };
        let subject = data.subject(session.user_id);
        let missing = || StoreError::Corrupt { what: format!("session {id} without its user") };
        Ok(Some((session, subject.ok_or_else(missing)?)))
    }

    async fn profile(&self, user: UserId) -> Result<Option<(Subject, Profile)>, StoreError> {
        let data = self.data().await;
        let profile = data.profiles.get(&user).cloned().unwrap_or_default();
        Ok(data.subject(user).map(|subject| (subject, profile)))
    }

    async fn upstream_link(
        &self,
        upstream: &UpstreamName,
        subject: &UpstreamSubject,
    ) -> Result<Option<UpstreamLink>, StoreError> {
        let person = (upstream.clone(), subject.clone());
        Ok(self.data().await.upstream_links.get(&person).cloned())
    }

    async fn upstream_links_of(&self, user: UserId) -> Result<Vec<UpstreamLink>, StoreError> {
        let data = self.data().await;
        Ok(data.upstream_links.values().filter(|link| link.user_id == user).cloned().collect())
    }

    async fn upstream_session(&self, id: SessionId) -> Result<Option<UpstreamSession>, StoreError> {
        Ok(self.data().await.upstream_sessions.get(&id).cloned())
    }

    async fn upstream_sessions(
        &self,
        upstream: &UpstreamName,
        selector: &UpstreamSelector,
    ) -> Result<Vec<UpstreamSession>, StoreError> {
        let data = self.data().await;
        let meant = data.upstream_sessions.values().filter(|beside| beside.is_one_of(upstream, selector));
        Ok(meant.cloned().collect())
    }

    async fn client(&self, id: &ClientId) -> Result<Option<Client>, StoreError> {
        Ok(self.data().await.clients.get(id).cloned())
    }

    async fn clients(&self) -> Result<Vec<Client>, StoreError> {
        Ok(self.data().await.clients.values().cloned().collect())
    }

    async fn keys(&self) -> Result<Vec<StoredKey>, StoreError> {
        let mut keys: Vec<_> = self.data().await.keys.values().cloned().collect();
        keys.sort_by(|a, b| (a.created_at, &a.id).cmp(&(b.created_at, &b.id)));
        Ok(keys)
    }

    async fn reports(&self) -> Result<Vec<VerifierReport>, StoreError> {
        Ok(self.data().await.reports.values().cloned().collect())
    }

    async fn log_head(&self) -> Result<LogPosition, StoreError> {
        Ok(self.data().await.head())
    }

    async fn earlier_epochs(&self) -> Result<Vec<LogPosition>, StoreError> {
        Ok(self.data().await.earlier_epochs.iter().map(|(position, _)| *position).collect())
    }

    async fn log_mark(&self) -> Result<Option<LogPosition>, StoreError> {
        Ok(Some(*self.mark.borrow()))
    }

    async fn log_moved(&self, past: LogPosition) {
        // The sender lives in `self`: waiting can only end by the word.
        let _ = self.mark.subscribe().wait_for(|mark| *mark > past).await;
    }

    async fn events_after(&self, seq: u64, limit: u32) -> Result<Vec<RevocationEvent>, StoreError> {
        let data = self.data().await;
        Ok(data.events.iter().filter(|event| event.seq > seq).take(limit as usize).cloned().collect())
    }

    async fn status_lists(&self) -> Result<Vec<StatusList>, StoreError> {
        Ok(self.data().await.status_lists_by_age())
    }

    async fn status_list(&self, id: StatusListId) -> Result<Option<StatusList>, StoreError> {
        Ok(self.data().await.status_lists.get(&id).cloned())
    }

    async fn bad_places(
        &self,
        list: StatusListId,
        since: Timestamp,
    ) -> Result<Vec<(u32, TokenStatus)>, StoreError> {
        Ok(self.data().await.bad_places(list, since))
    }

    async fn audit_entries(&self, user: Option<UserId>, limit: u32) -> Result<Vec<AuditEntry>, StoreError> {
        let data = self.data().await;
        let wanted = |entry: &&AuditEntry| user.is_none() || entry.user_id == user;
        Ok(data.audit.iter().rev().filter(wanted).take(limit as usize).cloned().collect())
    }

    async fn apply(&self, changes: Changes) -> Result<Applied, StoreError> {
        let mut data = self.data().await;
        // All or nothing: the changes go into a copy, which takes the place of the original when none conflicted.
        let mut next = data.clone();
        match next.apply(changes) {
            Ok(sessions_ended) => {
                *data = next;
                self.mark.send_if_modified(|mark| {
                    let furthest = data.head().max(*mark);
                    std::mem::replace(mark, furthest) != furthest
                });
                Ok(Applied::Committed { head: data.head(), sessions_ended })
            }
            Err(conflict) => Ok(Applied::Conflict(conflict)),
        }
    }

    async fn clean_up(&self, what: CleanUp) -> Result<CleanedUp, StoreError> {
        Ok(self.data().await.clean_up(what))
    }

    async fn clock(&self) -> Result<Timestamp, StoreError> {
        Ok(self.clock.now())
    }
}
