//! The rules of moving, and what only this store has: a note beside it, and a service that holds the folder.

use handstamp_core::store::Store;
use handstamp_core::store::transfer::Parcel;
use handstamp_core::test_support::contract::furnished;
use handstamp_core::test_support::contract::transfer::{export_all, import_all};
use handstamp_core::test_support::{MemoryStore, samples};
use handstamp_store_sqlite::{DATABASE_FILE, SqliteStore, backup};
use tempfile::TempDir;

use crate::kit::{assert_sound, commit, folder, open};

#[expect(clippy::unused_async, reason = "the suite awaits it: other stores are made over a network")]
async fn empty_store() -> (SqliteStore, TempDir) {
    let folder = folder();
    (open(folder.path()), folder)
}

mod from_memory {
    use super::*;

    async fn memory() -> (MemoryStore, ()) {
        std::future::ready((MemoryStore::default(), ())).await
    }

    handstamp_core::store_transfer_tests!(memory, empty_store);
}

handstamp_core::store_transfer_tests!(empty_store, empty_store);

async fn given() -> (TempDir, std::sync::Arc<SqliteStore>) {
    let folder = folder();
    let store = std::sync::Arc::new(open(folder.path()));
    furnished(&(std::sync::Arc::clone(&store) as std::sync::Arc<dyn Store>)).await;
    (folder, store)
}

#[tokio::test]
async fn what_was_taken_in_is_sound_and_noted_beside_the_database() {
    let (_from, store) = given().await;
    let folder = folder();
    let to = open(folder.path());

    import_all(&to, export_all(&*store).await).await.unwrap();

    assert_eq!(to.log_mark().await.unwrap(), Some(store.log_head().await.unwrap()));
    to.close().await.unwrap();
    assert_sound(folder.path());
}

/// Whoever takes it in has to know that somewhere the log has gone on.
#[tokio::test]
async fn an_export_of_a_restored_backup_says_that_the_log_was_further() {
    let (from, _store) = given().await;
    let folder = folder();
    backup(from.path(), &folder.path().join(DATABASE_FILE), |_, _| {}).unwrap();

    let restored = open(folder.path());
    let parcels = export_all(&restored).await;

    let Some(Parcel::Contents(contents)) = parcels.first() else { panic!("{parcels:?}") };
    assert!(contents.mark.is_some_and(|mark| mark > contents.head), "{contents:?}");
}

/// The command may be killed before it writes the note beside the database.
#[tokio::test]
async fn a_log_that_had_lost_its_end_is_known_to_have_by_the_database_itself() {
    let (from, _store) = given().await;
    let copied = folder();
    backup(from.path(), &copied.path().join(DATABASE_FILE), |_, _| {}).unwrap();
    let (place, parcels) = (folder(), export_all(&open(copied.path())).await);
    let to = open(place.path());
    import_all(&to, parcels).await.unwrap();

    std::fs::remove_file(place.path().join("revocation.mark")).unwrap();

    let head = to.log_head().await.unwrap();
    assert!(to.log_mark().await.unwrap().is_some_and(|mark| mark > head));
}

#[tokio::test]
async fn an_export_of_a_store_in_order_says_nothing_of_the_kind() {
    let (_folder, store) = given().await;
    let parcels = export_all(&*store).await;
    let Some(Parcel::Contents(contents)) = parcels.first() else { panic!("{parcels:?}") };
    assert_eq!(contents.mark, None);
}

/// Another program's transaction is not waited for without end, and its work is not undone.
#[tokio::test]
async fn a_database_that_changed_under_the_import_is_left_as_it_is() {
    let (_from, store) = given().await;
    let parcels = export_all(&*store).await;
    let folder = folder();
    let to = open(folder.path());
    let other = open(folder.path());
    let user = handstamp_core::store::Change::CreateUser(samples::user(7));
    commit(&other, handstamp_core::store::Changes::one(user)).await;

    import_all(&to, parcels).await.unwrap_err();

    assert!(other.user(samples::user(7).id).await.unwrap().is_some());
}
