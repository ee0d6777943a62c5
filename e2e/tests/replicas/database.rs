use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::cluster::{Cluster, REPLICAS};
use super::people::Crowd;
use crate::support::PATIENCE;

/// Makes a fault, lets it last, mends it, and returns what people saw and how soon all was well again.
async fn told(
    what: &str,
    fault: impl FnOnce(&Cluster) + Send + 'static,
    lasts: Duration,
    mended: impl FnOnce(&Cluster) + Send + 'static,
) {
    let cluster = Arc::new(Cluster::start().await);
    let crowd = Crowd::at(&cluster, 8).await;

    let broken = Arc::clone(&cluster);
    tokio::task::spawn_blocking(move || fault(&broken)).await.expect("a fault");
    sleep(lasts / 2).await;
    if !lasts.is_zero() {
        for replica in 0..REPLICAS {
            let ready = cluster.ready(replica).await;
            assert!(
                ready.is_none_or(|ready| ready.status == 503),
                "a replica without its database says it is ready"
            );
        }
    }
    sleep(lasts / 2).await;
    let whole = Arc::clone(&cluster);
    tokio::task::spawn_blocking(move || mended(&whole)).await.expect("mended");
    let after = crowd.are_served().await;

    until_ready(&cluster).await;
    eprintln!("{what}: everybody is served {after:?} afterwards; {}", crowd.home().await);
}

async fn until_ready(cluster: &Cluster) {
    let deadline = Instant::now() + PATIENCE;
    for replica in 0..REPLICAS {
        while cluster.ready(replica).await.is_none_or(|ready| ready.status != 200) {
            assert!(Instant::now() < deadline, "replica {replica} never is ready again: {}", cluster.log());
            sleep(Duration::from_millis(50)).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restarted_database_signs_nobody_out_and_loses_nothing() {
    told("PostgreSQL restarted", |cluster| cluster.postgres.restart(), Duration::ZERO, |_| {}).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_database_signs_nobody_out_and_loses_nothing() {
    let fault = |cluster: &Cluster| cluster.postgres.kill();
    told("PostgreSQL killed, back 2 s later", fault, Duration::from_secs(2), |cluster| {
        cluster.postgres.start_again();
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_frozen_database_signs_nobody_out_and_loses_nothing() {
    let fault = |cluster: &Cluster| cluster.postgres.pause();
    told("PostgreSQL frozen for 10 s", fault, Duration::from_secs(10), |cluster| cluster.postgres.resume())
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn connections_to_the_database_that_are_cut_sign_nobody_out_and_lose_nothing() {
    let fault = |cluster: &Cluster| cluster.to_postgres.cut();
    told("connections to PostgreSQL cut for 3 s", fault, Duration::from_secs(3), |cluster| {
        cluster.to_postgres.mend();
    })
    .await;
}

/// Nobody closes anything: packets are lost on the way.
#[tokio::test(flavor = "multi_thread")]
async fn connections_to_the_database_that_fall_silent_sign_nobody_out_and_lose_nothing() {
    let fault = |cluster: &Cluster| cluster.to_postgres.silence();
    told("connections to PostgreSQL silent for 5 s", fault, Duration::from_secs(5), |cluster| {
        cluster.to_postgres.mend();
    })
    .await;
}
