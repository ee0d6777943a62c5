//! The revocation log and the audit log.

use std::{net::IpAddr, sync::Arc};

use handstamp_token::KeyId;

use super::{
    commit, race, refused,
    samples::{HOUR, after, given_user, noon, user},
};
use crate::{
    model::{
        AuditEntry, AuditKind, EPOCH_STRIDE, EventKind, LogPosition, NewEvent, OrgId, Reason,
        RevocationEvent, Selector, SessionId, UserId,
    },
    store::{Applied, Change, Changes, Conflict, Store},
};

/// An event about something.
pub(super) fn event(selector: Selector) -> NewEvent {
    NewEvent {
        selector,
        kind: EventKind::Dead,
        reason: Reason::Operator,
        at: noon(),
        forget_at: after(HOUR),
        user: None,
        org_id: None,
    }
}

async fn events(store: &Arc<dyn Store>, after: u64, limit: u32) -> Vec<RevocationEvent> {
    store.events_after(after, limit).await.expect("the store works")
}

fn numbers(events: &[RevocationEvent]) -> Vec<u64> {
    events.iter().map(|event| event.seq).collect()
}

/// The answer says where the log stands, and so does everything that reads it.
pub async fn events_are_numbered_from_one_without_gaps(store: Arc<dyn Store>) {
    assert_eq!(store.log_head().await.expect("the store works").seq, 0);
    for expected in [2, 4] {
        let two = Changes::default().event(event(Selector::Everything)).event(event(Selector::Everything));
        let Applied::Committed { head, .. } = store.apply(two).await.expect("the store works") else {
            panic!("nothing conflicts here");
        };
        assert_eq!(head.seq, expected);
        assert_eq!(store.log_head().await.expect("the store works"), head);
    }
    assert_eq!(numbers(&events(&store, 0, 10).await), [1, 2, 3, 4]);
}

/// Nothing of an event is lost.
pub async fn every_selector_kind_and_reason_reads_back(store: Arc<dyn Store>) {
    let ann: UserId = user("ann").id;
    let selectors = [
        Selector::Token("a jti".to_owned()),
        Selector::Session(SessionId::from_bytes([1; 16])),
        Selector::Subject(ann),
        Selector::Profile(ann),
        Selector::Organization("acme".parse().expect("it is an id")),
        Selector::Client("worker".parse().expect("it is an id")),
        Selector::Key(KeyId::new("a-key").expect("it is a key id")),
        Selector::Everything,
    ];
    let mut written: Vec<NewEvent> = selectors.map(event).into();
    written.push(NewEvent { kind: EventKind::Stale, ..event(Selector::Subject(ann)) });
    let acme: OrgId = "acme".parse().expect("it is an id");
    written.push(NewEvent {
        user: Some(ann),
        org_id: Some(acme),
        ..event(Selector::Session(SessionId::from_bytes([2; 16])))
    });
    written.extend(Reason::ALL.iter().map(|&reason| NewEvent { reason, ..event(Selector::Everything) }));

    let unit = written.iter().cloned().fold(Changes::default(), Changes::event);
    commit(&store, unit).await;
    let read: Vec<_> = events(&store, 0, 100).await.into_iter().map(|event| event.event).collect();
    assert_eq!(read, written);
}

/// Whoever remembers a number gets what came after it.
pub async fn events_are_read_in_order_a_page_at_a_time(store: Arc<dyn Store>) {
    for _ in 0..5 {
        commit(&store, Changes::default().event(event(Selector::Everything))).await;
    }
    assert_eq!(numbers(&events(&store, 0, 2).await), [1, 2]);
    assert_eq!(numbers(&events(&store, 2, 2).await), [3, 4]);
    assert_eq!(numbers(&events(&store, 4, 2).await), [5]);
    assert_eq!(numbers(&events(&store, 5, 2).await), [0_u64; 0]);
    assert_eq!(numbers(&events(&store, u64::MAX, 2).await), [0_u64; 0]);
}

/// The order of commits is the order of numbers.
pub async fn concurrent_events_get_numbers_without_gaps(store: Arc<dyn Store>) {
    let units = (0..40).map(|_| Changes::default().event(event(Selector::Everything))).collect();
    assert_eq!(race(&store, units).await, 40);
    assert_eq!(numbers(&events(&store, 0, 100).await), (1..=40).collect::<Vec<_>>());
}

/// What begins in the new epoch has numbers that were never given out, and whoever asks hears what it goes on from.
pub async fn a_new_epoch_goes_on_far_ahead_and_knows_the_ones_before(store: Arc<dyn Store>) {
    commit(&store, Changes::default().event(event(Selector::Everything))).await;
    let before = store.log_head().await.expect("the store works");
    let (to, lost) = (before.epoch + 10, before.epoch + 5);
    let begin = Change::BeginEpoch { from: before.epoch, to, lost: Some(lost), forget_at: after(HOUR) };

    commit(&store, Changes::one(begin).event(event(Selector::Everything))).await;

    let head = LogPosition { epoch: to, seq: before.seq + EPOCH_STRIDE + 1 };
    assert_eq!(store.log_head().await.expect("the store works"), head);
    assert_eq!(numbers(&events(&store, 0, 10).await), [1, head.seq]);
    let earlier = [before, LogPosition { epoch: lost, ..before }];
    assert_eq!(store.earlier_epochs().await.expect("the store works"), earlier);
}

/// Of two that notice a loss one begins the epoch.
pub async fn a_new_epoch_from_one_that_was_left_is_refused(store: Arc<dyn Store>) {
    let from = store.log_head().await.expect("the store works").epoch;
    let begin = |to| Changes::one(Change::BeginEpoch { from, to, lost: None, forget_at: after(HOUR) });
    commit(&store, begin(from + 1)).await;
    let head = store.log_head().await.expect("the store works");

    assert_eq!(refused(&store, begin(from + 2)).await, Conflict::EpochChanged);

    assert_eq!(store.log_head().await.expect("the store works"), head);
    assert_eq!(store.earlier_epochs().await.expect("the store works").len(), 1);
}

/// Tokens of an earlier epoch are all dead after some time.
pub async fn an_earlier_epoch_is_forgotten_with_its_last_token(store: Arc<dyn Store>) {
    let from = store.log_head().await.expect("the store works").epoch;
    let begin = Change::BeginEpoch { from, to: from + 1, lost: None, forget_at: after(HOUR) };
    commit(&store, Changes::one(begin)).await;
    for (at, left) in [(noon(), 1), (after(HOUR), 0)] {
        let what = super::clean_up::at(at);
        store.clean_up(what).await.expect("the store works");
        assert_eq!(store.earlier_epochs().await.expect("the store works").len(), left);
    }
}

/// Whoever waits for news is woken by the commit itself.
pub async fn a_commit_of_an_event_wakes_whoever_waits_for_the_log(store: Arc<dyn Store>) {
    let before = store.log_head().await.expect("the store works");
    let waiting = tokio::spawn({
        let store = Arc::clone(&store);
        async move { store.log_moved(before).await }
    });
    tokio::task::yield_now().await;
    commit(&store, Changes::default().event(event(Selector::Everything))).await;
    waiting.await.expect("it returns");
    // Whoever asks too late need not wait.
    store.log_moved(before).await;
}

/// Every field and kind survives.
pub async fn audit_entries_are_read_newest_first(store: Arc<dyn Store>) {
    let addresses: [IpAddr; 2] = [[192, 0, 2, 1].into(), [0x2001, 0xdb8, 0, 0, 0, 0, 0, 1].into()];
    let mut written: Vec<_> = AuditKind::ALL.iter().map(|&kind| AuditEntry::new(kind, noon())).collect();
    written.extend(addresses.map(|address| AuditEntry {
        user_id: Some(user("ann").id),
        session_id: Some(SessionId::from_bytes([1; 16])),
        actor: Some(user("bob").id),
        address: Some(address),
        detail: Some("what ünd why".to_owned()),
        ..AuditEntry::new(AuditKind::SignedIn, after(HOUR))
    }));
    commit(&store, written.iter().cloned().fold(Changes::default(), Changes::audit)).await;

    written.reverse();
    assert_eq!(store.audit_entries(None, 100).await.expect("the store works"), written);
    assert_eq!(store.audit_entries(None, 3).await.expect("the store works"), written[..3]);
}

/// A user's own history.
pub async fn audit_entries_are_read_by_user(store: Arc<dyn Store>) {
    let ann = given_user(&store, "ann").await;
    let entry = |name, kind| AuditEntry { user_id: Some(user(name).id), ..AuditEntry::new(kind, noon()) };
    let unit = Changes::default()
        .audit(entry("ann", AuditKind::SignedIn))
        .audit(entry("bob", AuditKind::SignedIn))
        .audit(AuditEntry::new(AuditKind::SignInFailed, noon()))
        .audit(entry("ann", AuditKind::SignedOut));
    commit(&store, unit).await;
    let read = store.audit_entries(Some(ann.id), 10).await.expect("the store works");
    assert_eq!(read, [entry("ann", AuditKind::SignedOut), entry("ann", AuditKind::SignedIn)]);
}
