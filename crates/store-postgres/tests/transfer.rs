//! The rules of moving, between two databases and from other stores.

use std::sync::Arc;

use handstamp_core::model::{AuditEntry, AuditKind};
use handstamp_core::store::transfer::{Kind, Parcel, Row, Transfer};
use handstamp_core::store::{Changes, Store};
use handstamp_core::test_support::MemoryStore;
use handstamp_core::test_support::contract::furnished;
use handstamp_core::test_support::contract::transfer::{
    everything_moves_and_comes_out_the_same as everything_moves_and_comes_out_the_same_of, export_all,
    import_all,
};
use handstamp_store_postgres::PostgresStore;

use jiff::Timestamp;

use crate::kit::empty_store;

async fn empty() -> (PostgresStore, ()) {
    (empty_store().await, ())
}

handstamp_core::store_transfer_tests!(empty, empty);

#[tokio::test]
async fn another_kind_of_store_moves_in_and_out() {
    let (first, last) = (Arc::new(MemoryStore::default()), Arc::new(MemoryStore::default()));
    let here = Arc::new(empty_store().await);
    everything_moves_and_comes_out_the_same_of(Arc::clone(&first), Arc::clone(&here)).await;
    import_all(&*last, export_all(&*here).await).await.unwrap();
    assert_eq!(last.log_head().await.unwrap(), first.log_head().await.unwrap());
}

/// More rows than are under way at a time, and than are in a parcel: none changes places, and none is lost.
#[tokio::test]
async fn many_rows_keep_their_order() {
    let (from, to) = (MemoryStore::default(), empty_store().await);
    let entries = (0..1_234).map(|number| AuditEntry {
        detail: Some(format!("entry {number}")),
        ..AuditEntry::new(AuditKind::SignedIn, Timestamp::UNIX_EPOCH)
    });
    let changes = entries.fold(Changes::default(), Changes::audit);
    from.apply(changes).await.unwrap();

    import_all(&to, export_all(&from).await).await.unwrap();

    let details = |parcels: Vec<Parcel>| -> Vec<Option<String>> {
        let rows =
            parcels.into_iter().filter_map(|p| if let Parcel::Rows(rows) = p { Some(rows) } else { None });
        rows.flatten().filter(|row| row.kind() == Kind::Audit).map(detail).collect()
    };
    assert_eq!(details(export_all(&to).await), details(export_all(&from).await));
}

fn detail(row: Row) -> Option<String> {
    if let Row::Audit(entry) = row { entry.detail } else { None }
}

/// Who starts the service while the installation comes in finds nothing, makes keys, and waits: one of the two wins, never half of each.
#[tokio::test]
async fn who_writes_meanwhile_waits() {
    let from = Arc::new(MemoryStore::default());
    furnished(&(Arc::clone(&from) as Arc<dyn Store>)).await;
    let to = Arc::new(empty_store().await);
    let (sender, parcels) = tokio::sync::mpsc::channel(1);
    let importing = tokio::spawn({
        let to = Arc::clone(&to);
        async move { to.import(parcels).await }
    });
    let mut all = export_all(&*from).await.into_iter();
    sender.send(all.next().unwrap()).await.unwrap();
    sender.send(all.next().unwrap()).await.unwrap();
    // It has begun by now: the channel has room for one alone.
    sender.reserve().await.unwrap();

    let entry = AuditEntry::new(AuditKind::KeyChanged, Timestamp::UNIX_EPOCH);
    let writing = tokio::spawn({
        let to = Arc::clone(&to);
        async move { to.apply(Changes::default().audit(entry)).await }
    });
    for parcel in all {
        sender.send(parcel).await.unwrap();
    }
    drop(sender);

    let taken = importing.await.unwrap().unwrap();
    writing.await.unwrap().unwrap();
    let entries = to.audit_entries(None, u32::MAX).await.unwrap();
    assert_eq!(entries.len() as u64, taken.of(Kind::Audit) + 1);
}
