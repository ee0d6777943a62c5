use std::collections::BTreeMap;

use super::*;
use handstamp_api_types::revocation::RevocationKind::Stale;

const SESSIONS: u64 = 10_000;

/// Makes an event, and returns how many sessions are told to come back after how many seconds.
fn waits_after(level: RevocationLevel, value: &str) -> BTreeMap<u64, u64> {
    let mut world = World::started();
    world.revoke(level, value, Stale);
    let mut waits = BTreeMap::new();
    for number in 0..SESSIONS {
        let sid = format!("session-{number}");
        let token = TokenIdentity { sid: Some(&sid), ..ada(0) };
        let Verdict::Stale { retry_after } = world.check(&token) else { panic!("everybody is stale") };
        assert_eq!(
            world.check(&token),
            Verdict::Stale { retry_after },
            "a session comes back once, not twice"
        );
        *waits.entry(retry_after.as_secs()).or_default() += 1;
    }
    waits
}

/// What the auth service meets in the busiest second: no more than a tenth above an even share.
fn assert_even(waits: &BTreeMap<u64, u64>, seconds: u64) {
    assert_eq!(waits.keys().copied().collect::<Vec<_>>(), (0..=seconds).collect::<Vec<_>>());
    let (busiest, share) = (waits.values().max().copied().unwrap_or(0), SESSIONS / (seconds + 1));
    assert!(busiest <= share + share / 10, "{busiest} in one second, an even share is {share}: {waits:?}");
}

#[test]
fn an_organisation_that_is_stale_comes_back_over_five_seconds() {
    assert_even(&waits_after(RevocationLevel::Organization, "acme"), 5);
}

#[test]
fn everybody_comes_back_over_fifteen_seconds() {
    assert_even(&waits_after(RevocationLevel::All, ""), 15);
    assert_even(&waits_after(RevocationLevel::Client, "web"), 15);
}

#[test]
fn one_user_comes_back_at_once() {
    assert_even(&waits_after(RevocationLevel::Subject, "ada"), 0);
}
