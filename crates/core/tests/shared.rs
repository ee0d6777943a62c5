use std::time::Duration;

use handstamp_core::{
    shared::{LocalLimits, Outcome, Quota, Take},
    test_support::{FixedClock, shared::key, shared::limits::LocalWorld},
};

fn local() -> std::future::Ready<LocalWorld> {
    std::future::ready(LocalWorld::default())
}

handstamp_core::limits_contract_tests!(local);

mod fakes {
    use std::{
        future::{Ready, ready},
        sync::Arc,
    };

    use handstamp_core::test_support::shared::{MemoryFanOut, MemoryShelf};

    fn fan_out() -> Ready<Arc<MemoryFanOut>> {
        ready(Arc::default())
    }

    fn shelf() -> Ready<Arc<MemoryShelf>> {
        ready(Arc::default())
    }

    handstamp_core::fan_out_contract_tests!(fan_out);
    handstamp_core::shelf_contract_tests!(shelf);
}

fn once(bucket: &str) -> Take {
    Take { bucket: key(bucket), quota: Quota::new(1, Duration::from_secs(30)), known: None }
}

#[test]
fn a_clock_that_was_set_back_locks_nobody_out() {
    let (limits, clock) = (LocalLimits::default(), FixedClock::new());
    limits.take(&[once("ann")], clock.now());
    clock.rewind(Duration::from_hours(24));

    let Outcome::Refused(refusal) = limits.take(&[once("ann")], clock.now()) else { panic!("one was taken") };

    assert!(refusal.wait <= Duration::from_secs(30), "{refusal:?}");
    clock.advance(Duration::from_secs(30));
    assert!(matches!(limits.take(&[once("ann")], clock.now()), Outcome::Taken(_)));
}

#[test]
fn memory_is_bounded_whatever_arrives() {
    let (limits, clock) = (LocalLimits::default(), FixedClock::new());
    for number in 0..100_100 {
        limits.take(&[once(&number.to_string())], clock.now());
    }
    assert_eq!(format!("{limits:?}"), "LocalLimits { buckets: 100000, marks: 0 }");

    clock.advance(Duration::from_secs(30));
    limits.sweep(clock.now());
    assert_eq!(format!("{limits:?}"), "LocalLimits { buckets: 0, marks: 0 }");
}

#[test]
fn what_was_taken_elsewhere_is_certain_here_as_well() {
    let (limits, clock) = (LocalLimits::default(), FixedClock::new());
    assert_eq!(limits.surely_refuses(&[once("ann")], clock.now()), None);

    limits.note([(key("ann"), once("ann").quota)], clock.now());

    assert!(limits.surely_refuses(&[once("ann")], clock.now()).is_some());
}

#[test]
fn whoever_may_be_known_elsewhere_is_not_refused_for_certain() {
    use handstamp_core::shared::{Known, Settled};
    let (limits, clock) = (LocalLimits::default(), FixedClock::new());
    let known = Known { mark: key("known"), instead: Some(key("home")) };
    let take = Take { known: Some(known), ..once("ann") };
    limits.note([(key("ann"), take.quota), (key("home"), take.quota)], clock.now());

    assert_eq!(limits.surely_refuses(&[take], clock.now()), None);

    let settled =
        Settled { marks: vec![key("known")], marked_for: Duration::from_mins(1), ..Settled::default() };
    limits.settle(&settled, clock.now());
    assert!(limits.surely_refuses(&[take], clock.now()).is_some());
}
