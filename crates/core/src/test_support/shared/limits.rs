//! The rules of [`Limits`].

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use jiff::Timestamp;

use super::key;
use crate::shared::{Known, Limits, LocalLimits, Outcome, Quota, Refusal, Settled, SharedKey, Take};
use crate::test_support::FixedClock;

/// A stage for the rules of limits, empty at the beginning.
#[async_trait]
pub trait World: Send + Sync {
    /// Returns what one replica counts with.
    fn limits(&self) -> Arc<dyn Limits>;

    /// Returns what another replica counts with.
    fn of_another_replica(&self) -> Arc<dyn Limits>;

    /// Returns what replicas take for the time. Where a server goes by its own clock, it is far from that one.
    fn now(&self) -> Timestamp {
        Timestamp::UNIX_EPOCH
    }

    /// Lets time pass. Where it cannot be moved, all that is stored is moved back by as much.
    async fn pass(&self, time: Duration);
}

/// Expands to one test for each rule. Tests name a function that makes an empty [`World`].
#[macro_export]
macro_rules! limits_contract_tests {
    ($make:path) => {
        $crate::limits_contract_tests! { @expand $make;
            a_burst_passes_and_one_more_waits
            attempts_come_back_one_by_one
            one_bucket_does_not_pay_for_another
            what_one_replica_takes_another_misses
            from_all_buckets_or_from_none
            somebody_known_has_a_bucket_of_their_own
            somebody_known_may_pass_for_nothing
            a_mark_is_over_after_its_time
            an_attempt_given_back_can_be_taken_again
            no_more_is_given_back_than_was_taken
            of_many_at_the_same_time_as_many_pass_as_there_are
            an_empty_list_is_answered
            cleaning_up_leaves_what_counts
        }
    };
    (@expand $make:path; $($rule:ident)+) => {$(
        #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
        async fn $rule() {
            let world = $make().await;
            $crate::test_support::shared::limits::$rule(&world).await;
        }
    )+};
}

/// Ten minutes apart: however slow the machine is, none comes back by itself.
const THREE_IN_HALF_AN_HOUR: (u32, Duration) = (3, Duration::from_mins(30));
const STEP: Duration = Duration::from_mins(10);
/// As long as a rule may take on a slow machine.
const SLOW: Duration = Duration::from_mins(1);

/// One process, with a clock in the test's hand.
#[derive(Debug, Default)]
pub struct LocalWorld {
    limits: Arc<LocalLimits>,
    clock: FixedClock,
}

#[async_trait]
impl World for LocalWorld {
    fn limits(&self) -> Arc<dyn Limits> {
        Arc::clone(&self.limits) as Arc<dyn Limits>
    }

    fn of_another_replica(&self) -> Arc<dyn Limits> {
        self.limits()
    }

    fn now(&self) -> Timestamp {
        self.clock.now()
    }

    async fn pass(&self, time: Duration) {
        self.clock.advance(time);
    }
}

fn three() -> Quota {
    Quota::new(THREE_IN_HALF_AN_HOUR.0, THREE_IN_HALF_AN_HOUR.1)
}

fn one() -> Quota {
    Quota::new(1, Duration::from_mins(30))
}

fn of(bucket: &str, quota: Quota) -> Take {
    Take { bucket: key(bucket), quota, known: None }
}

fn known(bucket: &str, mark: &str, instead: Option<&str>) -> Take {
    let known = Known { mark: key(mark), instead: instead.map(key) };
    Take { known: Some(known), ..of(bucket, three()) }
}

async fn take(world: &dyn World, wanted: &[Take]) -> Outcome {
    world.limits().take(wanted, world.now()).await.expect("the limits work")
}

async fn taken(world: &dyn World, wanted: &[Take]) -> Vec<Option<SharedKey>> {
    match take(world, wanted).await {
        Outcome::Taken(taken) => taken,
        Outcome::Refused(refusal) => panic!("these may be taken, but: {refusal:?}"),
    }
}

async fn refused(world: &dyn World, wanted: &[Take]) -> Refusal {
    match take(world, wanted).await {
        Outcome::Refused(refusal) => refusal,
        Outcome::Taken(_) => panic!("this must be refused"),
    }
}

async fn settle(world: &dyn World, settled: &Settled) {
    world.limits().settle(settled, world.now()).await.expect("the limits work");
}

/// As many pass as a bucket holds; who comes then is told how long to wait.
pub async fn a_burst_passes_and_one_more_waits(world: &dyn World) {
    for _ in 0..3 {
        assert_eq!(taken(world, &[of("ann", three())]).await, [Some(key("ann"))]);
    }

    let Refusal { by, wait } = refused(world, &[of("ann", three())]).await;

    assert_eq!(by, 0);
    assert!(wait <= STEP && wait > STEP.saturating_sub(SLOW), "{wait:?}");
}

/// After a step there is one attempt, not all of them.
pub async fn attempts_come_back_one_by_one(world: &dyn World) {
    for _ in 0..3 {
        taken(world, &[of("ann", three())]).await;
    }

    world.pass(STEP.saturating_sub(SLOW)).await;
    refused(world, &[of("ann", three())]).await;
    world.pass(SLOW).await;
    taken(world, &[of("ann", three())]).await;
    refused(world, &[of("ann", three())]).await;
    world.pass(STEP).await;
    taken(world, &[of("ann", three())]).await;
}

/// Buckets have nothing to do with each other.
pub async fn one_bucket_does_not_pay_for_another(world: &dyn World) {
    taken(world, &[of("ann", one())]).await;

    taken(world, &[of("bob", one())]).await;
}

/// Attempts count wherever they are made.
pub async fn what_one_replica_takes_another_misses(world: &dyn World) {
    taken(world, &[of("ann", one())]).await;

    let elsewhere = world.of_another_replica().take(&[of("ann", one())], world.now()).await;

    assert!(matches!(elsewhere, Ok(Outcome::Refused(_))), "{elsewhere:?}");
}

/// Who is refused by one bucket pays nothing to the others.
pub async fn from_all_buckets_or_from_none(world: &dyn World) {
    let (first, last) = (of("first", one()), of("last", one()));
    taken(world, &[last]).await;

    assert_eq!(refused(world, &[first, last]).await.by, 1);

    assert_eq!(taken(world, &[first]).await, [Some(key("first"))]);
}

/// Strangers cannot use up the attempts of somebody who is known.
pub async fn somebody_known_has_a_bucket_of_their_own(world: &dyn World) {
    let take = known("ann", "ann is known", Some("ann at home"));
    for _ in 0..3 {
        assert_eq!(taken(world, &[take]).await, [Some(key("ann"))]);
    }
    refused(world, &[take]).await;

    let marks = vec![key("ann is known")];
    settle(world, &Settled { marks, marked_for: Duration::from_hours(24), ..Settled::default() }).await;

    for _ in 0..3 {
        assert_eq!(taken(world, &[take]).await, [Some(key("ann at home"))]);
    }
    refused(world, &[take]).await;
}

/// What is there for strangers alone does not count for somebody who is known.
pub async fn somebody_known_may_pass_for_nothing(world: &dyn World) {
    let marks = vec![key("ann is known")];
    settle(world, &Settled { marks, marked_for: Duration::from_hours(24), ..Settled::default() }).await;

    for _ in 0..5 {
        assert_eq!(taken(world, &[known("everybody", "ann is known", None)]).await, [None]);
    }
}

/// Nobody is known for ever.
pub async fn a_mark_is_over_after_its_time(world: &dyn World) {
    let marks = vec![key("ann is known")];
    settle(world, &Settled { marks, marked_for: Duration::from_hours(24), ..Settled::default() }).await;
    let take = known("ann", "ann is known", Some("ann at home"));
    assert_eq!(taken(world, &[take]).await, [Some(key("ann at home"))]);

    world.pass(Duration::from_hours(24)).await;

    assert_eq!(taken(world, &[take]).await, [Some(key("ann"))]);
}

/// An attempt that was right does not count.
pub async fn an_attempt_given_back_can_be_taken_again(world: &dyn World) {
    taken(world, &[of("ann", one())]).await;

    settle(world, &Settled { back: vec![(key("ann"), one())], ..Settled::default() }).await;

    taken(world, &[of("ann", one())]).await;
    refused(world, &[of("ann", one())]).await;
}

/// A bucket never holds more than its quota.
pub async fn no_more_is_given_back_than_was_taken(world: &dyn World) {
    let back = vec![(key("ann"), one())];
    settle(world, &Settled { back: back.clone(), ..Settled::default() }).await;
    taken(world, &[of("ann", one())]).await;
    for _ in 0..3 {
        settle(world, &Settled { back: back.clone(), ..Settled::default() }).await;
    }

    taken(world, &[of("ann", one())]).await;

    refused(world, &[of("ann", one())]).await;
}

/// Whoever is first among many: the quota holds.
pub async fn of_many_at_the_same_time_as_many_pass_as_there_are(world: &dyn World) {
    let attempts = (0..24).map(|number| {
        let limits = if number % 2 == 0 { world.limits() } else { world.of_another_replica() };
        let now = world.now();
        tokio::spawn(async move {
            let wanted = [of(&format!("address {number}"), one()), of("ann", three())];
            matches!(limits.take(&wanted, now).await.expect("the limits work"), Outcome::Taken(_))
        })
    });
    let attempts: Vec<_> = attempts.collect();
    let mut passed = 0;
    for attempt in attempts {
        passed += usize::from(attempt.await.expect("no task panics"));
    }

    assert_eq!(passed, 3);
}

/// So it can be asked whether anybody is there.
pub async fn an_empty_list_is_answered(world: &dyn World) {
    assert_eq!(taken(world, &[]).await, []);
}

/// What is full or over goes; what still counts stays.
pub async fn cleaning_up_leaves_what_counts(world: &dyn World) {
    taken(world, &[of("ann", one())]).await;
    let marks = vec![key("bob is known")];
    settle(world, &Settled { marks, marked_for: Duration::from_hours(24), ..Settled::default() }).await;
    world.pass(STEP).await;

    while world.limits().clean_up(world.now()).await.expect("the limits work") {}

    refused(world, &[of("ann", one())]).await;
    assert_eq!(taken(world, &[known("bob", "bob is known", None)]).await, [None]);
}
