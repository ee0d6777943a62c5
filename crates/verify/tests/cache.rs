use std::time::Duration;

use handstamp_api_types::ErrorCode;
use handstamp_api_types::revocation::{RevocationKind, RevocationLevel};
use handstamp_verify::revocation::SilencePolicy;
use handstamp_verify::{CacheLimits, SharedKeys, Verifier};

use proptest::prelude::*;

use crate::support::house::House;
use crate::support::{HandClock, KEY, ada, bob, builder, key_set, new_key, signed, signed_by};

#[test]
fn a_remembered_token_dies_with_its_key() {
    let keys = SharedKeys::new(key_set(&[&KEY]));
    let verifier = builder(&HandClock::new()).build_with_keys(keys.clone()).unwrap();
    let token = signed(ada());
    assert!(verifier.try_verify(&token).is_ok());

    keys.replace(key_set(&[&new_key()]));

    assert_eq!(verifier.try_verify(&token).unwrap_err().code(), ErrorCode::TokenInvalid);
}

#[test]
fn a_remembered_token_dies_with_its_time() {
    let clock = HandClock::new();
    let verifier = builder(&clock).leeway(Duration::ZERO).build_with_keys(key_set(&[&KEY])).unwrap();
    let token = signed(ada());
    assert!(verifier.try_verify(&token).is_ok());

    clock.advance(599);
    assert!(verifier.try_verify(&token).is_ok());
    clock.advance(1);
    assert_eq!(verifier.try_verify(&token).unwrap_err().code(), ErrorCode::TokenExpired);
}

#[test]
fn a_remembered_token_is_not_valid_before_its_time_when_the_clock_is_set_back() {
    let clock = HandClock::new();
    let verifier = builder(&clock).leeway(Duration::ZERO).build_with_keys(key_set(&[&KEY])).unwrap();
    let token = signed(ada());
    assert!(verifier.try_verify(&token).is_ok());

    clock.advance(-60);

    assert_eq!(verifier.try_verify(&token).unwrap_err().code(), ErrorCode::TokenInvalid);
}

#[test]
fn a_clock_that_is_set_back_twice_does_not_stretch_a_remembered_token() {
    let clock = HandClock::new();
    let build = || builder(&clock).leeway(Duration::from_secs(30)).build_with_keys(key_set(&[&KEY])).unwrap();
    let (verifier, token) = (build(), signed(ada()));
    clock.advance(-20);
    assert!(verifier.try_verify(&token).is_ok(), "within the leeway");

    clock.advance(-11);

    assert_eq!(verifier.try_verify(&token).unwrap_err().code(), ErrorCode::TokenInvalid);
}

#[test]
fn a_token_with_the_tail_of_a_remembered_one_is_verified_for_itself() {
    let verifier = builder(&HandClock::new()).build_with_keys(key_set(&[&KEY])).unwrap();
    let (good, other) = (signed(ada()), signed(bob()));
    assert!(verifier.try_verify(&good).is_ok());

    let claims_of_other = other.rsplit_once('.').unwrap().0;
    let signature_of_good = good.rsplit_once('.').unwrap().1;
    let spliced = format!("{claims_of_other}.{signature_of_good}");

    assert_eq!(verifier.try_verify(&spliced).unwrap_err().code(), ErrorCode::TokenInvalid);
}

#[test]
fn verifiers_in_one_thread_do_not_share_what_they_remember() {
    let strict = builder(&HandClock::new()).build_with_keys(key_set(&[&new_key()])).unwrap();
    let token = signed(ada());
    assert!(builder(&HandClock::new()).build_with_keys(key_set(&[&KEY])).unwrap().try_verify(&token).is_ok());

    assert!(strict.try_verify(&token).is_err());
}

#[test]
fn tokens_beyond_the_limits_are_verified_and_right_all_the_same() {
    for limits in [
        CacheLimits { entries: 3, bytes: 1 << 20 },
        CacheLimits { entries: 1000, bytes: 10_000 },
        CacheLimits { entries: 0, bytes: 0 },
    ] {
        let verifier = builder(&HandClock::new()).cache(limits).build_with_keys(key_set(&[&KEY])).unwrap();
        let tokens: Vec<_> = (0..20).map(|n| (n.to_string(), signed(ada().claim("n", n)))).collect();

        for _ in 0..3 {
            for (n, token) in &tokens {
                let claims = verifier.try_verify(token).unwrap().with_claims::<serde_json::Value>().unwrap();
                assert_eq!(&claims.claims()["n"].to_string(), n);
            }
        }
    }
}

#[test]
fn what_is_refused_is_never_remembered() {
    let keys = SharedKeys::new(key_set(&[&KEY]));
    let verifier = builder(&HandClock::new()).build_with_keys(keys.clone()).unwrap();
    let late_key = new_key();
    let token = signed_by(&late_key, ada());
    assert!(verifier.try_verify(&token).is_err());

    keys.replace(key_set(&[&KEY, &late_key]));

    assert!(verifier.try_verify(&token).is_ok());
}

#[test]
fn without_a_cache_everything_still_works() {
    let verifier: Verifier =
        builder(&HandClock::new()).without_cache().build_with_keys(key_set(&[&KEY])).unwrap();
    let token = signed(ada());

    assert!(verifier.try_verify(&token).is_ok() && verifier.try_verify(&token).is_ok());
}

/// What can happen between two requests.
#[derive(Debug, Clone)]
enum Event {
    Request(usize),
    Wait(u64),
    SetBack(i64),
    WithdrawKey,
    BringKeyBack,
    EndSession(usize),
    EverybodyStale,
    News,
}

const TOKENS: usize = 4;

fn event() -> impl Strategy<Value = Event> {
    prop_oneof![
        8 => (0..TOKENS).prop_map(Event::Request),
        2 => (1..400_u64).prop_map(Event::Wait),
        1 => (1..100_i64).prop_map(Event::SetBack),
        1 => Just(Event::WithdrawKey),
        1 => Just(Event::BringKeyBack),
        1 => (0..TOKENS).prop_map(Event::EndSession),
        1 => Just(Event::EverybodyStale),
        2 => Just(Event::News),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    /// Whatever happens, and in whatever order, remembering changes no answer.
    #[test]
    fn a_verifier_that_remembers_answers_as_one_that_does_not(events in prop::collection::vec(event(), 1..60)) {
        let mut house = House::new(SilencePolicy::refuse());
        let tokens: Vec<_> = (0..TOKENS)
            .map(|n| signed(bob().claim("sid", format!("s{n}")).claim("org_id", "acme")))
            .collect();
        for event in events {
            match event {
                Event::Request(n) => {
                    let remembered = house.verifier.try_verify(&tokens[n]).map(|caller| caller.sid().map(str::to_owned));
                    let anew = house.forgetful.try_verify(&tokens[n]).map(|caller| caller.sid().map(str::to_owned));
                    prop_assert_eq!(remembered, anew);
                }
                Event::Wait(seconds) => house.pass(Duration::from_secs(seconds)),
                Event::SetBack(seconds) => house.log.clock.advance(-seconds),
                Event::WithdrawKey => house.keys.replace(key_set(&[&OTHER_KEY])),
                Event::BringKeyBack => house.keys.replace(key_set(&[&KEY])),
                Event::EndSession(n) => {
                    house.revoke(RevocationLevel::Session, &format!("s{n}"), RevocationKind::Dead);
                }
                Event::EverybodyStale => house.revoke(RevocationLevel::All, "", RevocationKind::Stale),
                Event::News => house.log.beat(),
            }
        }
    }
}

static OTHER_KEY: std::sync::LazyLock<handstamp_token::SigningKey> = std::sync::LazyLock::new(new_key);
