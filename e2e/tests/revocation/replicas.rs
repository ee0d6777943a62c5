use std::time::Duration;

use handstamp_verify::revocation::SilencePolicy;
use tokio::time::Instant;

use super::house::{Answer, House, Service, ask, until_answer};

/// A replica looks for news once a second; tests share the machine with whatever else is built.
const GENEROUS: Duration = Duration::from_secs(4);

const PATIENT: Service = Service { policy: SilencePolicy::refuse(), skew: 0 };

/// The reply to the sign-out is proof of the commit. The process that sent it is killed at that moment; whether it has told
/// anybody is luck.
#[tokio::test(flavor = "multi_thread")]
async fn what_a_killed_replica_has_committed_is_told_by_the_other() {
    let house = House::start();
    let good = house.sign_in().await;
    for _ in 0..3 {
        let (running, replica) = house.replica();
        let gone = house.sign_in().await;
        let at_the_other = house.service(PATIENT, &[house.address]);
        let at_the_killed = house.service(PATIENT, &[replica, house.address]);
        for service in [&at_the_other, &at_the_killed] {
            until_answer(service, &good.access, Answer::Accepted).await;
            until_answer(service, &gone.access, Answer::Accepted).await;
        }

        house.sign_out_at(replica, &gone.access, "session").await;
        let replied = Instant::now();
        running.kill();

        until_answer(&at_the_other, &gone.access, Answer::Revoked).await;
        let there = replied.elapsed();
        until_answer(&at_the_killed, &gone.access, Answer::Revoked).await;
        let here = replied.elapsed();
        eprintln!(
            "from the commit: refused within {there:?}, by the follower of the killed one within {here:?}"
        );
        assert!(there <= GENEROUS, "the other replica looks for news all the time: {there:?}");
        assert_eq!(ask(&at_the_other, &good.access), Answer::Accepted);
        until_answer(&at_the_killed, &good.access, Answer::Accepted).await;
    }
}
