use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::cluster::Cluster;
use super::people::{Crowd, Seen};
use crate::support::PATIENCE;

/// The library that tells a program another time. Debian's package `faketime` brings it.
fn another_time() -> String {
    let found = std::fs::read_dir("/usr/lib").into_iter().flatten().flatten();
    let mut found = found.map(|folder| folder.path().join("faketime/libfaketimeMT.so.1"));
    let found: PathBuf =
        found.find(|library| library.is_file()).expect("`cargo xtask install` brings libfaketime");
    found.to_string_lossy().into_owned()
}

/// A replica whose machine's clock is off takes no part until it is right again, and says so: what it wrote down and signed would
/// be believed by the others.
async fn a_clock_that_is_off(by: &'static str) -> Seen {
    let cluster = Arc::new(Cluster::start().await);
    let crowd = Crowd::at(&cluster, 6, Duration::ZERO).await;
    let library = another_time();

    let skewed = move |cluster: &Cluster| {
        let variables =
            [("LD_PRELOAD", library.as_str()), ("FAKETIME", by), ("FAKETIME_DONT_FAKE_MONOTONIC", "1")];
        cluster.kill(2);
        cluster.revive(2, &variables);
    };
    cluster.aside(skewed).await;
    let ready = cluster.ready(2).await.expect("it answers");
    assert_eq!(ready.status, 503, "{ready:?}");
    assert!(ready.body["detail"].as_str().is_some_and(|detail| detail.contains("clock")), "{ready:?}");
    let sign_in = cluster.sign_in(&cluster.replica(2)).await.expect("it answers");
    assert_eq!(sign_in.code(), (503, "unavailable"), "it signs nothing: {sign_in:?}");
    for right in [0, 1] {
        assert_eq!(cluster.ready(right).await.expect("it answers").status, 200);
    }
    sleep(Duration::from_secs(6)).await;

    let right = |cluster: &Cluster| {
        cluster.kill(2);
        cluster.revive(2, &[]);
    };
    cluster.aside(right).await;
    let deadline = Instant::now() + PATIENCE;
    while cluster.sign_in(&cluster.replica(2)).await.is_none_or(|reply| reply.status != 200) {
        assert!(Instant::now() < deadline, "it never takes part again: {}", cluster.log());
    }
    crowd.home().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_replica_whose_clock_is_a_minute_ahead_takes_no_part() {
    eprintln!("the clock of one replica a minute ahead: {}", a_clock_that_is_off("+60s").await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_replica_whose_clock_is_a_minute_behind_takes_no_part() {
    eprintln!("the clock of one replica a minute behind: {}", a_clock_that_is_off("-60s").await);
}
