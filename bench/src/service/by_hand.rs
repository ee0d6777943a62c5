use std::sync::Arc;

use async_trait::async_trait;
use handstamp_core::model::{
    AuditEntry, Client, ClientId, LogPosition, Login, OrgId, Organization, Profile, RevocationEvent, Session,
    SessionId, StatusList, StatusListId, StoredKey, TokenStatus, UpstreamLink, UpstreamName,
    UpstreamSelector, UpstreamSession, UpstreamSubject, User, UserId, Username, VerifierReport,
};
use handstamp_core::store::{Applied, Changes, CleanUp, CleanedUp, Store, StoreError, Subject};
use handstamp_server::Clock as _;
use jiff::Timestamp;

use super::HandClock;

/// A store whose clock is the benchmark's: a service answers nobody while its clock and the database's differ.
pub(super) struct ByHand {
    pub(super) store: Arc<dyn Store>,
    pub(super) clock: HandClock,
}

macro_rules! pass_on {
    ($(fn $name:ident($($argument:ident: $type:ty),*) -> $result:ty;)+) => {
        #[async_trait]
        impl Store for ByHand {
            $(async fn $name(&self, $($argument: $type),*) -> Result<$result, StoreError> {
                self.store.$name($($argument),*).await
            })+

            async fn log_moved(&self, past: LogPosition) {
                self.store.log_moved(past).await;
            }

            async fn clock(&self) -> Result<Timestamp, StoreError> {
                Ok(self.clock.now())
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
}
