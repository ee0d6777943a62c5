//! What verifiers say about themselves.

use std::{sync::Arc, time::Duration};

use handstamp_token::KeyId;

use super::{
    commit,
    samples::{HOUR, after, noon},
};
use crate::{
    model::{LogPosition, VerifierReport},
    store::{Change, Changes, Store},
};

pub(super) fn report(client: &str, instance: &str) -> VerifierReport {
    VerifierReport {
        client: Some(client.parse().expect("it is an id")),
        instance: instance.parse().expect("it is a name"),
        kids: ["a", "b"].map(|kid| KeyId::new(kid).expect("it is a key id")).to_vec(),
        position: LogPosition { epoch: u32::MAX, seq: 1 << 47 },
        lag: Duration::from_millis(1_234),
        reported_at: noon(),
    }
}

pub(super) fn note(report: &VerifierReport) -> Changes {
    Changes::one(Change::NoteReport { report: report.clone(), at_most: 3 })
}

async fn read(store: &Arc<dyn Store>) -> Vec<VerifierReport> {
    store.reports().await.expect("the store works")
}

/// Every field survives; those of nobody in particular come first.
pub async fn reports_read_back_as_written(store: Arc<dyn Store>) {
    let nobody = VerifierReport { client: None, kids: Vec::new(), ..report("any", "z") };
    let reports = [report("profiles", "a"), report("orders", "b"), nobody, report("orders", "a")];
    for report in &reports {
        commit(&store, note(report)).await;
    }
    let [profiles, orders_b, nobody, orders_a] = reports;
    assert_eq!(read(&store).await, [nobody, orders_a, orders_b, profiles]);
}

/// A process is one row, however often it reports.
pub async fn a_report_replaces_what_the_process_said_before(store: Arc<dyn Store>) {
    commit(&store, note(&report("orders", "a"))).await;
    let later = VerifierReport {
        kids: Vec::new(),
        position: LogPosition { epoch: 1, seq: 9 },
        lag: Duration::ZERO,
        reported_at: after(HOUR),
        ..report("orders", "a")
    };
    commit(&store, note(&later)).await;
    assert_eq!(read(&store).await, [later]);
}

/// Two replicas may write what they heard in the other order than they heard it.
pub async fn an_older_report_replaces_nothing(store: Arc<dyn Store>) {
    let newer = VerifierReport { reported_at: after(HOUR), ..report("orders", "a") };
    commit(&store, note(&newer)).await;
    commit(&store, note(&report("orders", "a"))).await;
    assert_eq!(read(&store).await, [newer]);
}

/// Whoever invents processes fills the room of their own service, and nobody else's.
pub async fn a_new_process_beyond_the_limit_is_not_noted(store: Arc<dyn Store>) {
    for instance in ["a", "b", "c", "d", "e"] {
        commit(&store, note(&report("orders", instance))).await;
    }
    let known = VerifierReport { reported_at: after(HOUR), ..report("orders", "b") };
    commit(&store, note(&known)).await;
    commit(&store, note(&report("profiles", "d"))).await;
    let nobody = VerifierReport { client: None, ..report("any", "d") };
    commit(&store, note(&nobody)).await;
    let expected = [nobody, report("orders", "a"), known, report("orders", "c"), report("profiles", "d")];
    assert_eq!(read(&store).await, expected);
}
