use std::{sync::Arc, time::Duration};

use handstamp_core::{
    flows::{
        Issued, IssuedKind,
        keys::{self, When},
        organizations,
        refresh::{Refresh, RefreshError, refresh},
        sessions, sign_out, users,
    },
    model::{AuditKind, EndReason, EventKind, KeyPurpose, Selector, SessionId, SessionState, Step},
    refresh_machine::TheftSign,
    refresh_token::RefreshTokenError,
    store::{Change, Changes},
    test_support::Kit,
};

use super::{audit, entries, events, state};

async fn signed_in() -> (Kit, Issued) {
    let kit = Kit::new().await;
    kit.user("ann").await;
    let issued = kit.sign_in("ann").await.expect("ann may sign in");
    (kit, issued)
}

async fn rotated(kit: &Kit, from: &Issued) -> Issued {
    kit.wait_until_settled();
    let issued = kit.refresh(from).await.expect("the session lives");
    assert_eq!(issued.kind, IssuedKind::Rotated);
    issued
}

async fn seen(kit: &Kit, issued: &Issued) {
    let step = handstamp_core::claims::issued_under(&issued.access.claims.jti).expect("it is one of ours");
    sessions::seen(&kit.ctx, issued.session.id, step, kit.clock.now()).await.expect("the store works");
}

#[tokio::test]
async fn a_current_token_in_its_time_is_rotated() {
    let (kit, first) = signed_in().await;
    let second = rotated(&kit, &first).await;
    assert_ne!(second.refresh, first.refresh);
    assert_ne!(second.access.claims.jti, first.access.claims.jti);
    assert!(second.new_refresh().is_some());
    assert!(second.session.idle_expiry > first.session.idle_expiry);
    let stored = kit.ctx.store.session(first.session.id).await.expect("the store works");
    assert_eq!(stored, Some(second.session));
}

#[tokio::test]
async fn a_current_token_that_comes_too_soon_stays_and_is_not_handed_out_again() {
    let (kit, first) = signed_in().await;
    kit.wait(Duration::from_secs(30));
    let again = kit.refresh(&first).await.expect("the session lives");
    assert_eq!(again.kind, IssuedKind::Unchanged);
    assert_eq!(again.refresh, first.refresh);
    assert_eq!(again.new_refresh(), None);
    let stored = kit.ctx.store.session(first.session.id).await.expect("the store works");
    assert_eq!(stored, Some(first.session), "nothing is written");
}

#[tokio::test]
async fn a_parent_within_the_grace_time_brings_the_same_successor() {
    let (kit, first) = signed_in().await;
    let second = rotated(&kit, &first).await;
    for _ in 0..3 {
        kit.wait(Duration::from_secs(10));
        let again = kit.refresh(&first).await.expect("the session lives");
        assert_eq!(again.kind, IssuedKind::Repeated);
        assert_eq!(again.refresh, second.refresh);
        assert!(again.new_refresh().is_some());
    }
}

#[tokio::test]
async fn a_straggler_after_the_grace_time_gets_an_access_token_and_no_refresh_token() {
    let (kit, first) = signed_in().await;
    let second = rotated(&kit, &first).await;
    kit.wait(Duration::from_secs(29));
    kit.refresh(&first).await.expect("it is within the grace time");
    seen(&kit, &second).await;
    kit.wait(Duration::from_secs(12));
    let straggler = kit.refresh(&first).await.expect("nobody is judged yet");
    assert_eq!(straggler.kind, IssuedKind::Held);
    assert_eq!(straggler.new_refresh(), None);
    assert_eq!(state(&kit, first.session.id).await, SessionState::Active);
}

#[tokio::test]
async fn a_stragglers_access_token_confirms_nothing() {
    let (kit, first) = signed_in().await;
    rotated(&kit, &first).await;
    kit.wait(Duration::from_secs(29));
    kit.refresh(&first).await.expect("it is within the grace time");
    kit.wait(Duration::from_secs(12));
    let straggler = kit.refresh(&first).await.expect("nobody is judged yet");
    seen(&kit, &straggler).await;
    let stored =
        kit.ctx.store.session(first.session.id).await.expect("the store works").expect("it is there");
    assert!(!stored.refresh.confirmed);
}

#[tokio::test]
async fn a_parent_whose_answer_was_lost_brings_a_branch() {
    let (kit, first) = signed_in().await;
    let lost = rotated(&kit, &first).await;
    kit.wait_until_settled();
    let branch = kit.refresh(&first).await.expect("the session lives");
    assert_eq!(branch.kind, IssuedKind::Branched);
    assert_eq!(branch.session.refresh.current(), Step { generation: 1, branch: 1 });
    assert_ne!(branch.refresh, lost.refresh);
    assert!(audit(&kit, first.session.user_id).await.contains(&AuditKind::RefreshBranched));

    let retired = kit.refresh(&lost).await.expect("it was retired a moment ago");
    assert_eq!((retired.kind, retired.refresh), (IssuedKind::Repeated, branch.refresh));
}

async fn is_theft(kit: &Kit, presented: &Issued, expected: TheftSign) {
    let error = kit.refresh(presented).await.expect_err("somebody else holds this session");
    assert!(matches!(error, RefreshError::Theft(sign) if sign == expected), "{error:?}");
    let session = presented.session.id;
    let ended = state(kit, session).await;
    assert!(matches!(ended, SessionState::Ended { reason: EndReason::TokenReuse, .. }), "{ended:?}");
    assert_eq!(events(kit).await, [(Selector::Session(session), EventKind::Dead)]);
    let last = entries(kit, presented.session.user_id).await.pop().expect("there are entries");
    assert_eq!((last.kind, last.session_id), (AuditKind::TokenReuse, Some(session)));
}

#[tokio::test]
async fn a_parent_after_its_successor_was_seen_is_theft() {
    let (kit, first) = signed_in().await;
    let second = rotated(&kit, &first).await;
    seen(&kit, &second).await;
    kit.wait(Duration::from_secs(32));
    is_theft(&kit, &first, TheftSign::ParentAfterConfirmation).await;
    let error = kit.refresh(&second).await.expect_err("the session is over for everybody");
    assert!(matches!(error, RefreshError::SessionEnded { reason: EndReason::TokenReuse }), "{error:?}");
}

#[tokio::test]
async fn a_retired_branch_that_comes_back_late_is_theft() {
    let (kit, first) = signed_in().await;
    let second = rotated(&kit, &first).await;
    kit.wait_until_settled();
    kit.refresh(&first).await.expect("the answer was lost, it seems");
    kit.wait_until_settled();
    is_theft(&kit, &second, TheftSign::RetiredBranch).await;
}

#[tokio::test]
async fn a_token_older_than_the_parent_is_theft() {
    let (kit, first) = signed_in().await;
    let second = rotated(&kit, &first).await;
    rotated(&kit, &second).await;
    is_theft(&kit, &first, TheftSign::OlderThanParent).await;
}

#[tokio::test]
async fn a_token_newer_than_the_store_is_taken_after_the_store_has_lost_rotations() {
    let (kit, first) = signed_in().await;
    let before =
        kit.ctx.store.session(first.session.id).await.expect("the store works").expect("it is there");
    let second = rotated(&kit, &first).await;
    let third = rotated(&kit, &second).await;
    // The power cut: the row is as it was before the rotations.
    let id = first.session.id;
    let (from, to, idle_expiry) = (third.session.refresh, before.refresh, before.idle_expiry);
    kit.ctx
        .store
        .apply(Changes::one(Change::RotateSession { id, from, to, idle_expiry }))
        .await
        .expect("the store works");

    let forward = kit.refresh(&third).await.expect("only we can have made this token");
    assert_eq!((forward.kind, &forward.refresh), (IssuedKind::FastForwarded, &third.refresh));
    assert!(audit(&kit, first.session.user_id).await.contains(&AuditKind::RefreshFastForwarded));
    rotated(&kit, &third).await;
}

#[tokio::test]
async fn twenty_requests_with_one_token_get_one_successor() {
    let (kit, first) = signed_in().await;
    kit.wait_until_settled();
    let kit = Arc::new(kit);
    let first = Arc::new(first);
    let tasks = (0..20).map(|_| {
        let (kit, first) = (Arc::clone(&kit), Arc::clone(&first));
        tokio::spawn(async move { kit.refresh(&first).await })
    });
    let tasks: Vec<_> = tasks.collect();
    let mut kinds = Vec::new();
    for task in tasks {
        let issued = task.await.expect("no flow panics").expect("the session lives");
        assert_eq!(issued.session.refresh.current(), Step { generation: 1, branch: 0 });
        kinds.push(issued.kind);
    }
    assert_eq!(kinds.iter().filter(|kind| **kind == IssuedKind::Rotated).count(), 1);
    assert_eq!(kinds.iter().filter(|kind| **kind == IssuedKind::Repeated).count(), 19);
}

#[tokio::test]
async fn a_session_that_was_signed_out_is_not_refreshed() {
    let (kit, first) = signed_in().await;
    let command = sign_out::SignOut {
        user: first.session.user_id,
        session: first.session.id,
        everywhere: false,
        address: None,
    };
    sign_out::sign_out(&kit.ctx, command, kit.clock.now()).await.expect("the store works");
    let error = kit.refresh(&first).await.expect_err("the session is over");
    assert!(matches!(error, RefreshError::SessionEnded { reason: EndReason::SignedOut }), "{error:?}");
}

#[tokio::test]
async fn a_session_nobody_used_for_a_week_has_expired_and_the_audit_log_says_so() {
    let (kit, first) = signed_in().await;
    kit.wait(Duration::from_hours(7 * 24));
    let error = kit.refresh(&first).await.expect_err("the session has run out");
    assert!(matches!(error, RefreshError::SessionEnded { reason: EndReason::Expired }), "{error:?}");
    let ended = state(&kit, first.session.id).await;
    assert!(matches!(ended, SessionState::Ended { reason: EndReason::Expired, .. }), "{ended:?}");
    assert!(audit(&kit, first.session.user_id).await.contains(&AuditKind::SessionEnded));
}

#[tokio::test]
async fn a_session_in_daily_use_ends_on_its_last_day_and_no_token_outlives_it() {
    let (kit, first) = signed_in().await;
    let last_day = first.session.absolute_expiry;
    let mut latest = first;
    for _ in 0..29 {
        kit.wait(Duration::from_hours(24));
        latest = kit.refresh(&latest).await.expect("it is used every day");
        assert!(latest.session.idle_expiry <= last_day);
    }
    kit.wait(Duration::from_hours(24) - Duration::from_mins(2));
    latest = kit.refresh(&latest).await.expect("two minutes are left");
    assert_eq!(latest.access.expires_in, Duration::from_mins(2));
    assert_eq!(latest.access.claims.exp.as_secs(), last_day.as_second());
    kit.wait(Duration::from_mins(2));
    let error = kit.refresh(&latest).await.expect_err("the last day is over");
    assert!(matches!(error, RefreshError::SessionEnded { reason: EndReason::Expired }), "{error:?}");
}

#[tokio::test]
async fn a_planted_refresh_cookie_is_refused_and_harms_nobody() {
    let (kit, first) = signed_in().await;
    let other = kit.sign_in("ann").await.expect("ann may sign in");
    let command = Refresh { token: first.refresh.reveal(), beside: Some(other.session.id), address: None };
    let error = refresh(&kit.ctx, command, kit.clock.now()).await.expect_err("they do not belong together");
    assert!(matches!(error, RefreshError::OtherSession), "{error:?}");
    assert_eq!(state(&kit, first.session.id).await, SessionState::Active);
}

#[tokio::test]
async fn a_forged_token_is_rejected() {
    let (kit, first) = signed_in().await;
    let mut forged = first.refresh.reveal().to_owned();
    forged.replace_range(10..11, if &forged[10..11] == "A" { "B" } else { "A" });
    let command = Refresh { token: &forged, beside: None, address: None };
    let error = refresh(&kit.ctx, command, kit.clock.now()).await.expect_err("the MAC does not fit");
    assert!(
        matches!(error, RefreshError::Rejected(RefreshTokenError::UnknownKey | RefreshTokenError::BadMac)),
        "{error:?}"
    );
}

#[tokio::test]
async fn a_token_of_a_forgotten_session_is_refused() {
    let (kit, _) = signed_in().await;
    let unknown = kit.ctx.keyring.refresh_keys().mint(SessionId::from_bytes([9; 16]), Step::FIRST);
    let command = Refresh { token: unknown.reveal(), beside: None, address: None };
    let error = refresh(&kit.ctx, command, kit.clock.now()).await.expect_err("there is no such session");
    assert!(matches!(error, RefreshError::SessionUnknown), "{error:?}");
}

#[tokio::test]
async fn roles_are_read_afresh_and_the_sign_in_stays_what_it_was() {
    let (kit, first) = signed_in().await;
    let roles = ["admin".parse().expect("it is a role")].into();
    users::set_roles(&kit.ctx, first.session.user_id, roles, None, kit.clock.now())
        .await
        .expect("ann is there");
    let second = rotated(&kit, &first).await;
    let (before, after) = (&first.access.claims, &second.access.claims);
    assert_eq!(after.roles.iter().map(ToString::to_string).collect::<Vec<_>>(), ["admin"]);
    assert_eq!((after.auth_time, &after.amr, after.sid), (before.auth_time, &before.amr, before.sid));
    assert_eq!((before.rev.seq, after.rev.seq), (0, 1));
}

#[tokio::test]
async fn a_disabled_user_is_not_refreshed() {
    let (kit, first) = signed_in().await;
    users::disable(&kit.ctx, first.session.user_id, None, kit.clock.now()).await.expect("ann is there");
    let error = kit.refresh(&first).await.expect_err("ann is disabled");
    assert!(matches!(error, RefreshError::SessionEnded { reason: EndReason::AccountDisabled }), "{error:?}");
}

#[tokio::test]
async fn a_member_of_a_suspended_organisation_is_refreshed_again_once_it_resumes() {
    let (kit, first) = signed_in().await;
    let now = kit.clock.now();
    let acme = organizations::add(&kit.ctx, "acme".parse().expect("it is an id"), None, None, now)
        .await
        .expect("it is new");
    users::set_org(&kit.ctx, first.session.user_id, Some(acme.id.clone()), None, now)
        .await
        .expect("ann is there");
    organizations::suspend(&kit.ctx, &acme.id, None, now).await.expect("it is there");
    kit.wait_until_settled();
    let error = kit.refresh(&first).await.expect_err("the organisation is suspended");
    assert!(matches!(error, RefreshError::OrganizationSuspended), "{error:?}");
    organizations::resume(&kit.ctx, &acme.id, None, now).await.expect("it is there");
    assert_eq!(kit.refresh(&first).await.expect("it works again").kind, IssuedKind::Rotated);
}

#[tokio::test]
async fn a_rotated_refresh_key_ends_no_session() {
    let (kit, first) = signed_in().await;
    let (purpose, now) = (KeyPurpose::RefreshToken, kit.clock.now());
    keys::rotate(&kit.ctx, purpose, When::Forced, None, now).await.expect("keys rotate");
    kit.wait(Duration::from_hours(24));
    keys::housekeep(&kit.ctx, kit.clock.now()).await.expect("the store works");
    let second = kit.refresh(&first).await.expect("the retired key still authenticates");
    assert_eq!(second.kind, IssuedKind::Rotated);
    rotated(&kit, &second).await;
}

#[tokio::test]
async fn a_clock_that_jumps_back_signs_nobody_out() {
    let (kit, first) = signed_in().await;
    let second = rotated(&kit, &first).await;
    kit.clock.rewind(Duration::from_hours(1));
    assert_eq!(kit.refresh(&second).await.expect("the session lives").kind, IssuedKind::Unchanged);
    assert_eq!(kit.refresh(&first).await.expect("the session lives").kind, IssuedKind::Repeated);
}
