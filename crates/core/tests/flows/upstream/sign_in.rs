use std::time::Duration;

use handstamp_core::{
    flows::{
        IssuedKind,
        clean_up::clean_up,
        sign_in::SignInError,
        upstream::{UpstreamIdentity, UpstreamSignInError, of_session},
    },
    minting::MintError,
    model::{AuditKind, SessionState},
    settings::{TokenSettings, UpstreamSettings},
    test_support::{Kit, PASSWORD},
};

use super::{attempt, called, enter, enter_by, kit, name, open_kit, person, upstreams, users};
use crate::flows::{audit, entries, state};

#[tokio::test]
async fn a_sign_in_makes_the_account_the_link_and_the_session() {
    let kit = open_kit().await;
    let identity = UpstreamIdentity {
        amr: vec!["mfa".to_owned()],
        auth_time: Some(kit.clock.now() - Duration::from_mins(5)),
        sid: Some("their session".parse().expect("it is a sid")),
        ..called("1", "ann")
    };

    let issued = enter(&kit, &identity).await.expect("an account is made");

    assert_eq!(issued.kind, IssuedKind::New);
    assert!(issued.new_refresh().is_some());
    let user = &issued.subject.user;
    assert_eq!(state(&kit, issued.session.id).await, SessionState::Active);
    assert_eq!((user.username.as_str(), user.origin.clone()), ("ann", Some(name("corp"))));
    assert_eq!(issued.access.claims.email.as_deref(), Some("ann@example.org"));
    assert_eq!(issued.access.claims.amr, ["mfa"]);
    assert_eq!(issued.access.claims.auth_time.as_secs(), kit.clock.now().as_second() - 300);
    let beside = of_session(&kit.ctx, issued.session.id).await.expect("the store works");
    let beside = beside.expect("it began at an upstream");
    assert_eq!((beside.upstream, beside.sid), (name("corp"), identity.sid));
    let kinds = [AuditKind::UserCreated, AuditKind::UpstreamLinked, AuditKind::SignedIn];
    assert_eq!(audit(&kit, user.id).await, kinds);
    let told: Vec<_> = entries(&kit, user.id).await.into_iter().filter_map(|entry| entry.detail).collect();
    assert_eq!(told, ["ann, through corp", "corp, a new account", "Firefox on Linux, through corp"]);
}

#[tokio::test]
async fn the_session_refreshes_like_any_other() {
    let kit = open_kit().await;
    let issued = enter(&kit, &person("1")).await.expect("an account is made");
    kit.wait_until_settled();
    let refreshed = kit.refresh(&issued).await.expect("the session goes on");
    assert_eq!(refreshed.kind, IssuedKind::Rotated);
}

#[tokio::test]
async fn the_same_sub_of_another_issuer_is_somebody_else() {
    let kit = open_kit().await;
    let here = enter(&kit, &person("1")).await.expect("an account is made");
    let subject = handstamp_core::model::UpstreamSubject::new("https://moved.example", "1");
    let elsewhere = UpstreamIdentity { subject: subject.expect("it is a subject"), ..person("1") };
    let there = enter(&kit, &elsewhere).await.expect("an account is made");
    assert_ne!(here.session.user_id, there.session.user_id);
}

#[tokio::test]
async fn an_attempt_is_finished_once() {
    let kit = open_kit().await;
    let begun = attempt(&kit, "one");
    enter_by(&kit, &person("1"), Some(begun.clone())).await.expect("an account is made");
    for who in ["1", "2"] {
        let refused = enter_by(&kit, &person(who), Some(begun.clone())).await.expect_err("it was finished");
        assert!(matches!(refused, UpstreamSignInError::AlreadyUsed), "{refused:?}");
    }
    assert_eq!(users(&kit).await.len(), 1);
}

/// A replica that is ahead has forgotten what one that is behind, or was kept waiting by the upstream, still takes.
#[tokio::test]
async fn an_attempt_is_not_forgotten_the_moment_it_is_too_old() {
    let kit = open_kit().await;
    let begun = attempt(&kit, "one");
    enter_by(&kit, &person("1"), Some(begun.clone())).await.expect("an account is made");
    kit.wait(Duration::from_mins(10) + Duration::from_secs(10));
    clean_up(&kit.ctx, kit.clock.now()).await.expect("the store works");

    let refused = enter_by(&kit, &person("1"), Some(begun)).await.expect_err("it was finished");
    assert!(matches!(refused, UpstreamSignInError::AlreadyUsed), "{refused:?}");
}

#[tokio::test]
async fn an_upstream_that_is_not_configured_vouches_for_nobody() {
    let kit = Kit::new().await;
    let refused = enter(&kit, &person("1")).await.expect_err("there is no such upstream");
    assert!(
        matches!(&refused, UpstreamSignInError::UnknownUpstream { upstream } if *upstream == name("corp")),
        "{refused:?}"
    );
}

#[tokio::test]
async fn by_default_nobody_unknown_gets_in() {
    let kit = kit(UpstreamSettings::default()).await;
    let ann = kit.user("ann").await;
    let refused = enter(&kit, &called("1", "ann")).await.expect_err("nobody has linked them");
    assert!(matches!(refused, UpstreamSignInError::EmailTaken), "{refused:?}");
    let refused = enter(&kit, &called("2", "bob")).await.expect_err("nobody has linked them");
    assert!(matches!(refused, UpstreamSignInError::NotLinked), "{refused:?}");
    let told = kit.ctx.store.audit_entries(None, 2).await.expect("the store works");
    assert!(told.iter().all(|entry| entry.kind == AuditKind::SignInFailed && entry.user_id.is_none()));
    assert!(told.iter().all(|entry| entry.detail.as_deref().is_some_and(|d| d.starts_with("through corp:"))));
    assert_eq!(users(&kit).await, [ann]);
}

#[tokio::test]
async fn an_account_from_an_upstream_has_no_password_to_guess() {
    let kit = open_kit().await;
    enter(&kit, &called("1", "ann")).await.expect("an account is made");
    for password in [PASSWORD, ""] {
        let refused = kit.sign_in_with("ann", password).await.expect_err("there is no password");
        assert!(matches!(refused, SignInError::InvalidCredentials), "{refused:?}");
    }
}

#[tokio::test]
async fn an_upstreams_clock_does_not_reach_into_the_future() {
    let kit = open_kit().await;
    let auth_time = Some(kit.clock.now() + Duration::from_hours(1));
    let issued = enter(&kit, &UpstreamIdentity { auth_time, ..person("1") }).await.expect("an account");
    assert_eq!(issued.session.auth_time, kit.clock.now());
}

#[tokio::test]
async fn one_session_too_many_ends_the_oldest() {
    let kit = Kit::with(|settings| {
        settings.sessions.max_per_user = Some(2);
        let each = UpstreamSettings { create: true, ..UpstreamSettings::default() };
        upstreams(settings, &["corp"], &each);
    })
    .await;
    let mut sessions = Vec::new();
    for _ in 0..3 {
        sessions.push(enter(&kit, &person("1")).await.expect("they are let in").session.id);
        kit.wait(Duration::from_secs(1));
    }
    assert!(matches!(state(&kit, sessions[0]).await, SessionState::Ended { .. }));
    assert_eq!(state(&kit, sessions[2]).await, SessionState::Active);
}

#[tokio::test]
async fn a_token_that_cannot_be_made_makes_no_account() {
    let kit = Kit::with(|settings| {
        settings.tokens = TokenSettings { max_size: 200, ..TokenSettings::default() };
        let each = UpstreamSettings { create: true, ..UpstreamSettings::default() };
        upstreams(settings, &["corp"], &each);
    })
    .await;
    let begun = attempt(&kit, "one");
    let refused = enter_by(&kit, &person("1"), Some(begun)).await.expect_err("no token fits");
    assert!(matches!(refused, UpstreamSignInError::Mint(MintError::TooLarge { .. })), "{refused:?}");
    assert_eq!(users(&kit).await, []);
}
