use std::{sync::Arc, time::Duration};

use handstamp_core::{
    flows::{
        Issued, organizations,
        refresh::RefreshError,
        upstream::{
            Due, Membership, Recheck, RecheckOutcome, RecheckSecret, RecheckVerdict, UpstreamIdentity,
            recheck_due, rechecked,
        },
    },
    model::{EndReason, EventKind, SealedSecret, Selector, SessionState, UpstreamSession},
    settings::UpstreamSettings,
    store::{Change, Changes, Store, StoreError},
    test_support::{FixedClock, Kit, MemoryStore},
};

use super::{commit, enter, kit, open_kit, person, roles};
use crate::flows::{events, state};

const EVERY: Duration = Duration::from_mins(5);
const GRACE: Duration = Duration::from_mins(15);
const SECRET: &str = "an upstream's refresh token";
const MOMENT: Duration = Duration::from_millis(1);

/// A moment less.
fn almost(time: Duration) -> Duration {
    time.saturating_sub(MOMENT)
}

fn asking() -> UpstreamSettings {
    UpstreamSettings {
        create: true,
        roles: roles(&["buyer", "seller"]),
        recheck_every: Some(EVERY),
        recheck_grace: GRACE,
        ..UpstreamSettings::default()
    }
}

fn with_secret(secret: &str) -> UpstreamIdentity {
    UpstreamIdentity { recheck: Some(RecheckSecret::new(secret)), ..person("1") }
}

/// Returns a kit with a session that is asked about, and the session.
async fn given_session() -> (Kit, Issued) {
    let kit = kit(asking()).await;
    let issued = enter(&kit, &with_secret(SECRET)).await.expect("an account is made");
    (kit, issued)
}

async fn due(kit: &Kit, issued: &Issued) -> Due {
    recheck_due(&kit.ctx, issued.refresh.reveal(), kit.clock.now()).await.expect("the store works")
}

/// Returns the question that is due.
async fn question(kit: &Kit, issued: &Issued) -> Recheck {
    match due(kit, issued).await {
        Due::Ask(recheck) => recheck,
        other => panic!("the upstream is to be asked, not {other:?}"),
    }
}

async fn answer(kit: &Kit, recheck: Recheck, outcome: RecheckOutcome) -> RecheckVerdict {
    rechecked(&kit.ctx, recheck, outcome, kit.clock.now()).await.expect("the store works")
}

fn still_there(identity: UpstreamIdentity) -> RecheckOutcome {
    RecheckOutcome::StillThere(Box::new(identity))
}

#[tokio::test]
async fn the_upstream_is_asked_when_it_is_time_and_no_moment_before() {
    let (kit, issued) = given_session().await;
    kit.wait(almost(EVERY));
    assert_eq!(due(&kit, &issued).await, Due::Nothing);
    kit.wait(MOMENT);
    let recheck = question(&kit, &issued).await;
    assert_eq!(recheck.session, issued.session.id);
    assert_eq!((recheck.upstream.as_str(), recheck.subject.sub()), ("corp", "1"));
    assert_eq!(recheck.secret.reveal(), SECRET);
}

#[tokio::test]
async fn of_many_who_come_at_the_same_time_one_asks_and_the_others_go_on() {
    let (kit, issued) = given_session().await;
    kit.wait(EVERY);
    let mut asking = 0;
    let (a, b, c) = tokio::join!(due(&kit, &issued), due(&kit, &issued), due(&kit, &issued));
    for due in [a, b, c] {
        match due {
            Due::Ask(_) => asking += 1,
            other => assert_eq!(other, Due::Nothing),
        }
    }
    assert_eq!(asking, 1);
}

#[tokio::test]
async fn whoever_asked_and_was_never_heard_of_again_is_followed_by_another() {
    let (kit, issued) = given_session().await;
    kit.wait(EVERY);
    question(&kit, &issued).await;
    let takes = kit.ctx.settings.sessions.refresh_service_timeout;
    kit.wait(almost(takes));
    assert_eq!(due(&kit, &issued).await, Due::Nothing);
    kit.wait(MOMENT);
    question(&kit, &issued).await;
}

#[tokio::test]
async fn a_yes_is_good_until_the_next_time() {
    let (kit, issued) = given_session().await;
    kit.wait(EVERY);
    let recheck = question(&kit, &issued).await;
    assert_eq!(answer(&kit, recheck, still_there(person("1"))).await, RecheckVerdict::GoOn);
    kit.refresh(&issued).await.expect("the session goes on");
    kit.wait(almost(EVERY));
    assert_eq!(due(&kit, &issued).await, Due::Nothing);
    kit.wait(MOMENT);
    // Without a new secret the old one stays.
    assert_eq!(question(&kit, &issued).await.secret.reveal(), SECRET);
}

#[tokio::test]
async fn a_new_secret_takes_the_place_of_the_old_one() {
    let (kit, issued) = given_session().await;
    kit.wait(EVERY);
    let recheck = question(&kit, &issued).await;
    answer(&kit, recheck, still_there(with_secret("the next"))).await;
    kit.wait(EVERY);
    assert_eq!(question(&kit, &issued).await.secret.reveal(), "the next");
}

#[tokio::test]
async fn roles_that_were_taken_away_at_the_upstream_are_gone_from_the_next_token() {
    let kit = kit(asking()).await;
    let seller = UpstreamIdentity { roles: Some(roles(&["seller"])), ..with_secret(SECRET) };
    let issued = enter(&kit, &seller).await.expect("an account is made");
    kit.wait(EVERY);
    let recheck = question(&kit, &issued).await;
    let demoted = UpstreamIdentity { roles: Some(roles(&["buyer"])), ..person("1") };

    assert_eq!(answer(&kit, recheck, still_there(demoted)).await, RecheckVerdict::GoOn);

    let refreshed = kit.refresh(&issued).await.expect("the session goes on");
    assert_eq!(refreshed.access.claims.roles, roles(&["buyer"]).into_iter().collect::<Vec<_>>());
    assert_eq!(events(&kit).await, [(Selector::Subject(issued.session.user_id), EventKind::Stale)]);
}

#[tokio::test]
async fn a_session_that_is_over_there_is_over_here() {
    let (kit, issued) = given_session().await;
    kit.wait(EVERY);
    let recheck = question(&kit, &issued).await;
    assert_eq!(answer(&kit, recheck, RecheckOutcome::Ended).await, RecheckVerdict::Ended);
    let ended = SessionState::Ended { at: kit.clock.now(), reason: EndReason::UpstreamEnded };
    assert_eq!(state(&kit, issued.session.id).await, ended);
    assert_eq!(events(&kit).await, [(Selector::Session(issued.session.id), EventKind::Dead)]);
    assert_eq!(due(&kit, &issued).await, Due::Nothing);
    let refused = kit.refresh(&issued).await.expect_err("it is over");
    assert!(matches!(refused, RefreshError::SessionEnded { reason: EndReason::UpstreamEnded }));
}

#[tokio::test]
async fn a_token_that_is_somebody_elses_by_now_ends_the_session() {
    let (kit, issued) = given_session().await;
    kit.wait(EVERY);
    let recheck = question(&kit, &issued).await;
    assert_eq!(answer(&kit, recheck, still_there(person("2"))).await, RecheckVerdict::Ended);
    assert!(matches!(state(&kit, issued.session.id).await, SessionState::Ended { .. }));
}

#[tokio::test]
async fn an_upstream_that_is_away_signs_nobody_out() {
    let (kit, issued) = given_session().await;
    kit.wait(EVERY);
    let recheck = question(&kit, &issued).await;
    assert_eq!(answer(&kit, recheck, RecheckOutcome::Unreachable).await, RecheckVerdict::GoOn);
    kit.refresh(&issued).await.expect("the session goes on");

    kit.wait(almost(GRACE));
    let recheck = question(&kit, &issued).await;
    assert_eq!(answer(&kit, recheck, RecheckOutcome::Unreachable).await, RecheckVerdict::GoOn);

    kit.wait(kit.ctx.settings.sessions.refresh_service_timeout);
    let recheck = question(&kit, &issued).await;
    assert_eq!(answer(&kit, recheck, RecheckOutcome::Unreachable).await, RecheckVerdict::Unavailable);
    // Whoever comes while it is away does not make us ask again and again.
    assert_eq!(due(&kit, &issued).await, Due::Unavailable);
    assert_eq!(state(&kit, issued.session.id).await, SessionState::Active);

    kit.wait(kit.ctx.settings.sessions.refresh_service_timeout);
    let recheck = question(&kit, &issued).await;
    assert_eq!(answer(&kit, recheck, still_there(person("1"))).await, RecheckVerdict::GoOn);
    kit.refresh(&issued).await.expect("the session goes on as if nothing had been");
}

#[tokio::test]
async fn an_answer_that_was_overtaken_changes_nothing() {
    let (kit, issued) = given_session().await;
    kit.wait(EVERY);
    let slow = question(&kit, &issued).await;
    kit.wait(kit.ctx.settings.sessions.refresh_service_timeout);
    let quick = question(&kit, &issued).await;
    answer(&kit, quick, still_there(with_secret("the next"))).await;

    assert_eq!(answer(&kit, slow, still_there(with_secret("the old"))).await, RecheckVerdict::GoOn);

    kit.wait(EVERY);
    assert_eq!(question(&kit, &issued).await.secret.reveal(), "the next");
}

#[tokio::test]
async fn an_answer_about_a_session_that_has_ended_meanwhile_does_not_bring_it_back() {
    for outcome in [still_there(person("1")), RecheckOutcome::Unreachable, RecheckOutcome::Ended] {
        let (kit, issued) = given_session().await;
        kit.wait(EVERY);
        let recheck = question(&kit, &issued).await;
        let (id, at, reason) = (issued.session.id, kit.clock.now(), EndReason::EndedByAdmin);
        commit(&kit, Changes::one(Change::EndSession { id, at, reason })).await;
        assert_eq!(answer(&kit, recheck, outcome).await, RecheckVerdict::Ended);
        assert_eq!(state(&kit, id).await, SessionState::Ended { at, reason });
    }
}

#[tokio::test]
async fn an_organisation_that_does_not_exist_makes_no_token_and_ends_nothing() {
    let (kit, issued) = given_session().await;
    kit.wait(EVERY);
    let recheck = question(&kit, &issued).await;
    let org_id = "acme".parse().expect("it is an id");
    let moved = UpstreamIdentity { org: Some(Membership::In(org_id)), ..with_secret("the next") };
    assert_eq!(answer(&kit, recheck, still_there(moved.clone())).await, RecheckVerdict::Unavailable);
    assert_eq!(state(&kit, issued.session.id).await, SessionState::Active);

    let acme = "acme".parse().expect("it is an id");
    organizations::add(&kit.ctx, acme, None, None, kit.clock.now()).await.expect("it is new");
    kit.wait(kit.ctx.settings.sessions.refresh_service_timeout);
    let recheck = question(&kit, &issued).await;
    // The one of before is used up: to ask with it would end the session there.
    assert_eq!(recheck.secret.reveal(), "the next");
    assert_eq!(answer(&kit, recheck, still_there(moved)).await, RecheckVerdict::GoOn);
}

#[tokio::test]
async fn a_forged_refresh_token_asks_nobody() {
    let (kit, issued) = given_session().await;
    kit.wait(EVERY);
    let token = issued.refresh.reveal();
    for forged in ["", "hsr_", &token[..token.len() - 1], &format!("{token}A")] {
        let due = recheck_due(&kit.ctx, forged, kit.clock.now()).await.expect("the store works");
        assert_eq!(due, Due::Nothing, "{forged:?}");
    }
    question(&kit, &issued).await;
}

#[tokio::test]
async fn a_theft_does_not_wait_for_the_upstream() {
    let (kit, issued) = given_session().await;
    kit.wait_until_settled();
    let rotated = kit.refresh(&issued).await.expect("the session goes on");
    kit.wait_until_settled();
    kit.refresh(&rotated).await.expect("the session goes on");
    kit.wait(EVERY + GRACE);

    assert_eq!(due(&kit, &issued).await, Due::Nothing);
    let refused = kit.refresh(&issued).await.expect_err("somebody else has it");
    assert!(matches!(refused, RefreshError::Theft(_)), "{refused:?}");
}

#[tokio::test]
async fn who_is_unlinked_goes_on_as_long_as_the_upstream_says_and_gets_nothing_from_it() {
    let kit = kit(asking()).await;
    kit.user("ann").await;
    let here = kit.sign_in("ann").await.expect("ann may sign in");
    super::link(&kit, &here, &person("1"), "one").await.expect("ann may link");
    let through = enter(&kit, &with_secret(SECRET)).await.expect("they are linked");
    super::unlink(&kit, &through, "corp").await.expect("there is a password as well");
    kit.wait(EVERY);
    let recheck = question(&kit, &through).await;
    let promoted = UpstreamIdentity { roles: Some(roles(&["seller"])), ..person("1") };
    assert_eq!(answer(&kit, recheck, still_there(promoted)).await, RecheckVerdict::GoOn);
    let refreshed = kit.refresh(&through).await.expect("the session goes on");
    assert_eq!(refreshed.access.claims.roles, roles(&["buyer"]).into_iter().collect::<Vec<_>>());
}

#[tokio::test]
async fn nothing_is_kept_of_a_secret_that_is_never_asked_with() {
    let kit = open_kit().await;
    let issued = enter(&kit, &with_secret(SECRET)).await.expect("an account is made");
    assert_eq!(beside(&kit, &issued).await.secret, None);
    kit.wait(EVERY + GRACE);
    assert_eq!(due(&kit, &issued).await, Due::Nothing);
}

async fn beside(kit: &Kit, issued: &Issued) -> UpstreamSession {
    let read = kit.ctx.store.upstream_session(issued.session.id).await.expect("the store works");
    read.expect("it began at an upstream")
}

#[tokio::test]
async fn a_session_without_a_secret_and_one_that_a_password_began_ask_nobody() {
    let kit = kit(asking()).await;
    let bare = enter(&kit, &person("1")).await.expect("an account is made");
    kit.user("ann").await;
    let by_password = kit.sign_in("ann").await.expect("ann may sign in");
    kit.wait(EVERY + GRACE);
    assert_eq!(due(&kit, &bare).await, Due::Nothing);
    assert_eq!(due(&kit, &by_password).await, Due::Nothing);
}

#[tokio::test]
async fn a_secret_is_sealed_and_opens_for_its_own_session_alone() {
    let (kit, issued) = given_session().await;
    let sealed = beside(&kit, &issued).await.secret.expect("it is kept");
    assert!(!sealed.as_bytes().windows(8).any(|part| SECRET.as_bytes().windows(8).any(|of| of == part)));
    assert_eq!(format!("{sealed:?}"), "[sealed]");
    let other = enter(&kit, &with_secret("another")).await.expect("they are linked");
    let planted = beside(&kit, &other).await;
    let (from, to) = (planted.check, UpstreamSession { secret: Some(sealed), ..planted });
    commit(&kit, Changes::one(Change::CheckUpstreamSession { from, to })).await;
    kit.wait(EVERY);
    let refused = recheck_due(&kit.ctx, other.refresh.reveal(), kit.clock.now()).await;
    assert!(matches!(refused, Err(StoreError::Corrupt { .. })), "{refused:?}");
}

#[tokio::test]
async fn a_damaged_secret_is_an_error_and_no_sign_out() {
    let (kit, issued) = given_session().await;
    let row = beside(&kit, &issued).await;
    let to = UpstreamSession { secret: Some(SealedSecret::from_bytes(Vec::new())), ..row.clone() };
    commit(&kit, Changes::one(Change::CheckUpstreamSession { from: row.check, to })).await;
    kit.wait(EVERY);
    let refused = recheck_due(&kit.ctx, issued.refresh.reveal(), kit.clock.now()).await;
    assert!(matches!(refused, Err(StoreError::Corrupt { .. })), "{refused:?}");
    assert_eq!(state(&kit, issued.session.id).await, SessionState::Active);
}

#[tokio::test]
async fn a_session_of_an_upstream_that_is_not_configured_any_more_asks_nobody() {
    let clock = FixedClock::new();
    let store: Arc<dyn Store> = Arc::new(MemoryStore::new(clock.clone()));
    let with = |names: &'static [&'static str]| {
        Kit::over(Arc::clone(&store), clock.clone(), move |settings| {
            super::upstreams(settings, names, &asking());
        })
    };
    let before = with(&["corp", "social"]).await;
    let issued = enter(&before, &with_secret(SECRET)).await.expect("an account is made");
    let after = with(&["social"]).await;
    after.wait(EVERY + GRACE);
    assert_eq!(due(&after, &issued).await, Due::Nothing);
}
