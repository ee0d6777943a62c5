//! A copy of the database while it is in use.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use handstamp_core::model::LogPosition;
use handstamp_core::store::{Change, Changes, Store};
use handstamp_core::test_support::contract::furnished;
use handstamp_core::test_support::contract::transfer::export_all;
use handstamp_store_sqlite::{
    BackupError, DATABASE_FILE, OpenError, OpenMode, SqliteStore, backup, schema_version,
};
use tempfile::TempDir;

use crate::kit::*;

fn quiet(_: u64, _: u64) {}

fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name());
    let mut names: Vec<_> = entries.map(|name| name.into_string().unwrap()).collect();
    names.sort();
    names
}

#[tokio::test]
async fn a_backup_is_one_file_for_its_owner_alone_with_everything_in_it() {
    let (folder, target) = (folder(), folder());
    let store = Arc::new(open(folder.path()));
    furnished(&(Arc::clone(&store) as Arc<dyn Store>)).await;

    let done = backup(folder.path(), &target.path().join(DATABASE_FILE), quiet).unwrap();

    assert_eq!(names(target.path()), [DATABASE_FILE]);
    let metadata = fs::metadata(target.path().join(DATABASE_FILE)).unwrap();
    assert_eq!((metadata.permissions().mode() & 0o777, metadata.len()), (0o600, done.bytes));
    assert_eq!(done.head, store.log_head().await.unwrap());
    let rows = |parcels: Vec<_>| parcels[1..].to_vec();
    assert_eq!(rows(export_all(&open(target.path())).await), rows(export_all(&*store).await));
    assert_sound(target.path());
}

/// Writers are not kept waiting, and whatever had been acknowledged when it began is in it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_backup_under_load_holds_all_that_was_there_and_is_of_one_moment() {
    let (folder, store) = with_user().await;
    let store = Arc::new(store);
    // Enough pages for many steps.
    for number in 0..200 {
        let mut large = session(1_000_000 + number);
        large.device = "x".repeat(30_000);
        commit(&store, Changes::one(starting(large))).await;
    }
    let (acknowledged, stop) = (Arc::new(AtomicU32::new(0)), Arc::new(AtomicBool::new(false)));
    let writing = tokio::spawn({
        let (store, acknowledged, stop) = (Arc::clone(&store), Arc::clone(&acknowledged), Arc::clone(&stop));
        async move {
            let mut number = 0;
            while !stop.load(Ordering::SeqCst) {
                number += 1;
                let unit = Changes::one(starting(session(number))).event(event(session(number).id));
                commit(&store, unit).await;
                acknowledged.store(number, Ordering::SeqCst);
            }
        }
    });
    while acknowledged.load(Ordering::SeqCst) < 20 {
        tokio::task::yield_now().await;
    }

    let target = tempfile::tempdir().unwrap();
    let into = target.path().join(DATABASE_FILE);
    let before = acknowledged.load(Ordering::SeqCst);
    let (steps, during) = (Arc::new(AtomicU32::new(0)), Arc::clone(&acknowledged));
    let copying = tokio::task::spawn_blocking({
        let (folder, steps) = (folder.path().to_owned(), Arc::clone(&steps));
        move || {
            backup(&folder, &into, |done, all| {
                assert!(done <= all);
                steps.fetch_add(1, Ordering::SeqCst);
                // In the middle of it the writer goes on.
                let seen = during.load(Ordering::SeqCst);
                while during.load(Ordering::SeqCst) == seen {
                    std::thread::yield_now();
                }
            })
        }
    });
    let done = copying.await.unwrap().unwrap();
    stop.store(true, Ordering::SeqCst);
    writing.await.unwrap();

    assert!(steps.load(Ordering::SeqCst) > 1, "it was copied in steps");
    let restored = open(target.path());
    for number in 1..=before {
        assert!(
            restored.session(session(number).id).await.unwrap().is_some(),
            "session {number} was acknowledged"
        );
    }
    // One moment: as many sessions as events.
    let head = restored.log_head().await.unwrap();
    assert_eq!(head, done.head);
    assert!(restored.session(session(u32::try_from(head.seq).unwrap()).id).await.unwrap().is_some());
    assert!(restored.session(session(u32::try_from(head.seq).unwrap() + 1).id).await.unwrap().is_none());
    assert!(head.seq < u64::from(acknowledged.load(Ordering::SeqCst)), "the writer was ahead in the end");
    restored.close().await.unwrap();
    assert_sound(target.path());
}

/// SQLite would read the log into the backup: what comes out is neither what was saved nor what was there.
#[tokio::test]
async fn a_backup_in_the_place_of_a_database_whose_log_is_still_there_is_refused() {
    let (folder, store) = with_user().await;
    let place = tempfile::tempdir().unwrap();
    let (file, log) = (place.path().join(DATABASE_FILE), place.path().join(format!("{DATABASE_FILE}-wal")));
    backup(folder.path(), &file, quiet).unwrap();
    commit(&store, Changes::one(Change::CreateUser(user(2)))).await;
    // As it is left behind by a service that was killed.
    fs::copy(folder.path().join(format!("{DATABASE_FILE}-wal")), &log).unwrap();
    let before = (fs::read(&file).unwrap(), fs::read(&log).unwrap());

    let refused = [
        SqliteStore::open(place.path(), OpenMode::Command).err().unwrap(),
        schema_version(place.path()).unwrap_err(),
        match backup(place.path(), &place.path().join("another"), quiet) {
            Err(BackupError::Open(refused)) => refused,
            other => panic!("{other:?}"),
        },
    ];

    for refused in refused {
        assert!(
            matches!(&refused, OpenError::StrayLog { log: found, .. } if found.ends_with("handstamp.db-wal")),
            "{refused:?}"
        );
    }
    assert_eq!((fs::read(&file).unwrap(), fs::read(&log).unwrap()), before, "nothing was touched");
    fs::remove_file(&log).unwrap();
    let restored = open(place.path());
    assert!(restored.user(user(1).id).await.unwrap().is_some());
    assert!(restored.user(user(2).id).await.unwrap().is_none());
}

/// The original goes on, and gives out the numbers that come next in the copy.
#[tokio::test]
async fn whoever_serves_a_backup_knows_that_the_log_was_further() {
    let (folder, store) = with_user().await;
    commit(&store, Changes::default().event(event(session(1).id))).await;
    let target = tempfile::tempdir().unwrap();
    let head = backup(folder.path(), &target.path().join(DATABASE_FILE), quiet).unwrap().head;

    let restored = open(target.path());

    assert_eq!(restored.log_mark().await.unwrap(), Some(LogPosition { seq: head.seq + 1, ..head }));
    // Also when a command was faster than the service.
    commit(&restored, Changes::default().event(event(session(2).id))).await;
    let next = restored.log_head().await.unwrap();
    assert!(restored.log_mark().await.unwrap() > Some(next));
    let begin = Change::BeginEpoch { from: head.epoch, to: head.epoch + 1, lost: None, forget_at: now() };
    commit(&restored, Changes::one(begin)).await;
    assert_eq!(restored.log_mark().await.unwrap(), Some(restored.log_head().await.unwrap()));
    // The original knows nothing of it.
    assert_eq!(store.log_mark().await.unwrap(), Some(head));
}

/// A backup of what was restored is a copy as well.
#[tokio::test]
async fn a_backup_of_a_backup_is_one() {
    let (folder, store) = with_user().await;
    store.close().await.unwrap();
    let (first, second) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    backup(folder.path(), &first.path().join(DATABASE_FILE), quiet).unwrap();
    backup(first.path(), &second.path().join(DATABASE_FILE), quiet).unwrap();
    let restored = open(second.path());
    assert!(restored.log_mark().await.unwrap() > Some(restored.log_head().await.unwrap()));
    assert!(restored.user(user(1).id).await.unwrap().is_some());
}

fn refused(folder: &TempDir, into: &Path) -> BackupError {
    backup(folder.path(), into, quiet).unwrap_err()
}

#[tokio::test]
async fn a_file_that_is_there_is_not_written_into() {
    let (folder, _store) = with_user().await;
    let target = tempfile::tempdir().unwrap();
    let into = target.path().join("yesterday.db");
    fs::write(&into, "yesterday").unwrap();
    assert!(matches!(refused(&folder, &into), BackupError::Write { .. }));
    assert_eq!(fs::read_to_string(&into).unwrap(), "yesterday");
}

#[tokio::test]
async fn a_failed_backup_leaves_nothing_behind() {
    let target = tempfile::tempdir().unwrap();
    let into = target.path().join("copy.db");
    for (given, what) in [(Vec::new(), "nothing"), (vec![b'x'; 9_000], "something else")] {
        let folder = folder();
        fs::write(folder.path().join(DATABASE_FILE), given).unwrap();
        assert!(matches!(refused(&folder, &into), BackupError::Open(_)), "{what}");
        assert_eq!(names(target.path()), [""; 0], "{what}");
    }
    let missing = refused(&folder(), &into);
    assert!(matches!(missing, BackupError::Open(OpenError::ReadOnly { .. })), "{missing:?}");
}

#[tokio::test]
async fn a_database_of_another_version_is_left_as_it_is() {
    let target = tempfile::tempdir().unwrap();
    for (version, is_older) in [(1, true), (4711, false)] {
        let (folder, store) = with_user().await;
        store.close().await.unwrap();
        behind_its_back(folder.path()).execute_batch(&format!("PRAGMA user_version = {version}")).unwrap();
        let refused = refused(&folder, &target.path().join("copy.db"));
        match refused {
            BackupError::Older { found: 1, .. } => assert!(is_older),
            BackupError::Open(OpenError::Newer { found: 4711, .. }) => assert!(!is_older),
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(names(target.path()), [""; 0]);
}

#[tokio::test]
async fn a_damaged_database_makes_no_backup() {
    let (folder, store) = with_user().await;
    for number in 0..300 {
        commit(&store, Changes::one(starting(session(number)))).await;
    }
    store.close().await.unwrap();
    let file = folder.path().join(DATABASE_FILE);
    let mut bytes = fs::read(&file).unwrap();
    let from = bytes.len() - 3 * 4_096;
    bytes[from..].fill(0x5a);
    fs::write(&file, bytes).unwrap();
    let target = tempfile::tempdir().unwrap();

    let refused = refused(&folder, &target.path().join("copy.db"));

    assert!(matches!(refused, BackupError::Unsound { .. }), "{refused:?}");
    assert_eq!(names(target.path()), [""; 0]);
}
