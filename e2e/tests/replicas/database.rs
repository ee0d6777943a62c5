use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use tokio::time::{Instant, sleep, sleep_until};

use super::cluster::{Cluster, REPLICAS};
use super::faults::{
    Fault, POSTGRES_CUT_OFF, POSTGRES_FROZEN, POSTGRES_KILLED, POSTGRES_RESTARTED, POSTGRES_SILENT,
};
use super::people::Crowd;

/// Lets people go through a fault of the database, and returns what they saw and how soon all was well again.
async fn people_go_through(fault: Fault) -> String {
    let cluster = Arc::new(Cluster::start().await);
    let crowd = Crowd::at(&cluster, 8, fault.lasts).await;
    // In the middle of all kinds of things.
    sleep(Duration::from_secs(2)).await;

    fault.begins(&cluster).await;
    let until = Instant::now() + fault.lasts;
    if !fault.lasts.is_zero() {
        sleep(fault.lasts / 4).await;
        for ready in join_all((0..REPLICAS).map(|replica| cluster.ready(replica))).await {
            let ready = ready.expect("it answers before anybody gives up");
            assert_eq!(ready.status, 503, "a replica without its database says that it is ready");
        }
    }
    sleep_until(until).await;
    fault.ends(&cluster).await;
    let after = crowd.are_served().await;

    cluster.until_ready().await;
    format!("{fault}: everybody is served {after:?} afterwards; {}", crowd.home().await)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restarted_database_signs_nobody_out_and_loses_nothing() {
    eprintln!("{}", people_go_through(POSTGRES_RESTARTED).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_database_signs_nobody_out_and_loses_nothing() {
    eprintln!("{}", people_go_through(POSTGRES_KILLED).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_frozen_database_signs_nobody_out_and_loses_nothing() {
    eprintln!("{}", people_go_through(POSTGRES_FROZEN).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn connections_to_the_database_that_are_cut_sign_nobody_out_and_lose_nothing() {
    eprintln!("{}", people_go_through(POSTGRES_CUT_OFF).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn connections_to_the_database_that_fall_silent_sign_nobody_out_and_lose_nothing() {
    eprintln!("{}", people_go_through(POSTGRES_SILENT).await);
}
