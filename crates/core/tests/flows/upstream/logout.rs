use std::time::Duration;

use handstamp_core::{
    flows::{
        Issued,
        refresh::RefreshError,
        upstream::{
            UpstreamIdentity, UpstreamLogout, UpstreamLogoutError, end_upstream_sessions, of_session,
        },
    },
    model::{AuditKind, EndReason, EventKind, Selector, SessionState, UpstreamSelector},
    test_support::Kit,
};

use super::{ISSUER, enter, name, open_kit, person};
use crate::flows::{audit, events, state};

async fn session(kit: &Kit, sub: &str, sid: Option<&str>) -> Issued {
    let sid = sid.map(|sid| sid.parse().expect("it is a sid"));
    enter(kit, &UpstreamIdentity { sid, ..person(sub) }).await.expect("an account is made")
}

fn of_sid(issuer: &str, sid: &str) -> UpstreamSelector {
    UpstreamSelector::Session { issuer: issuer.to_owned(), sid: sid.parse().expect("it is a sid") }
}

async fn log_out(kit: &Kit, what: UpstreamSelector, token: &str) -> Result<u64, UpstreamLogoutError> {
    let expires_at = kit.clock.now() + Duration::from_mins(2);
    let logout = UpstreamLogout { upstream: name("corp"), what, token_id: token.to_owned(), expires_at };
    end_upstream_sessions(&kit.ctx, &logout, kit.clock.now()).await
}

#[tokio::test]
async fn a_session_that_ends_at_the_upstream_ends_here_and_no_other() {
    let kit = open_kit().await;
    let [one, same, other] = [("1", Some("x")), ("1", Some("x")), ("1", Some("y"))];
    let one = session(&kit, one.0, one.1).await;
    let same = session(&kit, same.0, same.1).await;
    let other = session(&kit, other.0, other.1).await;
    let unnamed = session(&kit, "1", None).await;

    assert_eq!(log_out(&kit, of_sid(ISSUER, "x"), "a").await.expect("the store works"), 2);

    let ended = SessionState::Ended { at: kit.clock.now(), reason: EndReason::UpstreamEnded };
    for issued in [&one, &same] {
        assert_eq!(state(&kit, issued.session.id).await, ended);
        assert!(events(&kit).await.contains(&(Selector::Session(issued.session.id), EventKind::Dead)));
        let refused = kit.refresh(issued).await.expect_err("it is over");
        assert!(matches!(refused, RefreshError::SessionEnded { reason: EndReason::UpstreamEnded }));
        assert_eq!(of_session(&kit.ctx, issued.session.id).await.expect("the store works"), None);
    }
    for issued in [&other, &unnamed] {
        assert_eq!(state(&kit, issued.session.id).await, SessionState::Active);
    }
    let kinds = audit(&kit, one.session.user_id).await;
    assert_eq!(kinds.iter().filter(|kind| **kind == AuditKind::SessionEnded).count(), 2);
}

#[tokio::test]
async fn all_sessions_of_a_person_end_and_nobody_elses() {
    let kit = open_kit().await;
    let (one, two) = (session(&kit, "1", Some("x")).await, session(&kit, "1", None).await);
    let other = session(&kit, "2", Some("x")).await;
    let what = UpstreamSelector::Subject(person("1").subject);
    assert_eq!(log_out(&kit, what, "a").await.expect("the store works"), 2);
    for issued in [&one, &two] {
        assert!(matches!(state(&kit, issued.session.id).await, SessionState::Ended { .. }));
    }
    assert_eq!(state(&kit, other.session.id).await, SessionState::Active);
}

#[tokio::test]
async fn another_issuers_word_ends_nothing() {
    let kit = open_kit().await;
    let one = session(&kit, "1", Some("x")).await;
    let ended = log_out(&kit, of_sid("https://other.example", "x"), "a").await;
    assert_eq!(ended.expect("the store works"), 0);
    assert_eq!(state(&kit, one.session.id).await, SessionState::Active);
}

#[tokio::test]
async fn a_logout_token_is_good_for_one_time_whatever_it_ended() {
    let kit = open_kit().await;
    assert_eq!(log_out(&kit, of_sid(ISSUER, "x"), "a").await.expect("the store works"), 0);
    let one = session(&kit, "1", Some("x")).await;
    let refused = log_out(&kit, of_sid(ISSUER, "x"), "a").await.expect_err("it was used");
    assert!(matches!(refused, UpstreamLogoutError::AlreadyUsed), "{refused:?}");
    assert_eq!(state(&kit, one.session.id).await, SessionState::Active);
    // Another issuer draws ids of its own.
    assert_eq!(log_out(&kit, of_sid("https://other.example", "x"), "a").await.expect("the store works"), 0);
}

#[tokio::test]
async fn a_session_that_a_password_began_is_none_of_the_upstreams() {
    let kit = open_kit().await;
    kit.user("ann").await;
    let here = kit.sign_in("ann").await.expect("ann may sign in");
    super::link(&kit, &here, &person("1"), "one").await.expect("ann may link");
    let what = UpstreamSelector::Subject(person("1").subject);
    assert_eq!(log_out(&kit, what, "a").await.expect("the store works"), 0);
    assert_eq!(state(&kit, here.session.id).await, SessionState::Active);
}
