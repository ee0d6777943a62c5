use std::time::Duration;

use handstamp_verify::Clock as _;
use handstamp_verify::revocation::SilencePolicy;
use handstamp_verify::{SystemClock, Verifier};
use tokio::time::{Instant, sleep};

use super::house::{Answer, House, Service, ask, until, until_answer};
use super::proxy::{Proxy, Weather};

const BOUND: Duration = Duration::from_secs(4);

/// So much longer is looked whether a token passes after all. The bound is kept in whole seconds, rounded so that a token is refused
/// early rather than late.
const SLACK: Duration = Duration::from_millis(1_500);

const REFUSE: SilencePolicy = SilencePolicy::Refuse { max_stale: BOUND };

fn in_time() -> Service {
    Service { policy: REFUSE, skew: 0 }
}

#[tokio::test(flavor = "multi_thread")]
async fn messages_doubled_lost_and_swapped_change_nothing() {
    let house = House::start();
    let good = house.sign_in().await;
    let mut services = Vec::new();
    for weather in [Weather::Doubling, Weather::Losing, Weather::Swapping] {
        let (proxy, service) = house.behind_proxy(in_time(), &good.access).await;
        proxy.set(weather);
        services.push((weather, proxy, service));
    }
    let mut ended = Vec::new();
    for _ in 0..6 {
        let tokens = house.sign_in().await;
        house.sign_out(&tokens.access, "session").await;
        ended.push(tokens.access);
    }
    for (weather, _proxy, service) in &services {
        for token in &ended {
            until_answer(service, token, Answer::Revoked).await;
        }
        assert_eq!(ask(service, &good.access), Answer::Accepted, "{weather:?}");
    }
    let gaps = |nth: usize| services[nth].2.revocations().status(SystemClock.now()).gaps;
    assert!(gaps(1) > 0 && gaps(2) > 0, "the network did as it was told");
}

/// Cut, dead, held back and late, each for longer than the bound, at services whose clocks are half a minute off either way.
#[tokio::test(flavor = "multi_thread")]
async fn a_broken_network_never_lets_a_revoked_token_pass_beyond_the_bound() {
    let house = House::start();
    let (good, gone) = (house.sign_in().await, house.sign_in().await);
    let mut services = Vec::new();
    for weather in [Weather::Cut, Weather::BlackHole, Weather::Stall, Weather::Delay(BOUND * 2)] {
        for skew in [-30, 0, 30] {
            let kind = Service { policy: REFUSE, skew };
            let (proxy, service) = house.behind_proxy(kind, &good.access).await;
            until_answer(&service, &gone.access, Answer::Accepted).await;
            services.push((weather, skew, proxy, service));
        }
    }
    for (weather, _, proxy, _) in &services {
        proxy.set(*weather);
    }
    house.sign_out(&gone.access, "session").await;
    let committed = Instant::now();

    let mut last_accepted = vec![Duration::ZERO; services.len()];
    while committed.elapsed() < BOUND + SLACK {
        for (last, (weather, skew, _, service)) in last_accepted.iter_mut().zip(&services) {
            // Taken before the question: on a busy machine any time may pass until the next line.
            let asked_at = committed.elapsed();
            match ask(service, &gone.access) {
                Answer::Accepted => *last = asked_at,
                Answer::Revoked | Answer::Unavailable => {}
                Answer::Stale => panic!("nobody said so: {weather:?} at {skew} s"),
            }
            let good = ask(service, &good.access);
            assert!(
                matches!(good, Answer::Accepted | Answer::Unavailable),
                "{good:?}: {weather:?} at {skew} s"
            );
        }
        sleep(Duration::from_millis(20)).await;
    }
    for (last, (weather, skew, proxy, service)) in last_accepted.iter().zip(&services) {
        eprintln!("{weather:?}, clock {skew:+} s: accepted for {} ms after the sign-out", last.as_millis());
        assert!(*last <= BOUND, "{weather:?} at {skew} s: {last:?}");
        assert_ne!(ask(service, &gone.access), Answer::Accepted);
        proxy.set(Weather::Good);
    }
    for (_, _, _, service) in &services {
        until_answer(service, &gone.access, Answer::Revoked).await;
        until_answer(service, &good.access, Answer::Accepted).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn each_policy_does_what_it_says_while_the_network_is_gone() {
    let house = House::start();
    let (good, gone) = (house.sign_in().await, house.sign_in().await);
    let (proxy, refusing) = house.behind_proxy(in_time(), &good.access).await;
    // Routes of one service: they share the list, each has a policy of its own.
    let young = refusing.when_silent(SilencePolicy::YoungOnly { max_stale: BOUND });
    let serving = refusing.when_silent(SilencePolicy::ServeStale { max_stale: BOUND });
    let patient = refusing.when_silent(SilencePolicy::Refuse { max_stale: BOUND * 20 });
    proxy.set(Weather::BlackHole);
    house.sign_out(&gone.access, "session").await;

    until("the silence shows", || ask(&refusing, &good.access) == Answer::Unavailable).await;

    assert_eq!(ask(&refusing, &gone.access), Answer::Unavailable);
    // The old tokens have to be refreshed; who can is served, who was signed out cannot.
    assert_eq!((ask(&young, &good.access), ask(&young, &gone.access)), (Answer::Stale, Answer::Stale));
    let mut fresh = house.refresh(&good.refresh).await;
    for _ in 0..5 {
        // Young for two or three seconds, which may pass on a busy machine before anybody asks.
        if ask(&young, &fresh) == Answer::Stale {
            fresh = house.refresh(&good.refresh).await;
        }
    }
    assert_eq!(ask(&young, &fresh), Answer::Accepted);
    // These have chosen otherwise, and say how long at worst.
    for route in [&serving, &patient] {
        assert_eq!(
            (ask(route, &good.access), ask(route, &gone.access)),
            (Answer::Accepted, Answer::Accepted)
        );
    }
    assert!(refusing.revocations().status(SystemClock.now()).served_silent > 0);

    proxy.set(Weather::Cut);
    proxy.set(Weather::Good);
    for route in [&refusing, &young, &serving, &patient] {
        until_answer(route, &gone.access, Answer::Revoked).await;
        until_answer(route, &good.access, Answer::Accepted).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_that_restarts_accepts_nothing_before_it_has_heard() {
    let house = House::start();
    let (good, gone) = (house.sign_in().await, house.sign_in().await);
    house.sign_out(&gone.access, "session").await;
    let proxy = Proxy::before(house.address).await;
    proxy.set(Weather::BlackHole);
    let service: Verifier = house.service(in_time(), &[proxy.address]);
    // It has the issuer's keys: what is missing is the news.
    let _ = service.verify(&good.access).await;
    assert!(service.has_keys());

    for _ in 0..50 {
        assert_eq!(ask(&service, &good.access), Answer::Unavailable);
        assert_eq!(ask(&service, &gone.access), Answer::Unavailable);
        sleep(Duration::from_millis(20)).await;
    }
    proxy.set(Weather::Good);

    until_answer(&service, &gone.access, Answer::Revoked).await;
    until_answer(&service, &good.access, Answer::Accepted).await;
}
