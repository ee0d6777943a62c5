mod carry;
mod change_password;
mod clean_up;
mod client_assertions;
mod client_tokens;
mod clients;
mod first_admin;
mod keys;
mod organizations;
mod profiles;
mod refresh;
mod sessions;
mod sign_in;
mod sign_out;
mod status_lists;
mod upstream;
mod users;

use handstamp_core::{
    model::{AuditEntry, AuditKind, EventKind, RevocationEvent, Selector, SessionId, SessionState, UserId},
    test_support::Kit,
};

/// Returns the events of the log, as what they select and what they do to it.
async fn events(kit: &Kit) -> Vec<(Selector, EventKind)> {
    let events = kit.ctx.store.events_after(0, 100).await.expect("the store works");
    events.into_iter().map(|RevocationEvent { event, .. }| (event.selector, event.kind)).collect()
}

/// Returns the kinds of a user's audit entries, oldest first.
async fn audit(kit: &Kit, user: UserId) -> Vec<AuditKind> {
    entries(kit, user).await.iter().map(|entry| entry.kind).collect()
}

/// Returns a user's audit entries, oldest first.
async fn entries(kit: &Kit, user: UserId) -> Vec<AuditEntry> {
    let mut entries = kit.ctx.store.audit_entries(Some(user), 100).await.expect("the store works");
    entries.reverse();
    entries
}

/// Returns the state of a session that must be there.
async fn state(kit: &Kit, id: SessionId) -> SessionState {
    kit.ctx.store.session(id).await.expect("the store works").expect("it is there").state
}
