//! What happens at the same time, in every order that the store's turns allow: one of the two starts later by so many turns.

use std::collections::BTreeSet;

use handstamp_core::{
    flows::{
        Issued,
        upstream::{LinkError, UnlinkError, UpstreamIdentity, UpstreamSignInError},
        users::{self, NewUser},
    },
    model::{AuditKind, SessionState, UserId},
    settings::{LinkRule, UpstreamSettings},
    test_support::Kit,
};

use super::{
    attempt, called, enter, enter_by, kit, link, links_of, open_kit, person, person_at, unlink,
    unlink_as_admin, upstreams, users,
};
use crate::flows::{audit, state};

/// More turns than any of the flows takes.
const TURNS: usize = 40;

async fn turns(count: usize) {
    for _ in 0..count {
        tokio::task::yield_now().await;
    }
}

/// Runs both, the second a few turns later.
async fn race<A, B>(one: impl Future<Output = A>, other: impl Future<Output = B>, later: usize) -> (A, B) {
    tokio::join!(one, async {
        turns(later).await;
        other.await
    })
}

async fn live(kit: &Kit, user: UserId) -> usize {
    kit.ctx.store.live_sessions(user, kit.clock.now()).await.expect("the store works").len()
}

#[tokio::test]
async fn of_two_replicas_that_finish_one_attempt_one_does() {
    for later in 0..TURNS {
        let kit = open_kit().await;
        let corp = person("1");
        let finish = || enter_by(&kit, &corp, Some(attempt(&kit, "one")));
        let (one, other) = race(finish(), finish(), later).await;
        let outcomes = [one, other];
        assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 1, "after {later} turns");
        let refused = outcomes.into_iter().find_map(Result::err).expect("one of them was refused");
        assert!(matches!(refused, UpstreamSignInError::AlreadyUsed), "{refused:?}");
        let users = users(&kit).await;
        assert_eq!(users.len(), 1);
        assert_eq!(live(&kit, users[0].id).await, 1);
    }
}

#[tokio::test]
async fn somebody_new_in_two_tabs_becomes_one_user() {
    // The address of the account that one tab has made must not stand in the way of the other.
    for (later, corp) in (0..TURNS).flat_map(|later| [(later, person("1")), (later, called("1", "ann"))]) {
        let kit = open_kit().await;
        let tab = |id| enter_by(&kit, &corp, Some(attempt(&kit, id)));
        let (one, other) = race(tab("one"), tab("other"), later).await;
        let one = one.expect("they are let in").session.user_id;
        assert_eq!(one, other.expect("they are let in").session.user_id, "after {later} turns");
        assert_eq!((users(&kit).await.len(), live(&kit, one).await), (1, 2));
    }
}

#[tokio::test]
async fn two_people_of_one_name_both_get_in_under_names_of_their_own() {
    for later in 0..TURNS {
        let kit = open_kit().await;
        let somebody =
            |sub| UpstreamIdentity { username: Some("ann".to_owned()), email: None, ..person(sub) };
        let (ann, ann_too) = (somebody("1"), somebody("2"));
        let (one, other) = race(enter(&kit, &ann), enter(&kit, &ann_too), later).await;
        let name = |issued: Result<Issued, _>| {
            issued.map(|issued: Issued| issued.subject.user.username.to_string()).expect("both get in")
        };
        let names = BTreeSet::from([name(one), name(other)]);
        assert_eq!(names, BTreeSet::from(["ann".to_owned(), "ann-2".to_owned()]), "after {later} turns");
    }
}

#[tokio::test]
async fn of_two_people_with_one_address_one_gets_it() {
    for later in 0..TURNS {
        let kit = open_kit().await;
        let (ann, impostor) = (called("1", "ann"), called("2", "ann"));
        let (one, other) = race(enter(&kit, &ann), enter(&kit, &impostor), later).await;
        let outcomes = [one, other];
        assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 1, "after {later} turns");
        let refused = outcomes.into_iter().find_map(Result::err).expect("one of them was refused");
        assert!(matches!(refused, UpstreamSignInError::EmailTaken), "{refused:?}");
    }
}

#[tokio::test]
async fn of_two_people_who_would_be_linked_to_one_account_one_is() {
    for later in 0..TURNS {
        let settings = UpstreamSettings { link: LinkRule::VerifiedEmail, ..UpstreamSettings::default() };
        let kit = kit(settings).await;
        let ann = given(&kit, "ann").await;
        let (first, recycled) = (called("1", "ann"), called("2", "ann"));
        let (one, other) = race(enter(&kit, &first), enter(&kit, &recycled), later).await;
        let outcomes = [one, other];
        assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 1, "after {later} turns");
        assert_eq!(links_of(&kit, ann).await.len(), 1);
    }
}

/// Adds somebody as an administrator, without a password.
async fn given(kit: &Kit, name: &str) -> UserId {
    let new = NewUser {
        username: name.parse().expect("it is a name"),
        email: Some(format!("{name}@example.org").parse().expect("it is an address")),
        roles: BTreeSet::new(),
        org_id: None,
        password: None,
    };
    users::add(&kit.ctx, new, None, kit.clock.now()).await.expect("the user is new").id
}

#[tokio::test]
async fn no_session_of_a_link_outlives_it() {
    for later in 0..TURNS {
        for unlinks_first in [false, true] {
            let kit = Kit::with(|settings| {
                // A limit makes the way in longer by a turn, so that a whole unlinking fits into it.
                settings.sessions.max_per_user = Some(9);
                let each = UpstreamSettings { create: true, ..UpstreamSettings::default() };
                upstreams(settings, &["corp", "social"], &each);
            })
            .await;
            let signed_in = enter(&kit, &person_at("social", "1")).await.expect("an account is made");
            let ann = signed_in.session.user_id;
            link(&kit, &signed_in, &person("1"), "one").await.expect("ann may link");

            let corp = person("1");
            let (entering, unlinking) = (enter(&kit, &corp), unlink(&kit, &signed_in, "corp"));
            let (entered, unlinked) = if unlinks_first {
                let (unlinked, entered) = race(unlinking, entering, later).await;
                (entered, unlinked)
            } else {
                race(entering, unlinking, later).await
            };

            unlinked.expect("there is another way in");
            assert_eq!(links_of(&kit, ann).await.len(), 1);
            let entered = entered.expect("whoever is linked to nobody becomes somebody new");
            if entered.session.user_id == ann {
                let state = state(&kit, entered.session.id).await;
                assert!(matches!(state, SessionState::Ended { .. }), "after {later} turns: {state:?}");
            }
            assert_eq!(live(&kit, ann).await, 1, "only the session that unlinked goes on");
        }
    }
}

#[tokio::test]
async fn two_who_remove_the_last_two_links_leave_one() {
    for later in 0..TURNS {
        let kit = open_kit().await;
        let issued = enter(&kit, &person("1")).await.expect("an account is made");
        link(&kit, &issued, &person_at("social", "1"), "one").await.expect("they may link");
        let user = issued.session.user_id;

        let unlinking = |upstream| unlink_as_admin(&kit, user, upstream);
        let (one, other) = race(unlinking("corp"), unlinking("social"), later).await;

        let outcomes = [one, other];
        assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 1, "after {later} turns");
        let refused = outcomes.into_iter().find_map(Result::err).expect("one of them was refused");
        assert!(matches!(refused, UnlinkError::LastWayIn), "{refused:?}");
        assert_eq!(links_of(&kit, user).await.len(), 1);
    }
}

#[tokio::test]
async fn of_two_users_who_link_one_person_one_does() {
    for later in 0..TURNS {
        let kit = open_kit().await;
        let ann = enter(&kit, &person_at("social", "ann")).await.expect("an account is made");
        let bob = enter(&kit, &person_at("social", "bob")).await.expect("an account is made");
        let corp = person("1");
        let (one, other) = race(link(&kit, &ann, &corp, "a"), link(&kit, &bob, &corp, "b"), later).await;
        let outcomes = [one, other];
        assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 1, "after {later} turns");
        let refused = outcomes.into_iter().find_map(Result::err).expect("one of them was refused");
        assert!(matches!(refused, LinkError::SomebodyElse), "{refused:?}");
    }
}

#[tokio::test]
async fn nobody_is_linked_by_an_address_to_an_account_that_becomes_an_administrators() {
    for later in 0..TURNS {
        let settings = UpstreamSettings { link: LinkRule::VerifiedEmail, ..UpstreamSettings::default() };
        let kit = kit(settings).await;
        let ann = given(&kit, "ann").await;
        let promoting = users::set_roles(&kit.ctx, ann, super::roles(&["admin"]), None, kit.clock.now());
        let corp = called("1", "ann");
        let (entered, promoted) = race(enter(&kit, &corp), promoting, later).await;
        promoted.expect("the user is there");
        // Whoever came first: nobody was let in by an address as somebody with that role.
        if let Ok(issued) = &entered {
            assert!(issued.subject.user.roles.is_empty(), "after {later} turns");
        }
        assert_eq!(links_of(&kit, ann).await.len(), usize::from(entered.is_ok()), "after {later} turns");
    }
}

#[tokio::test]
async fn nobody_gets_in_to_an_account_that_is_disabled_at_the_same_time() {
    for later in 0..TURNS {
        let kit = open_kit().await;
        let first = enter(&kit, &person("1")).await.expect("an account is made");
        let id = first.session.user_id;
        let corp = person("1");
        let disabling = users::disable(&kit.ctx, id, None, kit.clock.now());
        let (_, disabled) = race(enter(&kit, &corp), disabling, later).await;
        disabled.expect("the user is there");
        assert_eq!(live(&kit, id).await, 0, "after {later} turns");
    }
}

/// A link is a way in for good: whoever locks a thief out must not find a door of theirs afterwards.
#[tokio::test]
async fn no_way_in_is_added_to_an_account_after_it_was_disabled() {
    for later in 0..TURNS {
        let kit = open_kit().await;
        let ann = enter(&kit, &person_at("social", "1")).await.expect("an account is made");
        let id = ann.session.user_id;
        let corp = person("1");
        let disabling = users::disable(&kit.ctx, id, None, kit.clock.now());
        let (_, disabled) = race(link(&kit, &ann, &corp, "one"), disabling, later).await;
        disabled.expect("the user is there");
        let told = audit(&kit, id).await;
        assert_eq!(told.last(), Some(&AuditKind::UserChanged), "after {later} turns: {told:?}");
    }
}
