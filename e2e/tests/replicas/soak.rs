use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::cluster::{Cluster, REPLICAS};
use super::people::Crowd;

/// Between two faults all is well.
const BREATH: Duration = Duration::from_secs(3);

/// Tokens live half a minute, so that what follows from that comes round in minutes: rotations, and events to be forgotten.
const SHORT: [(&str, &str); 1] = [("HANDSTAMP_TOKENS_LIFETIME", "30s")];

/// An event is forgotten when the last token it can hit has expired, with a leeway of a minute; putting it away happens once a minute.
const FORGOTTEN_WITHIN: Duration = Duration::from_mins(4);

type Step = fn(&Cluster);

/// What goes wrong, how long, and how it is mended.
const FAULTS: &[(&str, Step, u64, Step)] = &[
    ("the first replica killed", |cluster| cluster.kill(0), 1, |cluster| cluster.revive(0, &SHORT)),
    ("the second replica killed", |cluster| cluster.kill(1), 1, |cluster| cluster.revive(1, &SHORT)),
    ("the third replica killed", |cluster| cluster.kill(2), 1, |cluster| cluster.revive(2, &SHORT)),
    ("PostgreSQL restarted", |cluster| cluster.postgres.restart(), 0, |_| {}),
    ("PostgreSQL killed", |cluster| cluster.postgres.kill(), 2, |cluster| cluster.postgres.start_again()),
    ("PostgreSQL frozen", |cluster| cluster.postgres.pause(), 10, |cluster| cluster.postgres.resume()),
    ("PostgreSQL cut off", |cluster| cluster.to_postgres.cut(), 3, |cluster| cluster.to_postgres.mend()),
    ("PostgreSQL silent", |cluster| cluster.to_postgres.silence(), 5, |cluster| cluster.to_postgres.mend()),
    ("Redis emptied", |cluster| cluster.redis.flush(), 1, |_| {}),
    ("Redis killed", |cluster| cluster.redis.kill(), 3, |cluster| cluster.redis.start_again()),
    ("Redis frozen", |cluster| cluster.redis.pause(), 3, |cluster| cluster.redis.resume()),
    ("Redis silent", |cluster| cluster.to_redis.silence(), 3, |cluster| cluster.to_redis.mend()),
];

/// `cargo xtask soak` sets it.
fn minutes() -> u64 {
    let set = std::env::vars().find(|(name, _)| name == "SOAK_MINUTES");
    set.map_or(1, |(_, minutes)| minutes.parse().expect("a number of minutes"))
}

/// Everything that can go wrong, one after the other, again and again; in the end nobody was signed out, nothing that was
/// acknowledged is lost, and what nobody needs any more was put away.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "it takes as long as it is told to: `cargo xtask soak`"]
async fn faults_again_and_again_sign_nobody_out_and_lose_nothing() {
    let began = Instant::now();
    let until = began + Duration::from_secs(60 * minutes());
    let cluster = Arc::new(Cluster::start_with(&SHORT).await);
    let crowd = Crowd::at(&cluster, 12).await;

    let mut faults = FAULTS.iter().cycle();
    let mut happened = 0;
    while Instant::now() < until {
        let (what, fault, lasts, mend) = *faults.next().expect("they never end");
        let broken = Arc::clone(&cluster);
        let mended = tokio::task::spawn_blocking(move || {
            fault(&broken);
            std::thread::sleep(Duration::from_secs(lasts));
            mend(&broken);
        });
        mended.await.expect("it is mended");
        let after = crowd.are_served().await;
        eprintln!(
            "{:>5.0?}  {what} for {lasts} s: everybody is served {after:?} afterwards",
            began.elapsed()
        );
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
