use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use tokio::time::{Instant, sleep};

use super::cluster::{Cluster, REPLICAS};
use super::people::Crowd;

/// Makes a fault, lets it last, mends it, and returns what people saw and how soon all was well again.
async fn told(
    fault: impl FnOnce(&Cluster) + Send + 'static,
    lasts: Duration,
    mended: impl FnOnce(&Cluster) + Send + 'static,
) -> String {
    let cluster = Arc::new(Cluster::start().await);
    let crowd = Crowd::at(&cluster, 8).await;
    // In the middle of all kinds of things.
    sleep(Duration::from_secs(2)).await;

    let broken = Arc::clone(&cluster);
    tokio::task::spawn_blocking(move || fault(&broken)).await.expect("a fault");
    let until = Instant::now() + lasts;
    if !lasts.is_zero() {
        sleep(lasts / 4).await;
        for ready in join_all((0..REPLICAS).map(|replica| cluster.ready(replica))).await {
            let ready = ready.expect("it answers before anybody gives up");
            assert_eq!(ready.status, 503, "a replica without its database says that it is ready");
        }
    }
    sleep(until.saturating_duration_since(Instant::now())).await;
    let whole = Arc::clone(&cluster);
    tokio::task::spawn_blocking(move || mended(&whole)).await.expect("mended");
    let after = crowd.are_served().await;

    cluster.until_ready().await;
    format!("everybody is served {after:?} afterwards; {}", crowd.home().await)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restarted_database_signs_nobody_out_and_loses_nothing() {
    let told = told(|cluster| cluster.postgres.restart(), Duration::ZERO, |_| {}).await;
    eprintln!("PostgreSQL restarted: {told}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_database_signs_nobody_out_and_loses_nothing() {
    let kill = |cluster: &Cluster| cluster.postgres.kill();
    let told = told(kill, Duration::from_secs(2), |cluster| cluster.postgres.start_again()).await;
    eprintln!("PostgreSQL killed, and back after 2 s: {told}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_frozen_database_signs_nobody_out_and_loses_nothing() {
    let freeze = |cluster: &Cluster| cluster.postgres.pause();
    let told = told(freeze, Duration::from_secs(10), |cluster| cluster.postgres.resume()).await;
    eprintln!("PostgreSQL frozen for 10 s: {told}");
}

#[tokio::test(flavor = "multi_thread")]
async fn connections_to_the_database_that_are_cut_sign_nobody_out_and_lose_nothing() {
    let cut = |cluster: &Cluster| cluster.to_postgres.cut();
    let told = told(cut, Duration::from_secs(3), |cluster| cluster.to_postgres.mend()).await;
    eprintln!("connections to PostgreSQL cut for 3 s: {told}");
}

/// Nobody closes anything: packets are lost on the way.
#[tokio::test(flavor = "multi_thread")]
async fn connections_to_the_database_that_fall_silent_sign_nobody_out_and_lose_nothing() {
    let silence = |cluster: &Cluster| cluster.to_postgres.silence();
    let told = told(silence, Duration::from_secs(5), |cluster| cluster.to_postgres.mend()).await;
    eprintln!("connections to PostgreSQL silent for 5 s: {told}");
}
