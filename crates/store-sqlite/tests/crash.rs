//! A process killed in the middle of its commits.

use std::io::{BufRead, BufReader};
use std::sync::Arc;

use handstamp_core::model::SessionId;
use handstamp_core::store::{Changes, Store};
use handstamp_store_sqlite::{OpenMode, ShareMode, SqliteStore};

use crate::kit::*;

/// Acknowledged units of work before the process is killed.
const ENOUGH: usize = 300;

#[tokio::test]
async fn nothing_acknowledged_is_lost_when_the_process_is_killed() {
    let (folder, store) = with_user().await;
    drop(store);
    let mut child = in_another_process("crash::writes_until_it_is_killed", folder.path(), |_| {});
    let mut acknowledged = Vec::new();
    let mut killed = false;
    for line in BufReader::new(child.stdout.take().unwrap()).lines() {
        let line = line.unwrap();
        let Some(number) = line.strip_prefix("acknowledged ") else { continue };
        acknowledged.push(number.parse::<u32>().unwrap());
        if acknowledged.len() == ENOUGH {
            child.kill().unwrap();
            killed = true;
        }
    }
    child.wait().unwrap();
    assert!(killed, "the process ended by itself after {} units", acknowledged.len());

    let store = SqliteStore::open(folder.path(), OpenMode::Serve(ShareMode::Exclusive)).unwrap();
    for number in &acknowledged {
        assert_eq!(store.session(session(*number).id).await.unwrap(), Some(session(*number)), "{number}");
    }
    assert_whole(&store, acknowledged.len()).await;
    assert_sound(folder.path());
}

/// Each unit was a session and an event: there are as many of one as of the other, and the log has no gap.
async fn assert_whole(store: &SqliteStore, at_least: usize) {
    let events = store.events_after(0, u32::MAX).await.unwrap();
    let sessions = store.live_sessions(user(1).id, now()).await.unwrap();
    assert_eq!(events.len(), sessions.len());
    assert!(events.len() >= at_least);
    assert!(events.iter().zip(1..).all(|(event, seq)| event.seq == seq));
    assert_eq!(store.log_head().await.unwrap().seq, events.len() as u64);
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "runs in a process that another test kills"]
async fn writes_until_it_is_killed() {
    let Some(folder) = given_folder() else { return };
    let store = Arc::new(SqliteStore::open(folder.as_ref(), OpenMode::Serve(ShareMode::Exclusive)).unwrap());
    let writers = (0..8_u32).map(|writer| {
        let store = Arc::clone(&store);
        tokio::spawn(async move {
            for number in (0..u32::MAX / 8).map(|n| n * 8 + writer) {
                let session = session(number);
                let id: SessionId = session.id;
                commit(&store, Changes::one(starting(session)).event(event(id))).await;
                println!("acknowledged {number}");
            }
        })
    });
    for writer in writers.collect::<Vec<_>>() {
        writer.await.unwrap();
    }
}
