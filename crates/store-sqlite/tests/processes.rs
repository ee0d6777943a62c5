//! Two processes, or two stores, on one database at once.

use std::time::Duration;

use handstamp_core::model::EndReason;
use handstamp_core::store::{Applied, Change, Changes, Conflict, Store};
use handstamp_store_sqlite::{OpenMode, ShareMode, SqliteStore};

use crate::kit::*;

/// Units of work of each process: more than fit into one turn of a writer.
const UNITS: u32 = 400;

#[tokio::test(flavor = "multi_thread")]
async fn two_processes_write_at_once_and_neither_starves() {
    let (folder, store) = with_user().await;
    drop(store);
    let ours = SqliteStore::open(folder.path(), OpenMode::Serve(ShareMode::Shared)).unwrap();
    let theirs = in_another_process("processes::writes_beside_another", folder.path(), |_| {});
    write(&ours, 0).await;
    let theirs = theirs.wait_with_output().unwrap();
    assert!(theirs.status.success(), "{}", String::from_utf8_lossy(&theirs.stdout));

    let sessions = ours.live_sessions(user(1).id, now()).await.unwrap();
    assert_eq!(sessions.len(), 2 * UNITS as usize);
    let events = ours.events_after(0, u32::MAX).await.unwrap();
    assert_eq!(events.len(), 2 * UNITS as usize);
    assert!(events.iter().zip(1..).all(|(event, seq)| event.seq == seq), "the log has a gap");
    assert_sound(folder.path());
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "runs in a process that another test starts"]
async fn writes_beside_another() {
    let Some(folder) = given_folder() else { return };
    let store = SqliteStore::open(folder.as_ref(), OpenMode::Serve(ShareMode::Shared)).unwrap();
    write(&store, UNITS).await;
}

async fn write(store: &SqliteStore, from: u32) {
    let units = (from..from + UNITS).map(|number| async move {
        let session = session(number);
        let id = session.id;
        commit(store, Changes::one(starting(session)).event(event(id))).await;
    });
    // Sixteen at a time, as from as many requests.
    let mut units = units.collect::<Vec<_>>();
    while !units.is_empty() {
        let some = units.split_off(units.len().saturating_sub(16));
        join_all(some).await;
    }
}

/// A process that closes the file past SQLite, as to look at it or to narrow its rights, lets go of the locks of every store that has it
/// open. The next one to stop would take itself for the last, and remove the log that is in use.
#[tokio::test]
async fn a_second_store_of_one_process_takes_no_locks_away_from_the_first() {
    let (folder, first) = with_user().await;
    let second = open(folder.path());
    assert!(second.user(user(1).id).await.unwrap().is_some());
    drop(second);

    let other = in_another_process("processes::takes_it_for_itself_and_tells", folder.path(), |_| {});
    let output = other.wait_with_output().unwrap();

    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(said.contains("it is in use"), "{said}");
    commit(&first, Changes::one(starting(session(1)))).await;
}

#[test]
#[ignore = "runs in a process that another test starts"]
fn takes_it_for_itself_and_tells() {
    let Some(folder) = given_folder() else { return };
    let connection = behind_its_back(folder.as_ref());
    connection.busy_timeout(Duration::ZERO).unwrap();
    match connection.execute_batch("PRAGMA locking_mode = EXCLUSIVE; BEGIN IMMEDIATE; ROLLBACK") {
        Ok(()) => println!("it is free"),
        Err(_) => println!("it is in use"),
    }
}

#[tokio::test]
async fn of_two_stores_that_rotate_one_session_one_wins() {
    let (folder, one) = with_user().await;
    commit(&one, Changes::one(starting(session(1)))).await;
    let other = open(folder.path());
    let read = one.session(session(1).id).await.unwrap().unwrap();
    let rotation = Changes::one(rotating(&read)).relaxed();
    let (first, second) = tokio::join!(one.apply(rotation.clone()), other.apply(rotation));
    let mut outcomes = [first.unwrap(), second.unwrap()];
    outcomes.sort_by_key(|outcome| matches!(outcome, Applied::Conflict(_)));
    assert!(matches!(outcomes[0], Applied::Committed { .. }));
    assert_eq!(outcomes[1], Applied::Conflict(Conflict::SessionChanged));
    assert_eq!(one.session(read.id).await.unwrap().unwrap().refresh.generation, 1);
}

#[tokio::test]
async fn a_store_reads_at_once_what_another_has_written() {
    let (folder, one) = with_user().await;
    let other = open(folder.path());
    assert_eq!(other.session(session(1).id).await.unwrap(), None);
    commit(&one, Changes::one(starting(session(1)))).await;
    assert_eq!(other.session(session(1).id).await.unwrap(), Some(session(1)));
    let end = Change::EndSession { id: session(1).id, at: now(), reason: EndReason::SignedOut };
    commit(&other, Changes::one(end).event(event(session(1).id))).await;
    assert_eq!(one.log_head().await.unwrap().seq, 1);
}

#[tokio::test]
async fn an_epoch_is_the_same_for_all_and_for_ever() {
    let (folder, one) = with_user().await;
    let epoch = one.log_head().await.unwrap().epoch;
    let other = open(folder.path());
    assert_eq!(other.log_head().await.unwrap().epoch, epoch);
    drop((one, other));
    tokio::time::sleep(Duration::from_millis(1_100)).await;
    assert_eq!(open(folder.path()).log_head().await.unwrap().epoch, epoch);
}

#[tokio::test]
async fn two_databases_made_at_different_times_have_different_epochs() {
    let (_first, one) = with_user().await;
    tokio::time::sleep(Duration::from_millis(1_100)).await;
    let (_second, other) = with_user().await;
    assert_ne!(one.log_head().await.unwrap().epoch, other.log_head().await.unwrap().epoch);
}

async fn join_all(futures: Vec<impl Future<Output = ()>>) {
    let mut futures = futures.into_iter().map(Box::pin).collect::<Vec<_>>();
    std::future::poll_fn(|cx| {
        futures.retain_mut(|future| future.as_mut().poll(cx).is_pending());
        if futures.is_empty() { std::task::Poll::Ready(()) } else { std::task::Poll::Pending }
    })
    .await;
}
