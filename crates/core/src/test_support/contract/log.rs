//! The revocation log and the audit log.

use std::{net::IpAddr, sync::Arc};

use handstamp_token::KeyId;

use super::{
    commit, race,
    samples::{HOUR, after, given_user, noon, user},
};
use crate::{
    model::{
        AuditEntry, AuditKind, EventKind, NewEvent, Reason, RevocationEvent, Selector, SessionId, UserId,
    },
    store::{Applied, Changes, Store},
};

/// An event about something.
pub(super) fn event(selector: Selector) -> NewEvent {
    NewEvent { selector, kind: EventKind::Dead, reason: Reason::Operator, at: noon(), forget_at: after(HOUR) }
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
        Selector::Organization("acme".parse().expect("it is an id")),
        Selector::Client("worker".parse().expect("it is an id")),
        Selector::Key(KeyId::new("a-key").expect("it is a key id")),
        Selector::Everything,
    ];
    let mut written: Vec<NewEvent> = selectors.map(event).into();
    written.push(NewEvent { kind: EventKind::Stale, ..event(Selector::Subject(ann)) });
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
