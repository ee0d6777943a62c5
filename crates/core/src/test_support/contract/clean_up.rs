//! Clean-up.

use std::sync::Arc;

use jiff::Timestamp;

use super::{
    commit,
    log::event,
    reports::{note, report},
    samples::{ALMOST_AN_HOUR, HOUR, after, given_user, noon, read, session, start},
};
use crate::{
    model::{
        AuditEntry, AuditKind, EndReason, NewEvent, Selector, Session, SessionId, SessionState,
        VerifierReport,
    },
    store::{Changes, CleanUp, CleanedUp, Store},
};

/// A clean-up at a time that by itself finds nothing old.
pub(super) fn at(now: Timestamp) -> CleanUp {
    CleanUp {
        now,
        sessions_ended_before: Timestamp::MIN,
        audit_before: Timestamp::MIN,
        reports_before: Timestamp::MIN,
        limit: 100,
    }
}

async fn clean_up(store: &Arc<dyn Store>, what: CleanUp) -> CleanedUp {
    store.clean_up(what).await.expect("the store works")
}

/// The list of sessions and the audit log say why they are over. Those that live are left alone.
pub async fn sessions_that_have_run_out_end_as_expired(store: Arc<dyn Store>) {
    let ann = given_user(&store, "ann").await;
    let idle = Session { idle_expiry: after(HOUR), ..session(1, &ann) };
    let over = Session { absolute_expiry: after(HOUR), idle_expiry: after(HOUR * 9), ..session(2, &ann) };
    let live = Session { idle_expiry: after(HOUR * 9), ..session(3, &ann) };
    for session in [&idle, &over, &live] {
        commit(&store, start(session)).await;
    }
    let before = at(after(ALMOST_AN_HOUR));
    assert_eq!(clean_up(&store, before).await, CleanedUp::default());

    let now = after(HOUR);
    assert_eq!(clean_up(&store, at(now)).await, CleanedUp { sessions_expired: 2, ..CleanedUp::default() });
    for session in [&idle, &over] {
        let state = SessionState::Ended { at: now, reason: EndReason::Expired };
        assert_eq!(read(&store, session.id).await, Session { state, ..session.clone() });
    }
    assert_eq!(read(&store, live.id).await, live);

    let audit = store.audit_entries(Some(ann.id), 10).await.expect("the store works");
    let mut told: Vec<_> = audit.iter().map(|entry| (entry.kind, entry.session_id)).collect();
    told.sort_by_key(|(_, session)| *session);
    assert_eq!(told, [idle.id, over.id].map(|id| (AuditKind::SessionEnded, Some(id))));
    assert_eq!(clean_up(&store, at(now)).await, CleanedUp::default());
}

/// An ended session is kept for a while, and then it is not.
pub async fn old_ended_sessions_are_forgotten(store: Arc<dyn Store>) {
    let ann = given_user(&store, "ann").await;
    for (number, hours) in [(1, 1), (2, 2)] {
        let state = SessionState::Ended { at: after(HOUR * hours), reason: EndReason::SignedOut };
        commit(&store, start(&Session { state, ..session(number, &ann) })).await;
    }
    let live = session(3, &ann);
    commit(&store, start(&live)).await;

    let what = CleanUp { sessions_ended_before: after(HOUR * 2), ..at(noon()) };
    assert_eq!(clean_up(&store, what).await, CleanedUp { sessions_forgotten: 1, ..CleanedUp::default() });
    assert_eq!(store.session(SessionId::from_bytes([1; 16])).await.expect("the store works"), None);
    read(&store, SessionId::from_bytes([2; 16])).await;
    assert_eq!(read(&store, live.id).await, live);
}

/// An event in the middle stays until those before it go: a reader who finds a gap would take it for a loss.
pub async fn forgotten_events_go_from_the_front_and_numbers_go_on(store: Arc<dyn Store>) {
    for hours in [1, 1, 5, 1] {
        let event = NewEvent { forget_at: after(HOUR * hours), ..event(Selector::Everything) };
        commit(&store, Changes::default().event(event)).await;
    }
    let seqs = async || -> Vec<u64> {
        store.events_after(0, 10).await.expect("the store works").iter().map(|event| event.seq).collect()
    };
    assert_eq!(
        clean_up(&store, at(after(HOUR))).await,
        CleanedUp { events_forgotten: 2, ..CleanedUp::default() }
    );
    assert_eq!(seqs().await, [3, 4]);
    assert_eq!(
        clean_up(&store, at(after(HOUR * 5))).await,
        CleanedUp { events_forgotten: 2, ..CleanedUp::default() }
    );
    assert_eq!(seqs().await, [0_u64; 0]);

    assert_eq!(store.log_head().await.expect("the store works").seq, 4);
    commit(&store, Changes::default().event(event(Selector::Everything))).await;
    assert_eq!(seqs().await, [5]);
}

/// The audit log has an end.
pub async fn old_audit_entries_are_forgotten(store: Arc<dyn Store>) {
    let entry = |hours| AuditEntry::new(AuditKind::SignedIn, after(HOUR * hours));
    commit(&store, Changes::default().audit(entry(1)).audit(entry(3)).audit(entry(2))).await;
    let what = CleanUp { audit_before: after(HOUR * 3), ..at(noon()) };
    assert_eq!(clean_up(&store, what).await, CleanedUp { audit_forgotten: 2, ..CleanedUp::default() });
    assert_eq!(store.audit_entries(None, 10).await.expect("the store works"), [entry(3)]);
}

/// A process that is gone is not waited for for ever.
pub async fn old_reports_are_forgotten(store: Arc<dyn Store>) {
    for (instance, hours) in [("a", 1), ("b", 3), ("c", 2)] {
        let report = VerifierReport { reported_at: after(HOUR * hours), ..report("orders", instance) };
        commit(&store, note(&report)).await;
    }
    let what = CleanUp { reports_before: after(HOUR * 3), ..at(noon()) };
    assert_eq!(clean_up(&store, what).await, CleanedUp { reports_forgotten: 2, ..CleanedUp::default() });
    let left: Vec<_> = store.reports().await.expect("the store works");
    assert_eq!(left.iter().map(|report| report.instance.as_str()).collect::<Vec<_>>(), ["b"]);
}

/// Nobody waits long behind it.
pub async fn a_limit_is_kept_and_more_is_done_the_next_time(store: Arc<dyn Store>) {
    let ann = given_user(&store, "ann").await;
    for number in 1..=5 {
        commit(&store, start(&Session { idle_expiry: noon(), ..session(number, &ann) })).await;
        let event = NewEvent { forget_at: noon(), ..event(Selector::Everything) };
        commit(&store, Changes::default().event(event)).await;
    }
    let what = CleanUp { limit: 3, ..at(after(HOUR)) };
    for (expected, more) in [(3, true), (2, false), (0, false)] {
        let done = clean_up(&store, what).await;
        assert_eq!(
            done,
            CleanedUp { sessions_expired: expected, events_forgotten: expected, ..CleanedUp::default() }
        );
        assert_eq!(done.may_have_more(what.limit), more);
    }
}
