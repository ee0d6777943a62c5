use std::{
    net::IpAddr,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use handstamp_core::{
    root_key::RootKey,
    shared::{Limits, LocalLimits, Outcome, Settled, SharedError, SharedKeys, Take},
};
use jiff::{SignedDuration, Timestamp};
use prometheus_client::metrics::counter::Counter;

use super::{Claim, Limit, SignInLimits, Together};
use crate::{config::RateLimitConfig, shared::Breaker};

const NOW: Timestamp = Timestamp::constant(1_800_000_000, 0);

fn with(shared: Option<Arc<Elsewhere>>) -> SignInLimits {
    let config = RateLimitConfig {
        account_attempts: 3,
        account_window: Duration::from_mins(3),
        address_attempts: 5,
        address_window: Duration::from_mins(1),
        strangers_per_second: 8,
    };
    let keys = SharedKeys::new(&RootKey::from_bytes([7; 32])).unwrap();
    let breaker = Breaker::new("limits", Duration::from_secs(5), Counter::default());
    let shared = shared.map(|limits| Together::new(limits, breaker));
    SignInLimits::new(&config, Arc::new(keys), shared)
}

fn limits() -> SignInLimits {
    with(None)
}

/// What two replicas count on, until it is away.
#[derive(Default)]
struct Elsewhere {
    limits: LocalLimits,
    is_away: AtomicBool,
    /// It answers questions, and has no room for counts.
    is_full: AtomicBool,
    asked: AtomicUsize,
    /// How long it takes to forget.
    forgets_in: Duration,
}

impl Elsewhere {
    fn answer<T>(&self, answer: T) -> Result<T, SharedError> {
        self.asked.fetch_add(1, Ordering::SeqCst);
        if self.is_away.load(Ordering::SeqCst) { Err(SharedError::away("test")) } else { Ok(answer) }
    }
}

#[async_trait]
impl Limits for Elsewhere {
    async fn take(&self, wanted: &[Take], now: Timestamp) -> Result<Outcome, SharedError> {
        self.answer(())?;
        if self.is_full.load(Ordering::SeqCst) && !wanted.is_empty() {
            return Err(SharedError::away("full"));
        }
        Ok(self.limits.take(wanted, now))
    }

    async fn settle(&self, settled: &Settled, now: Timestamp) -> Result<(), SharedError> {
        self.answer(self.limits.settle(settled, now))
    }

    async fn clean_up(&self, now: Timestamp) -> Result<bool, SharedError> {
        tokio::time::sleep(self.forgets_in).await;
        self.limits.sweep(now);
        self.answer(true)
    }
}

fn ip(address: &str) -> IpAddr {
    address.parse().unwrap()
}

async fn guess(limits: &SignInLimits, login: &str, address: &str) -> Option<Limit> {
    limits.attempt(Claim::Login(login), Some(ip(address)), NOW).await.err().map(|refused| refused.limit)
}

async fn sign_in(limits: &SignInLimits, login: &str, address: &str) {
    let attempt = limits.attempt(Claim::Login(login), Some(ip(address)), NOW).await.unwrap();
    limits.succeeded(attempt, NOW).await;
}

#[tokio::test]
async fn guessing_one_account_from_many_addresses_is_stopped() {
    let limits = limits();
    for host in 1..=3 {
        assert_eq!(guess(&limits, "ann", &format!("192.0.2.{host}")).await, None);
    }

    let refused = limits.attempt(Claim::Login(" ANN "), Some(ip("192.0.2.4")), NOW).await.unwrap_err();

    assert_eq!((refused.limit, refused.wait), (Limit::Account, Duration::from_mins(1)));
    let [policy, state] = &refused.headers[..] else { panic!("{refused:?}") };
    assert_eq!((policy.0, policy.1.as_bytes()), ("ratelimit-policy", "\"account\";q=3;w=180".as_bytes()));
    assert_eq!((state.0, state.1.as_bytes()), ("ratelimit", "\"account\";r=0;t=60".as_bytes()));
}

#[tokio::test]
async fn guessing_many_accounts_from_one_address_is_stopped() {
    let limits = limits();
    for user in 0..5 {
        assert_eq!(guess(&limits, &format!("user{user}"), "192.0.2.1").await, None);
    }

    assert_eq!(guess(&limits, "user6", "192.0.2.1").await, Some(Limit::Address));
}

#[tokio::test]
async fn a_whole_ipv6_network_counts_as_one_address() {
    let limits = limits();
    for user in 0..5 {
        assert_eq!(guess(&limits, &format!("user{user}"), &format!("2001:db8::{user}")).await, None);
    }

    assert_eq!(guess(&limits, "x", "2001:db8::ffff").await, Some(Limit::Address));
    assert_eq!(guess(&limits, "x", "2001:db8:0:1::1").await, None);
}

#[tokio::test]
async fn a_stranger_cannot_lock_the_owner_out() {
    let limits = limits();
    sign_in(&limits, "ann", "192.0.2.7").await;
    for host in 20..=22 {
        guess(&limits, "ann", &format!("198.51.100.{host}")).await;
    }
    assert_eq!(guess(&limits, "ann", "198.51.100.30").await, Some(Limit::Account));

    assert_eq!(guess(&limits, "ann", "192.0.2.7").await, None);
}

#[tokio::test]
async fn right_passwords_do_not_count() {
    let limits = limits();
    for _ in 0..20 {
        sign_in(&limits, "ann", "192.0.2.7").await;
    }
}

#[tokio::test]
async fn one_kind_of_claim_does_not_pay_for_another() {
    let limits = limits();
    for host in 1..=3 {
        guess(&limits, "orders", &format!("192.0.2.{host}")).await;
    }

    assert_eq!(guess(&limits, "orders", "192.0.2.4").await, Some(Limit::Account));
    assert!(limits.attempt(Claim::Client("orders"), Some(ip("192.0.2.5")), NOW).await.is_ok());
    assert!(limits.attempt(Claim::User("orders"), Some(ip("192.0.2.6")), NOW).await.is_ok());
}

/// A botnet: each address tries once, each account is tried once.
#[tokio::test]
async fn strangers_together_get_no_more_than_their_share_of_the_work() {
    let limits = limits();
    sign_in(&limits, "ann", "192.0.2.7").await;
    for number in 0..8 {
        assert_eq!(guess(&limits, &format!("user{number}"), &format!("198.51.100.{number}")).await, None);
    }

    let refused = limits.attempt(Claim::Login("one more"), Some(ip("203.0.113.1")), NOW).await.unwrap_err();

    assert_eq!(refused.limit, Limit::Strangers);
    assert!(refused.wait <= Duration::from_secs(1), "{refused:?}");
    assert_eq!(guess(&limits, "ann", "192.0.2.7").await, None, "somebody known is no stranger");
}

/// What is refused for the sake of the whole is no attempt on the account.
#[tokio::test]
async fn whoever_comes_during_a_flood_loses_no_attempts() {
    let limits = limits();
    for number in 0..8 {
        guess(&limits, &format!("user{number}"), &format!("198.51.100.{number}")).await;
    }
    for _ in 0..20 {
        assert_eq!(guess(&limits, "bob", "192.0.2.8").await, Some(Limit::Strangers));
    }

    let later = NOW + SignedDuration::from_secs(1);
    for _ in 0..3 {
        assert!(limits.attempt(Claim::Login("bob"), Some(ip("192.0.2.8")), later).await.is_ok());
    }
}

#[tokio::test]
async fn replicas_count_together() {
    let elsewhere = Arc::new(Elsewhere::default());
    let (one, another) = (with(Some(Arc::clone(&elsewhere))), with(Some(elsewhere)));
    for host in 1..=3 {
        let replica = if host % 2 == 0 { &one } else { &another };
        assert_eq!(guess(replica, "ann", &format!("192.0.2.{host}")).await, None);
    }

    assert_eq!(guess(&one, "ann", "192.0.2.4").await, Some(Limit::Account));
    assert_eq!(guess(&another, "ann", "192.0.2.5").await, Some(Limit::Account));
}

#[tokio::test]
async fn whom_one_replica_knows_another_knows_as_well() {
    let elsewhere = Arc::new(Elsewhere::default());
    let (one, another) = (with(Some(Arc::clone(&elsewhere))), with(Some(elsewhere)));
    sign_in(&one, "ann", "192.0.2.7").await;
    for host in 20..=22 {
        guess(&another, "ann", &format!("198.51.100.{host}")).await;
    }
    assert_eq!(guess(&another, "ann", "198.51.100.30").await, Some(Limit::Account));

    assert_eq!(guess(&another, "ann", "192.0.2.7").await, None);
}

#[tokio::test]
async fn an_attempt_that_was_right_counts_nowhere() {
    let elsewhere = Arc::new(Elsewhere::default());
    let (one, another) = (with(Some(Arc::clone(&elsewhere))), with(Some(elsewhere)));
    for number in 0..20 {
        sign_in(if number % 2 == 0 { &one } else { &another }, "ann", &format!("192.0.2.{number}")).await;
    }
}

#[tokio::test]
async fn alone_a_replica_goes_on_from_what_came_through_it() {
    let elsewhere = Arc::new(Elsewhere::default());
    let limits = with(Some(Arc::clone(&elsewhere)));
    for host in 1..=2 {
        guess(&limits, "ann", &format!("192.0.2.{host}")).await;
    }

    elsewhere.is_away.store(true, Ordering::SeqCst);

    assert_eq!(guess(&limits, "ann", "192.0.2.3").await, None);
    assert_eq!(guess(&limits, "ann", "192.0.2.4").await, Some(Limit::Account));
}

#[tokio::test]
async fn what_does_not_answer_is_left_alone_until_it_does() {
    let elsewhere = Arc::new(Elsewhere::default());
    let limits = with(Some(Arc::clone(&elsewhere)));
    elsewhere.is_away.store(true, Ordering::SeqCst);
    for number in 0..20 {
        guess(&limits, &format!("user{number}"), &format!("192.0.2.{number}")).await;
    }
    assert_eq!(elsewhere.asked.load(Ordering::SeqCst), 3);
    assert!(limits.breaker().unwrap().is_open());

    elsewhere.is_away.store(false, Ordering::SeqCst);
    limits.probe(NOW).await;

    assert!(!limits.breaker().unwrap().is_open());
    sign_in(&limits, "ann", "198.51.100.7").await;
    assert!(elsewhere.asked.load(Ordering::SeqCst) > 4);
}

/// Were it asked whether it is there, it would say yes, and three requests more would wait in vain, each second anew.
#[tokio::test]
async fn what_answers_and_cannot_count_is_left_alone() {
    let elsewhere = Arc::new(Elsewhere { is_full: true.into(), ..Elsewhere::default() });
    let limits = with(Some(Arc::clone(&elsewhere)));
    for number in 0..5 {
        guess(&limits, &format!("user{number}"), &format!("192.0.2.{number}")).await;
    }

    limits.probe(NOW).await;
    assert!(limits.breaker().unwrap().is_open());

    elsewhere.is_full.store(false, Ordering::SeqCst);
    limits.probe(NOW).await;
    assert!(!limits.breaker().unwrap().is_open());
}

/// After a flood there is much to forget. A request would be given up by then; who waits for this are no requests.
#[tokio::test(start_paused = true)]
async fn forgetting_may_take_longer_than_a_request_waits() {
    let elsewhere = Elsewhere { forgets_in: Duration::from_secs(6), ..Elsewhere::default() };
    let limits = with(Some(Arc::new(elsewhere)));

    for _ in 0..3 {
        assert!(limits.clean_up(NOW).await, "there may be more");
    }

    assert!(!limits.breaker().unwrap().is_open());
}

/// A flood from one address asks nobody: what this replica has let through is enough to refuse it.
#[tokio::test]
async fn what_is_certain_is_refused_without_a_question() {
    let elsewhere = Arc::new(Elsewhere::default());
    let limits = with(Some(Arc::clone(&elsewhere)));
    for user in 0..5 {
        guess(&limits, &format!("user{user}"), "192.0.2.1").await;
    }
    let asked = elsewhere.asked.load(Ordering::SeqCst);

    for user in 0..100 {
        assert_eq!(guess(&limits, &format!("user{user}"), "192.0.2.1").await, Some(Limit::Address));
    }

    assert_eq!(elsewhere.asked.load(Ordering::SeqCst), asked);
}
