//! A power cut takes what the disk was not told to keep: the end of the log that no commit has waited for.

use std::fs;
use std::path::Path;

use handstamp_core::store::{Changes, Store};
use handstamp_store_sqlite::{DATABASE_FILE, SqliteStore};
use tempfile::TempDir;

use crate::kit::*;

/// A store with one session whose start waited for the disk, and three rotations that did not. Also returns how long
/// the log was when the disk was last waited for.
async fn with_rotations() -> (TempDir, SqliteStore, usize) {
    let (folder, store) = with_user().await;
    commit(&store, Changes::one(starting(session(1)))).await;
    let synced = log(folder.path()).len();
    let mut current = session(1);
    for _ in 0..3 {
        commit(&store, Changes::one(rotating(&current)).relaxed()).await;
        current = store.session(current.id).await.unwrap().unwrap();
    }
    assert_eq!(current.refresh.generation, 3);
    assert!(log(folder.path()).len() > synced, "the rotations are in the log");
    (folder, store, synced)
}

fn log(folder: &Path) -> Vec<u8> {
    fs::read(folder.join(format!("{DATABASE_FILE}-wal"))).unwrap()
}

/// Returns the folder that the power cut leaves, with this much of the log.
fn after_the_cut(folder: &TempDir, log: &[u8]) -> TempDir {
    let left = tempfile::tempdir().unwrap();
    fs::copy(folder.path().join(DATABASE_FILE), left.path().join(DATABASE_FILE)).unwrap();
    fs::write(left.path().join(format!("{DATABASE_FILE}-wal")), log).unwrap();
    left
}

#[tokio::test]
async fn loses_rotations_and_nothing_else() {
    let (folder, _store, synced) = with_rotations().await;
    let left = after_the_cut(&folder, &log(folder.path())[..synced]);
    let store = open(left.path());
    assert_eq!(store.session(session(1).id).await.unwrap(), Some(session(1)));
    assert_eq!(store.user(user(1).id).await.unwrap(), Some(user(1)));
    drop(store);
    assert_sound(left.path());
}

#[tokio::test]
async fn a_torn_end_of_the_log_is_left_out() {
    let (folder, _store, synced) = with_rotations().await;
    let whole = log(folder.path());
    for torn in synced..whole.len() {
        // Every length would take minutes: all around the frames' ends, and some between.
        if (torn - synced) % 4_120 > 40 && !torn.is_multiple_of(509) {
            continue;
        }
        let left = after_the_cut(&folder, &whole[..torn]);
        let read = open(left.path()).session(session(1).id).await.unwrap().unwrap();
        assert!(read.refresh.generation < 3, "{torn}");
        assert_eq!(read.device, session(1).device);
    }
}

#[tokio::test]
async fn an_end_of_the_log_that_came_back_as_zeroes_is_left_out() {
    let (folder, _store, synced) = with_rotations().await;
    let mut zeroed = log(folder.path());
    zeroed[synced..].fill(0);
    let left = after_the_cut(&folder, &zeroed);
    assert_eq!(open(left.path()).session(session(1).id).await.unwrap(), Some(session(1)));
    assert_sound(left.path());
}

#[tokio::test]
async fn a_session_whose_rotations_were_lost_moves_on_from_where_it_stands() {
    let (folder, store, synced) = with_rotations().await;
    let held_by_the_client = store.session(session(1).id).await.unwrap().unwrap();
    let left = after_the_cut(&folder, &log(folder.path())[..synced]);
    let store = open(left.path());
    let mut change = rotating(&session(1));
    if let handstamp_core::store::Change::RotateSession { to, .. } = &mut change {
        *to = held_by_the_client.refresh;
    }
    commit(&store, Changes::one(change).relaxed()).await;
    assert_eq!(store.session(session(1).id).await.unwrap().unwrap().refresh, held_by_the_client.refresh);
}

#[tokio::test]
async fn a_commit_that_waits_for_the_disk_takes_the_rotations_before_it_along() {
    let (folder, store, _) = with_rotations().await;
    commit(&store, Changes::one(starting(session(2)))).await;
    let left = after_the_cut(&folder, &log(folder.path()));
    let read = open(left.path()).session(session(1).id).await.unwrap().unwrap();
    assert_eq!(read.refresh.generation, 3);
}
