use std::sync::Arc;
use std::time::Duration;

use handstamp_e2e::variable::variable;
use tokio::time::{Instant, sleep};

use super::cluster::{Cluster, REPLICAS};
use super::faults::{
    Fault, POSTGRES_CUT_OFF, POSTGRES_FROZEN, POSTGRES_KILLED, POSTGRES_RESTARTED, POSTGRES_SILENT,
    REDIS_EMPTIED, REDIS_FROZEN, REDIS_KILLED, REDIS_SILENT,
};
use super::people::Crowd;

/// Between two faults all is well.
const BREATH: Duration = Duration::from_secs(3);

/// Tokens live half a minute, so that what follows from that comes round in minutes: rotations, and events to be forgotten.
const SHORT: [(&str, &str); 1] = [("HANDSTAMP_TOKENS_LIFETIME", "30s")];

/// An event is forgotten when the last token it can hit has expired, with a leeway of a minute; putting it away happens once a minute.
const FORGOTTEN_WITHIN: Duration = Duration::from_mins(4);

/// What goes wrong, one after the other.
const FAULTS: &[Fault] = &[
    Fault::new("the first replica killed", 1, |cluster| cluster.kill(0), |cluster| cluster.revive(0, &SHORT)),
    Fault::new(
        "the second replica killed",
        1,
        |cluster| cluster.kill(1),
        |cluster| cluster.revive(1, &SHORT),
    ),
    Fault::new("the third replica killed", 1, |cluster| cluster.kill(2), |cluster| cluster.revive(2, &SHORT)),
    POSTGRES_RESTARTED,
    POSTGRES_KILLED,
    POSTGRES_FROZEN,
    POSTGRES_CUT_OFF,
    POSTGRES_SILENT,
    REDIS_EMPTIED,
    REDIS_KILLED,
    REDIS_FROZEN,
    REDIS_SILENT,
];

/// `cargo xtask soak` sets it.
fn minutes() -> u64 {
    let set = variable("SOAK_MINUTES").map(|set| set.into_string().expect("text"));
    set.map_or(1, |minutes| minutes.parse().expect("a number of minutes"))
}

/// Everything that can go wrong, one after the other, again and again; in the end nobody was signed out, nothing that was
/// acknowledged is lost, and what nobody needs any more was put away.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "it takes as long as it is told to: `cargo xtask soak`"]
async fn faults_again_and_again_sign_nobody_out_and_lose_nothing() {
    let began = Instant::now();
    let until = began + Duration::from_secs(60 * minutes());
    let cluster = Arc::new(Cluster::start_with(&SHORT).await);
    let crowd = Crowd::at(&cluster, 12, POSTGRES_FROZEN.lasts).await;

    let mut faults = FAULTS.iter().cycle();
    let mut happened = 0;
    while Instant::now() < until {
        let fault = faults.next().expect("they never end");
        fault.begins(&cluster).await;
        sleep(fault.lasts).await;
        fault.ends(&cluster).await;
        let after = crowd.are_served().await;
        eprintln!("{:>5.0?}  {fault}: everybody is served {after:?} afterwards", began.elapsed());
        happened += 1;
        sleep(BREATH).await;
    }

    for replica in 0..REPLICAS {
        assert_eq!(cluster.ready(replica).await.map(|reply| reply.status), Some(200), "replica {replica}");
    }
    let rows = "SELECT (SELECT count(*) FROM sessions), (SELECT count(*) FROM revocation_events), \
                (SELECT count(*) FROM used_ids), pg_size_pretty(pg_database_size(current_database()))";
    eprintln!("sessions, events, used ids, size: {}", cluster.sql(rows));
    let late = format!(
        "SELECT count(*) FROM revocation_events WHERE at < (extract(epoch FROM now()) - {}) * 1000000000",
        FORGOTTEN_WITHIN.as_secs()
    );
    assert_eq!(cluster.sql(&late), "0", "events that nobody needs any more");
    eprintln!("{happened} faults in {:.0?}: {}", began.elapsed(), crowd.home().await);
}
