use handstamp_core::store::{Change, Changes, Store};
use handstamp_store_sqlite::{OpenError, OpenMode, ShareMode, SqliteStore};

use crate::kit::*;

const EXCLUSIVE: OpenMode = OpenMode::Serve(ShareMode::Exclusive);
const SHARED: OpenMode = OpenMode::Serve(ShareMode::Shared);

#[test]
fn a_second_service_is_refused_and_hears_which_folder_and_who_has_it() {
    let folder = folder();
    let _first = SqliteStore::open(folder.path(), EXCLUSIVE).unwrap();
    let refused = SqliteStore::open(folder.path(), EXCLUSIVE).unwrap_err();
    let expected = format!(
        "the data folder {} is already served by process {}: stop it first, or give this one a folder of its own",
        folder.path().display(),
        std::process::id()
    );
    assert_eq!(refused.to_string(), expected);
}

#[test]
fn services_share_a_folder_when_both_say_so() {
    let folder = folder();
    let _first = SqliteStore::open(folder.path(), SHARED).unwrap();
    let _second = SqliteStore::open(folder.path(), SHARED).unwrap();
}

#[test]
fn a_service_that_shares_and_one_that_does_not_refuse_each_other() {
    for (first, second) in [(EXCLUSIVE, SHARED), (SHARED, EXCLUSIVE)] {
        let folder = folder();
        let _first = SqliteStore::open(folder.path(), first).unwrap();
        let refused = SqliteStore::open(folder.path(), second).unwrap_err();
        assert!(matches!(refused, OpenError::AlreadyServed { .. }), "{refused:?}");
    }
}

#[tokio::test]
async fn commands_work_while_a_service_runs() {
    let folder = folder();
    let service = SqliteStore::open(folder.path(), EXCLUSIVE).unwrap();
    let command = open(folder.path());
    commit(&command, Changes::one(Change::CreateUser(user(1)))).await;
    assert_eq!(service.user(user(1).id).await.unwrap(), Some(user(1)));
}

#[test]
fn a_service_that_was_dropped_makes_room_for_the_next() {
    let folder = folder();
    drop(SqliteStore::open(folder.path(), EXCLUSIVE).unwrap());
    SqliteStore::open(folder.path(), EXCLUSIVE).unwrap();
}

#[tokio::test]
async fn a_service_that_was_closed_makes_room_for_the_next() {
    let folder = folder();
    let first = SqliteStore::open(folder.path(), EXCLUSIVE).unwrap();
    first.close().await.unwrap();
    SqliteStore::open(folder.path(), EXCLUSIVE).unwrap();
}

#[test]
fn a_folder_that_could_not_be_opened_is_not_locked() {
    let folder = folder();
    let file = folder.path().join(handstamp_store_sqlite::DATABASE_FILE);
    std::fs::write(&file, "this is no database, and long enough for a header of one hundred bytes".repeat(2))
        .unwrap();
    SqliteStore::open(folder.path(), EXCLUSIVE).unwrap_err();
    std::fs::remove_file(file).unwrap();
    SqliteStore::open(folder.path(), EXCLUSIVE).unwrap();
}
