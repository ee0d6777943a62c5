//! Revocations from outside: a real event stream with every fault, open connections, status lists.

mod auth_service;
mod faults;
mod feed;
mod status_list;
mod watch;
mod web_socket;
mod with_keys;

use std::sync::Arc;
use std::time::Duration;

use handstamp_api_types::Rev;
use handstamp_token::{SystemEntropy, UnixTime};
use handstamp_verify::revocation::{
    Feed, FeedAccess, FeedBuilder, FeedTask, Memo, Revocations, SilencePolicy, TokenIdentity, Verdict,
};
use handstamp_verify::{Clock, SystemClock};
use tokio::time::{sleep, timeout};

use auth_service::AuthService;

/// Follows a feed, with less patience than in production so that tests need not wait.
fn impatient(service: &AuthService, access: FeedAccess) -> FeedBuilder {
    Feed::builder(service.issuer.clone(), access)
        .heartbeat_timeout(Duration::from_millis(400))
        .longest_wait(Duration::from_millis(200))
        .poll_interval(Duration::from_millis(160))
}

fn follow(builder: FeedBuilder) -> (Revocations, FeedTask) {
    builder.spawn(Arc::new(SystemClock), Arc::new(SystemEntropy)).unwrap()
}

/// Follows a feed and waits for the first snapshot.
async fn following(service: &AuthService) -> (Revocations, FeedTask) {
    let (revocations, task) = follow(impatient(service, FeedAccess::Open));
    until("the first snapshot", || revocations.status(now()).ready).await;
    (revocations, task)
}

fn now() -> UnixTime {
    SystemClock.now()
}

/// A token of a session, as old as can be.
fn session(sid: &str) -> TokenIdentity<'_> {
    session_at(sid, 0)
}

fn session_at(sid: &str, seq: u64) -> TokenIdentity<'_> {
    TokenIdentity {
        rev: Some(Rev { epoch: 1, seq }),
        kid: "key-1",
        jti: "token-1",
        sid: Some(sid),
        sub: "ada",
        org_id: Some("acme"),
        client_id: Some("web"),
        iat: now(),
    }
}

fn check(revocations: &Revocations, token: &TokenIdentity<'_>) -> Verdict {
    revocations.check(token, &Memo::default(), SilencePolicy::refuse(), now())
}

/// Waits for something that has to happen, and fails if it does not.
async fn until(what: &str, mut happened: impl FnMut() -> bool) {
    let waiting = async {
        while !happened() {
            sleep(Duration::from_millis(2)).await;
        }
    };
    assert!(timeout(Duration::from_secs(15), waiting).await.is_ok(), "waited in vain for {what}");
}

async fn until_dead(revocations: &Revocations, sid: &str) {
    until(&format!("{sid} to be refused"), || check(revocations, &session(sid)) == Verdict::Dead).await;
}
