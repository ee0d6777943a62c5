use std::time::Instant;

use handstamp_core::{
    model::{RefreshState, Session, Step},
    refresh_machine::{Decision, IssuedKind, TheftSign, decide},
    settings::SessionSettings,
};
use jiff::Timestamp;

use super::{
    explore::{Found, explore},
    service::{Decide, HandsOut},
    world::{Asks, Rules},
};

/// One request of the victim at a time, short times.
const BASE: Rules = Rules {
    client_timeout: 1,
    service_timeout: 1,
    late_writes: 0,
    grace: 3,
    in_flight: 1,
    whoami: Asks::Late,
    power_cuts: false,
    thief: false,
};

const TWO_TABS: Rules = Rules { in_flight: 2, whoami: Asks::AtOnce, ..BASE };
const THIEF: Rules = Rules { thief: true, whoami: Asks::AtOnce, ..BASE };

#[expect(clippy::print_stdout, reason = "how much was walked is what a reader of the output asks")]
fn walk(name: &str, rules: &Rules, decide: Decide, hands_out: HandsOut) -> Found {
    let begin = Instant::now();
    let found = explore(rules, decide, hands_out);
    println!(
        "{name}: {} states, {} steps, {:.1} s",
        found.states,
        found.steps,
        begin.elapsed().as_secs_f32()
    );
    found
}

/// Walks the real design and expects nothing to break.
fn holds(name: &str, rules: &Rules) {
    let found = walk(name, rules, decide, IssuedKind::hands_out_refresh);
    assert!(found.broken.is_none(), "{:#?}", found.broken);
}

/// Walks a wrong design and expects this property to break.
#[expect(
    clippy::print_stdout,
    reason = "the run that breaks a design is the best account of why it is wrong"
)]
fn breaks(name: &str, rules: &Rules, decide: Decide, hands_out: HandsOut, property: &str) {
    let found = walk(name, rules, decide, hands_out);
    let run = found.broken.expect("the model notices the wrong design");
    println!("  {}:\n    {}", run.property, run.steps.join("\n    "));
    assert_eq!(run.property, property);
}

const SIGNED_OUT: &str = "an honest user is signed out";
const NOT_REPLACED: &str = "a token that is due is not replaced";
const UNNOTICED: &str = "thief and victim both go on, and nobody notices";

#[test]
fn no_run_of_two_tabs_ends_in_a_sign_out() {
    holds("two requests at a time", &TWO_TABS);
}

#[test]
fn no_run_with_power_cuts_ends_in_a_sign_out() {
    holds("power cuts", &Rules { power_cuts: true, ..BASE });
}

#[test]
fn no_run_with_writes_that_outlive_their_request_ends_in_a_sign_out() {
    holds("writes that come late", &Rules { late_writes: 2, whoami: Asks::AtOnce, ..BASE });
}

#[test]
fn no_run_with_the_shortest_grace_time_allowed_ends_in_a_sign_out() {
    // Both time-outs together are 4; the grace time is one more.
    holds(
        "shortest grace",
        &Rules { client_timeout: 2, service_timeout: 2, grace: 5, whoami: Asks::Late, ..BASE },
    );
}

#[test]
fn no_thief_goes_on_beside_the_victim() {
    holds("thief", &THIEF);
}

#[test]
fn no_thief_goes_on_beside_a_victim_who_never_asks_whoami() {
    holds("thief, silent victim", &Rules { whoami: Asks::Never, ..THIEF });
}

#[test]
#[ignore = "five minutes"]
fn no_long_walk_ends_in_a_sign_out() {
    holds("two requests, late whoami", &Rules { whoami: Asks::Late, ..TWO_TABS });
    holds("three requests", &Rules { in_flight: 3, ..TWO_TABS });
    holds("two requests, power cuts", &Rules { power_cuts: true, ..TWO_TABS });
    // Later than every window: whenever it is written, it is as if it were that late.
    let late = Rules { late_writes: BASE.all_windows() + 1, whoami: Asks::AtOnce, ..BASE };
    holds("writes that come later than everything", &late);
    let fine = Rules { client_timeout: 2, service_timeout: 2, grace: 6, ..TWO_TABS };
    holds("two requests, fine ticks", &fine);
    holds("two requests, fine ticks, shortest grace", &Rules { grace: 5, ..fine });
    let finest = Rules { client_timeout: 3, service_timeout: 3, grace: 7, in_flight: 1, ..fine };
    holds("one request, finest ticks, shortest grace", &finest);
}

#[test]
#[ignore = "five minutes"]
fn no_thief_goes_on_in_a_long_walk() {
    let fine = Rules { client_timeout: 2, service_timeout: 2, grace: 6, ..THIEF };
    holds("thief, fine ticks", &fine);
    holds("thief, two requests, silent victim", &Rules { in_flight: 2, whoami: Asks::Never, ..THIEF });
}

/// Strict single use: whatever is not the current token is theft.
#[test]
fn a_design_without_grace_is_caught() {
    fn no_grace(session: &Session, presented: Step, now: Timestamp, settings: &SessionSettings) -> Decision {
        match decide(session, presented, now, settings) {
            Decision::Repeat { .. } | Decision::Hold => Decision::Theft(TheftSign::OlderThanParent),
            other => other,
        }
    }
    breaks("no grace", &TWO_TABS, no_grace, IssuedKind::hands_out_refresh, SIGNED_OUT);
}

/// A grace time without end: parents and retired branches bring the current token for ever.
#[test]
fn a_design_with_endless_grace_is_caught() {
    fn endless(session: &Session, presented: Step, now: Timestamp, settings: &SessionSettings) -> Decision {
        match decide(session, presented, now, settings) {
            Decision::Branch(_) | Decision::Hold | Decision::Theft(_) => {
                Decision::Repeat { note: session.refresh.handed_out(now, settings.slack()) }
            }
            other => other,
        }
    }
    breaks("endless grace", &THIEF, endless, IssuedKind::hands_out_refresh, NOT_REPLACED);
}

/// The parent is always good for another branch, whether its successor was confirmed or not.
#[test]
fn a_design_with_a_parent_that_is_always_valid_is_caught() {
    fn always(session: &Session, presented: Step, now: Timestamp, settings: &SessionSettings) -> Decision {
        match decide(session, presented, now, settings) {
            Decision::Theft(TheftSign::ParentAfterConfirmation | TheftSign::RetiredBranch) => {
                session.refresh.branched(now, settings.slack()).map_or(Decision::Unchanged, Decision::Branch)
            }
            other => other,
        }
    }
    breaks("parent always valid", &THIEF, always, IssuedKind::hands_out_refresh, UNNOTICED);
}

/// The current token rotates whenever it comes, so that two rotations fit into one grace time.
#[test]
fn a_design_with_two_rotations_in_one_grace_time_is_caught() {
    fn hasty(session: &Session, presented: Step, now: Timestamp, settings: &SessionSettings) -> Decision {
        match decide(session, presented, now, settings) {
            Decision::Unchanged => {
                session.refresh.rotated(now, settings.slack()).map_or(Decision::Unchanged, Decision::Rotate)
            }
            other => other,
        }
    }
    breaks("two rotations in one grace time", &TWO_TABS, hasty, IssuedKind::hands_out_refresh, SIGNED_OUT);
}

/// The design as it was first written down: everything is decided by the age of the rotation, however late the successor was
/// handed out again.
#[test]
fn a_design_that_forgets_when_it_last_handed_out_the_token_is_caught() {
    fn forgetful(session: &Session, presented: Step, now: Timestamp, settings: &SessionSettings) -> Decision {
        let forgotten = RefreshState { handed_out_at: session.refresh.rotated_at, ..session.refresh };
        let decision = decide(&Session { refresh: forgotten, ..session.clone() }, presented, now, settings);
        if let Decision::Repeat { .. } = decision { Decision::Repeat { note: None } } else { decision }
    }
    breaks("forgetful", &TWO_TABS, forgetful, IssuedKind::hands_out_refresh, SIGNED_OUT);
}

/// A cookie is set with every answer, also when the client came with the current token.
#[test]
fn a_design_that_sets_an_unchanged_cookie_is_caught() {
    breaks("unchanged cookie set", &TWO_TABS, decide, |_| true, SIGNED_OUT);
}
