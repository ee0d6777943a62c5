use std::{collections::BTreeMap, time::Duration};

use handstamp_core::{
    flows::{IssuedKind, organizations, sign_in::SignInError, users},
    minting::MintError,
    model::{AuditKind, EndReason, EventKind, Selector, SessionState, Step, UserStatus},
    password::{Password, PasswordHasher},
    settings::PasswordSettings,
    store::{Change, Changes},
    test_support::{Kit, PASSWORD},
};
use handstamp_token::{Algorithm, UnixTime, Validator};
use serde_json::{Value, json};

use super::{audit, events, state};

#[tokio::test]
async fn a_sign_in_starts_a_session_and_issues_both_tokens() {
    let kit = Kit::new().await;
    let ann = kit.user("ann").await;
    for login in ["ann", "ANN@example.org"] {
        let issued = kit.sign_in(login).await.expect("ann may sign in");
        assert_eq!(issued.kind, IssuedKind::New);
        assert_eq!(issued.session.user_id, ann.id);
        assert_eq!(issued.session.refresh.current(), Step::FIRST);
        assert_eq!(state(&kit, issued.session.id).await, SessionState::Active);
        assert!(issued.new_refresh().is_some());
    }
}

#[tokio::test]
async fn the_access_token_passes_a_strict_validator_and_says_who_it_is() {
    let kit = Kit::with(|settings| *settings = settings.clone().audience("orders")).await;
    let ann = kit.user("ann").await;
    let issued = kit.sign_in("ann").await.expect("ann may sign in");

    let validator = Validator::access_token("https://auth.example", "orders", &[Algorithm::Es256])
        .expect("it is complete");
    let now = UnixTime::from_secs(kit.clock.now().as_second());
    let verified = validator
        .verify::<Value>(&issued.access.text, &kit.ctx.keyring.verifying_keys(), now)
        .expect("the token is good");
    let claims = verified.claims();
    assert_eq!(claims["sub"], json!(ann.id.to_string()));
    assert_eq!(claims["sid"], json!(issued.session.id.to_string()));
    assert_eq!(claims["client_id"], json!("handstamp"));
    assert_eq!(claims["preferred_username"], json!("ann"));
    assert_eq!(claims["email"], json!("ann@example.org"));
    assert_eq!(claims["roles"], json!(["buyer"]));
    assert_eq!(claims["amr"], json!(["pwd"]));
    assert_eq!(claims["rev"], json!("1.0"));
    assert_eq!(claims["exp"].as_i64(), Some(now.as_secs() + 600));
    assert_eq!(claims.get("org_id"), None);
}

#[tokio::test]
async fn a_wrong_password_an_unknown_user_and_no_login_at_all_sound_the_same() {
    let kit = Kit::new().await;
    kit.user("ann").await;
    for (login, password) in
        [("ann", "a short ship and a star"), ("nobody", PASSWORD), ("not a login", PASSWORD), ("", "")]
    {
        let error = kit.sign_in_with(login, password).await.expect_err("nobody signs in like this");
        assert!(matches!(error, SignInError::InvalidCredentials), "{login:?}: {error:?}");
    }
}

#[tokio::test]
async fn every_failure_leaves_one_audit_entry_and_no_typed_text() {
    let kit = Kit::new().await;
    let ann = kit.user("ann").await;
    for login in ["ann", "nobody", PASSWORD] {
        kit.sign_in_with(login, "a short ship and a star").await.expect_err("the password is wrong");
    }
    let entries = kit.ctx.store.audit_entries(None, 3).await.expect("the store works");
    assert!(entries.iter().all(|entry| entry.kind == AuditKind::SignInFailed && entry.detail.is_none()));
    assert_eq!(entries.iter().filter(|entry| entry.user_id == Some(ann.id)).count(), 1);
}

#[tokio::test]
async fn a_disabled_account_says_so_only_after_a_correct_password() {
    let kit = Kit::new().await;
    let ann = kit.user("ann").await;
    users::disable(&kit.ctx, ann.id, None, kit.clock.now()).await.expect("ann is there");
    let right = kit.sign_in("ann").await.expect_err("ann is disabled");
    assert!(matches!(right, SignInError::AccountDisabled), "{right:?}");
    let wrong = kit.sign_in_with("ann", "a short ship and a star").await.expect_err("the password is wrong");
    assert!(matches!(wrong, SignInError::InvalidCredentials), "{wrong:?}");
}

#[tokio::test]
async fn a_member_of_a_suspended_organisation_cannot_sign_in() {
    let kit = Kit::new().await;
    let (ann, now) = (kit.user("ann").await, kit.clock.now());
    let acme = organizations::add(&kit.ctx, "acme".parse().expect("it is an id"), None, None, now)
        .await
        .expect("it is new");
    users::set_org(&kit.ctx, ann.id, Some(acme.id.clone()), None, now).await.expect("ann is there");
    organizations::suspend(&kit.ctx, &acme.id, None, now).await.expect("it is there");
    let error = kit.sign_in("ann").await.expect_err("the organisation is suspended");
    assert!(matches!(error, SignInError::OrganizationSuspended), "{error:?}");

    organizations::resume(&kit.ctx, &acme.id, None, now).await.expect("it is there");
    let issued = kit.sign_in("ann").await.expect("the organisation works again");
    assert_eq!(issued.access.claims.org_id, Some(acme.id));
}

#[tokio::test]
async fn a_user_without_a_password_cannot_sign_in_with_one() {
    let kit = Kit::new().await;
    let mut ann = kit.user("ann").await;
    ann.password = None;
    kit.ctx.store.apply(Changes::one(Change::UpdateUser(ann))).await.expect("the store works");
    let error = kit.sign_in("ann").await.expect_err("there is nothing to compare with");
    assert!(matches!(error, SignInError::InvalidCredentials), "{error:?}");
}

#[tokio::test]
async fn one_session_too_many_ends_the_oldest_everywhere() {
    let kit = Kit::with(|settings| settings.sessions.max_per_user = Some(2)).await;
    let ann = kit.user("ann").await;
    let mut sessions = Vec::new();
    for _ in 0..3 {
        sessions.push(kit.sign_in("ann").await.expect("ann may sign in").session.id);
        kit.wait(Duration::from_secs(1));
    }
    let ended = state(&kit, sessions[0]).await;
    assert!(matches!(ended, SessionState::Ended { reason: EndReason::TooManySessions, .. }), "{ended:?}");
    assert_eq!(state(&kit, sessions[1]).await, SessionState::Active);
    assert_eq!(state(&kit, sessions[2]).await, SessionState::Active);
    assert_eq!(events(&kit).await, [(Selector::Session(sessions[0]), EventKind::Dead)]);
    assert_eq!(audit(&kit, ann.id).await.iter().filter(|kind| **kind == AuditKind::SessionEnded).count(), 1);
}

#[tokio::test]
async fn the_limit_of_sessions_holds_for_sign_ins_at_the_same_time() {
    let kit = Kit::with(|settings| settings.sessions.max_per_user = Some(2)).await;
    let ann = kit.user("ann").await;
    let issued = tokio::join!(kit.sign_in("ann"), kit.sign_in("ann"), kit.sign_in("ann"));
    assert!(issued.0.is_ok() && issued.1.is_ok() && issued.2.is_ok());
    let live = kit.ctx.store.live_sessions(ann.id, kit.clock.now()).await.expect("the store works");
    assert_eq!(live.len(), 2);
}

#[tokio::test]
async fn an_old_hash_is_replaced_at_sign_in_and_the_password_still_works() {
    let kit = Kit::new().await;
    let ann = kit.user("ann").await;
    let old = PasswordSettings { memory_kib: 7 * 1024, iterations: 5, ..PasswordSettings::default() };
    let old = PasswordHasher::new(&old).expect("it fits");
    let hash = old.hash(&Password::new(PASSWORD), &*kit.ctx.entropy).await.expect("nobody is waiting");
    let weak = handstamp_core::model::User { password: Some(hash.clone()), ..ann.clone() };
    kit.ctx.store.apply(Changes::one(Change::UpdateUser(weak))).await.expect("the store works");

    kit.sign_in("ann").await.expect("the password is right");
    let stored = kit.ctx.store.user(ann.id).await.expect("the store works").expect("ann is there");
    assert_eq!(stored.status, UserStatus::Active);
    assert!(stored.password.expect("ann has a password").as_phc().contains("m=19456,t=2,p=1"));
    kit.sign_in("ann").await.expect("the password is still right");
}

#[tokio::test]
async fn configured_claims_go_into_the_token_and_others_stay_out() {
    let kit =
        Kit::with(|settings| settings.tokens.custom_claims = vec!["tier".to_owned(), "absent".to_owned()])
            .await;
    let ann = kit.user("ann").await;
    let claims = BTreeMap::from([("tier".to_owned(), json!("gold")), ("secret".to_owned(), json!("x"))]);
    users::set_claims(&kit.ctx, ann.id, claims, None, kit.clock.now()).await.expect("ann is there");
    let issued = kit.sign_in("ann").await.expect("ann may sign in");
    assert_eq!(issued.access.claims.custom, BTreeMap::from([("tier".to_owned(), json!("gold"))]));
}

#[tokio::test]
async fn a_token_too_large_for_a_cookie_is_not_minted_and_starts_no_session() {
    let kit = Kit::with(|settings| settings.tokens.custom_claims = vec!["tier".to_owned()]).await;
    let ann = kit.user("ann").await;
    let claims = BTreeMap::from([("tier".to_owned(), json!("x".repeat(4000)))]);
    users::set_claims(&kit.ctx, ann.id, claims, None, kit.clock.now()).await.expect("ann is there");
    let error = kit.sign_in("ann").await.expect_err("no browser would keep it");
    let SignInError::Mint(MintError::TooLarge { claim, size, limit }) = error else { panic!("{error:?}") };
    assert_eq!((claim.as_str(), limit), ("tier", 3800));
    assert!(size > limit);
    let live = kit.ctx.store.live_sessions(ann.id, kit.clock.now()).await.expect("the store works");
    assert_eq!(live, []);
}
