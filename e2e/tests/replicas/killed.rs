use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, sleep_until};

use super::cluster::{Cluster, REPLICAS};
use super::people::Crowd;

const KILLS: usize = 10;

/// One replica after the other is killed in the middle of what it does, one each second, and comes back.
#[tokio::test(flavor = "multi_thread")]
async fn replicas_that_are_killed_sign_nobody_out_and_lose_nothing() {
    let cluster = Arc::new(Cluster::start().await);
    let crowd = Crowd::at(&cluster, 8, Duration::ZERO).await;

    for kill in 0..KILLS {
        let until = Instant::now() + Duration::from_secs(1);
        let replica = kill % REPLICAS;
        let back = move |cluster: &Cluster| {
            cluster.kill(replica);
            cluster.revive(replica, &[]);
        };
        cluster.aside(back).await;
        sleep_until(until).await;
    }

    eprintln!("{KILLS} kills: {}", crowd.home().await);
}
