//! What a reader of the revocation log rests on.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use handstamp_core::model::SessionId;
use handstamp_core::store::{Changes, Store};
use handstamp_store_sqlite::SqliteStore;

use crate::kit::*;

const EVENTS: u8 = 120;

async fn commit_many(store: Arc<SqliteStore>, writer: u8) {
    for number in 0..EVENTS {
        let mut id = [writer; 16];
        id[0] = number;
        commit(&store, Changes::default().event(event(SessionId::from_bytes(id)))).await;
        tokio::task::yield_now().await;
    }
}

/// A transaction that began first may commit last. Numbers are in the order of commits all the same, so that whoever has read up to
/// a number has read every smaller one: two processes write, and a third looks all the time.
#[tokio::test(flavor = "multi_thread")]
async fn numbers_become_visible_in_their_order() {
    let folder = folder();
    let [one, other, reader] = [(); 3].map(|()| Arc::new(open(folder.path())));
    let is_over = Arc::new(AtomicBool::new(false));
    let reading = tokio::spawn({
        let is_over = Arc::clone(&is_over);
        async move {
            let mut last = 0;
            loop {
                let was_over = is_over.load(Ordering::Acquire);
                let head = reader.log_head().await.unwrap().seq;
                for event in reader.events_after(last, 500).await.unwrap() {
                    assert_eq!(event.seq, last + 1, "a smaller number was not there yet");
                    last = event.seq;
                }
                assert!(last >= head, "the log said {head} before all of it was there");
                if was_over {
                    return last;
                }
            }
        }
    });

    let writing = [tokio::spawn(commit_many(one, 1)), tokio::spawn(commit_many(other, 2))];
    for writer in writing {
        writer.await.unwrap();
    }
    is_over.store(true, Ordering::Release);

    assert_eq!(reading.await.unwrap(), 2 * u64::from(EVENTS));
}
