use std::time::Duration;

use handstamp_core::{
    flows::{
        carry::{Carry, carry},
        sign_in::SignInError,
        upstream::{
            LINK_WITHIN, LinkError, LinkUpstream, UnlinkError, UpstreamIdentity, UpstreamSignInError,
            link_upstream, links,
        },
        users,
    },
    model::{AuditKind, EndReason, EventKind, Selector, SessionState, UserId},
    password::Password,
    settings::UpstreamSettings,
    test_support::{Kit, PASSWORD},
};

use super::{
    attempt, called, enter, enter_by, kit, link, links_of, name, open_kit, person, person_at, unlink,
    unlink_as_admin, upstreams,
};
use crate::flows::{audit, entries, events, state};

async fn closed_kit() -> Kit {
    kit(UpstreamSettings::default()).await
}

#[tokio::test]
async fn whoever_is_signed_in_links_their_account_and_gets_in_by_it() {
    let kit = closed_kit().await;
    let ann = kit.user("ann").await;
    let signed_in = kit.sign_in("ann").await.expect("ann may sign in");

    // Another address there is no hindrance: the owner links.
    let linked = link(&kit, &signed_in, &called("1", "lee"), "one").await.expect("ann may link");

    assert_eq!((linked.upstream.clone(), linked.user_id), (name("corp"), ann.id));
    assert_eq!(links(&kit.ctx, ann.id).await.expect("the store works"), [linked]);
    let issued = enter(&kit, &person("1")).await.expect("they are linked");
    assert_eq!(issued.session.user_id, ann.id);
    let told = entries(&kit, ann.id).await;
    let entry = told.iter().find(|entry| entry.kind == AuditKind::UpstreamLinked).expect("it is told");
    assert_eq!(entry.detail.as_deref(), Some("corp, by the user"));
    assert_eq!(entry.session_id, Some(signed_in.session.id));
}

#[tokio::test]
async fn an_administrator_links_by_hand() {
    let kit = closed_kit().await;
    let ann = kit.user("ann").await;
    super::change(&kit, ann.id, |user| user.roles = super::roles(&["admin"])).await;
    let signed_in = kit.sign_in("ann").await.expect("ann may sign in");
    link(&kit, &signed_in, &person("1"), "one").await.expect("ann may link");
}

#[tokio::test]
async fn a_link_that_is_there_is_linked_again_without_a_word() {
    let kit = closed_kit().await;
    let ann = kit.user("ann").await;
    let signed_in = kit.sign_in("ann").await.expect("ann may sign in");
    let first = link(&kit, &signed_in, &person("1"), "one").await.expect("ann may link");
    let again = link(&kit, &signed_in, &person("1"), "two").await.expect("it is the same");
    assert_eq!(first, again);
    assert_eq!(audit(&kit, ann.id).await.iter().filter(|k| **k == AuditKind::UpstreamLinked).count(), 1);
}

#[tokio::test]
async fn somebody_who_is_another_user_is_not_linked() {
    let kit = closed_kit().await;
    kit.user("ann").await;
    let bob = kit.user("bob").await;
    let ann = kit.sign_in("ann").await.expect("ann may sign in");
    link(&kit, &ann, &person("1"), "one").await.expect("ann may link");
    let signed_in = kit.sign_in("bob").await.expect("bob may sign in");
    let refused = link(&kit, &signed_in, &person("1"), "two").await.expect_err("they are ann");
    assert!(matches!(refused, LinkError::SomebodyElse), "{refused:?}");
    assert_eq!(links_of(&kit, bob.id).await, []);
}

#[tokio::test]
async fn an_account_is_one_person_of_each_upstream() {
    let kit = closed_kit().await;
    kit.user("ann").await;
    let ann = kit.sign_in("ann").await.expect("ann may sign in");
    link(&kit, &ann, &person("1"), "one").await.expect("ann may link");
    let refused = link(&kit, &ann, &person("2"), "two").await.expect_err("ann is linked");
    assert!(matches!(refused, LinkError::LinkedOtherwise), "{refused:?}");
    link(&kit, &ann, &person_at("social", "2"), "three").await.expect("that is another upstream");
}

#[tokio::test]
async fn an_old_session_adds_no_way_in() {
    let kit = closed_kit().await;
    let ann = kit.user("ann").await;
    let signed_in = kit.sign_in("ann").await.expect("ann may sign in");
    kit.wait(LINK_WITHIN);
    link(&kit, &signed_in, &person_at("social", "1"), "one").await.expect("it is just young enough");
    kit.wait(Duration::from_millis(1));
    let refused = link(&kit, &signed_in, &person("1"), "two").await.expect_err("it could be stolen");
    assert!(matches!(refused, LinkError::SignInAgain), "{refused:?}");
    assert_eq!(links_of(&kit, ann.id).await.len(), 1);
}

#[tokio::test]
async fn whoever_came_through_an_upstream_that_asked_nothing_again_may_link() {
    let kit = open_kit().await;
    let auth_time = Some(kit.clock.now() - Duration::from_hours(8));
    let remembered = UpstreamIdentity { auth_time, ..person("1") };
    let begun = Some(attempt(&kit, "one"));
    let issued = enter_by(&kit, &remembered, begun).await.expect("an account is made");
    link(&kit, &issued, &person_at("social", "1"), "two").await.expect("they came just now");
}

#[tokio::test]
async fn a_token_that_was_exchanged_adds_no_way_in() {
    let kit = open_kit().await;
    let auth_time = Some(kit.clock.now());
    let held = UpstreamIdentity { auth_time, ..person("1") };
    let exchanged = enter_by(&kit, &held, None).await.expect("an account is made");
    let refused = link(&kit, &exchanged, &person_at("social", "1"), "one").await.expect_err("who holds it?");
    assert!(matches!(refused, LinkError::SignInAgain), "{refused:?}");
    let begun = Some(attempt(&kit, "two"));
    let signed_in = enter_by(&kit, &held, begun).await.expect("they are linked");
    link(&kit, &signed_in, &person_at("social", "1"), "three").await.expect("they came just now");
}

/// Carrying a session to another site begins one there, and nobody has signed in.
#[tokio::test]
async fn a_session_that_was_carried_to_a_site_is_as_old_as_the_one_at_home() {
    let kit = closed_kit().await;
    kit.user("ann").await;
    let home = kit.sign_in("ann").await.expect("ann may sign in");
    let carry_to = async |site: &str| {
        let command = Carry {
            from: home.session.id,
            to: site.parse().expect("it is a name"),
            code_id: site.to_owned(),
            expires_at: kit.clock.now() + Duration::from_mins(1),
            address: None,
        };
        carry(&kit.ctx, &command, kit.clock.now()).await.expect("ann is signed in at home")
    };
    let young = carry_to("shop").await;
    link(&kit, &young, &person_at("social", "1"), "one").await.expect("ann signed in just now");
    kit.wait(LINK_WITHIN + Duration::from_millis(1));
    let old = carry_to("blog").await;
    let refused = link(&kit, &old, &person("1"), "two").await.expect_err("it could be stolen");
    assert!(matches!(refused, LinkError::SignInAgain), "{refused:?}");
}

#[tokio::test]
async fn a_session_that_is_over_or_another_users_links_nothing() {
    let kit = closed_kit().await;
    let ann = kit.user("ann").await;
    let bob = kit.user("bob").await;
    let signed_in = kit.sign_in("ann").await.expect("ann may sign in");
    let link_as = async |user: UserId, id: &str| {
        let (session, identity, attempt) = (signed_in.session.id, person("1"), attempt(&kit, id));
        let command = LinkUpstream { user, session, identity, attempt, address: None };
        link_upstream(&kit.ctx, &command, kit.clock.now()).await.expect_err("it is not theirs")
    };
    assert!(matches!(link_as(bob.id, "one").await, LinkError::SessionEnded));
    users::end_sessions(&kit.ctx, ann.id, None, kit.clock.now()).await.expect("the user is there");
    assert!(matches!(link_as(ann.id, "two").await, LinkError::SessionEnded));
}

#[tokio::test]
async fn an_attempt_to_link_is_finished_once_and_is_none_to_sign_in() {
    let kit = open_kit().await;
    kit.user("ann").await;
    let ann = kit.sign_in("ann").await.expect("ann may sign in");
    link(&kit, &ann, &person("1"), "one").await.expect("ann may link");
    let refused = link(&kit, &ann, &person_at("social", "1"), "one").await.expect_err("it was used");
    assert!(matches!(refused, LinkError::AlreadyUsed), "{refused:?}");
    let replayed = enter_by(&kit, &person("1"), Some(attempt(&kit, "one"))).await;
    assert!(matches!(replayed, Err(UpstreamSignInError::AlreadyUsed)), "{replayed:?}");
}

#[tokio::test]
async fn an_upstream_that_is_not_configured_links_nobody() {
    let kit = Kit::new().await;
    kit.user("ann").await;
    let ann = kit.sign_in("ann").await.expect("ann may sign in");
    let refused = link(&kit, &ann, &person("1"), "one").await.expect_err("there is no such upstream");
    assert!(matches!(refused, LinkError::UnknownUpstream { .. }), "{refused:?}");
}

#[tokio::test]
async fn a_removed_link_lets_nobody_in_and_ends_what_began_through_it() {
    let kit = closed_kit().await;
    let ann = kit.user("ann").await;
    let here = kit.sign_in("ann").await.expect("ann may sign in");
    link(&kit, &here, &person("1"), "one").await.expect("ann may link");
    let through = enter(&kit, &person("1")).await.expect("they are linked");

    unlink(&kit, &here, "corp").await.expect("there is a password as well");

    assert_eq!(links_of(&kit, ann.id).await, []);
    assert_eq!(state(&kit, here.session.id).await, SessionState::Active);
    let ended = SessionState::Ended { at: kit.clock.now(), reason: EndReason::EndedByUser };
    assert_eq!(state(&kit, through.session.id).await, ended);
    assert_eq!(events(&kit).await, [(Selector::Session(through.session.id), EventKind::Dead)]);
    let refused = enter(&kit, &person("1")).await.expect_err("nobody is linked");
    assert!(matches!(refused, UpstreamSignInError::NotLinked), "{refused:?}");
    let kinds = audit(&kit, ann.id).await;
    assert!(kinds.ends_with(&[AuditKind::UpstreamUnlinked, AuditKind::SessionEnded]), "{kinds:?}");
}

#[tokio::test]
async fn the_session_that_unlinks_goes_on_although_it_began_there() {
    let kit = closed_kit().await;
    kit.user("ann").await;
    let here = kit.sign_in("ann").await.expect("ann may sign in");
    link(&kit, &here, &person("1"), "one").await.expect("ann may link");
    let through = enter(&kit, &person("1")).await.expect("they are linked");
    unlink(&kit, &through, "corp").await.expect("there is a password as well");
    assert_eq!(state(&kit, through.session.id).await, SessionState::Active);
    assert_eq!(events(&kit).await, []);
}

#[tokio::test]
async fn an_administrator_who_unlinks_ends_every_session_through_it() {
    let kit = closed_kit().await;
    let ann = kit.user("ann").await;
    let here = kit.sign_in("ann").await.expect("ann may sign in");
    link(&kit, &here, &person("1"), "one").await.expect("ann may link");
    let through = enter(&kit, &person("1")).await.expect("they are linked");
    unlink_as_admin(&kit, ann.id, "corp").await.expect("there is a password as well");
    let ended = SessionState::Ended { at: kit.clock.now(), reason: EndReason::EndedByAdmin };
    assert_eq!(state(&kit, through.session.id).await, ended);
    assert_eq!(state(&kit, here.session.id).await, SessionState::Active);
}

#[tokio::test]
async fn the_last_way_in_stays() {
    let kit = open_kit().await;
    let issued = enter(&kit, &person("1")).await.expect("an account is made");
    let id = issued.session.user_id;
    let refused = unlink(&kit, &issued, "corp").await.expect_err("there is no password");
    assert!(matches!(refused, UnlinkError::LastWayIn), "{refused:?}");
    let refused = unlink_as_admin(&kit, id, "corp").await.expect_err("not by an administrator either");
    assert!(matches!(refused, UnlinkError::LastWayIn), "{refused:?}");

    link(&kit, &issued, &person_at("social", "1"), "one").await.expect("they may link");
    unlink(&kit, &issued, "corp").await.expect("there is another way in");
    unlink(&kit, &issued, "social").await.expect_err("and now there is none");
}

#[tokio::test]
async fn a_password_is_a_way_in() {
    let kit = open_kit().await;
    let issued = enter(&kit, &called("1", "ann")).await.expect("an account is made");
    let id = issued.session.user_id;
    users::set_password(&kit.ctx, id, &Password::new(PASSWORD), None, kit.clock.now())
        .await
        .expect("it is good enough");
    unlink_as_admin(&kit, id, "corp").await.expect("there is a password");
    kit.sign_in("ann").await.expect("ann may sign in");
}

#[tokio::test]
async fn of_a_disabled_account_the_last_link_goes() {
    let kit = open_kit().await;
    let issued = enter(&kit, &called("1", "ann")).await.expect("an account is made");
    let id = issued.session.user_id;
    users::disable(&kit.ctx, id, None, kit.clock.now()).await.expect("the user is there");
    unlink_as_admin(&kit, id, "corp").await.expect("nobody gets in anyway");
    let refused = kit.sign_in("ann").await.expect_err("there is no password");
    assert!(matches!(refused, SignInError::InvalidCredentials), "{refused:?}");
}

#[tokio::test]
async fn a_link_to_an_upstream_that_is_gone_is_no_way_in() {
    let clock = handstamp_core::test_support::FixedClock::new();
    let store = std::sync::Arc::new(handstamp_core::test_support::MemoryStore::new(clock.clone()));
    let open = UpstreamSettings { create: true, ..UpstreamSettings::default() };
    let before =
        Kit::over(store.clone(), clock.clone(), |settings| upstreams(settings, &["corp", "social"], &open))
            .await;
    let issued = enter(&before, &person("1")).await.expect("an account is made");
    link(&before, &issued, &person_at("social", "1"), "one").await.expect("they may link");

    let after = Kit::over(store, clock, |settings| upstreams(settings, &["corp"], &open)).await;

    let refused = unlink(&after, &issued, "corp").await.expect_err("nobody comes from social any more");
    assert!(matches!(refused, UnlinkError::LastWayIn), "{refused:?}");
    unlink(&after, &issued, "social").await.expect("nobody needs it");
}

#[tokio::test]
async fn who_is_not_linked_cannot_be_unlinked() {
    let kit = closed_kit().await;
    let ann = kit.user("ann").await;
    let refused = unlink_as_admin(&kit, ann.id, "corp").await.expect_err("there is no link");
    assert!(matches!(&refused, UnlinkError::NotLinked { upstream } if *upstream == name("corp")));
    let nobody = UserId::from_bytes([9; 16]);
    let refused = unlink_as_admin(&kit, nobody, "corp").await.expect_err("there is no user");
    assert!(matches!(refused, UnlinkError::NotFound), "{refused:?}");
}
