use std::{collections::BTreeSet, time::Duration};

use handstamp_core::{
    flows::{
        Issued,
        carry::{Carry, CarryError, carry},
        change_password::{ChangePassword, change_password},
        clean_up::clean_up,
        refresh::RefreshError,
        sessions,
        sign_out::{SignOut, sign_out},
        users,
    },
    model::{AuditKind, Carried, EndReason, EventKind, Selector, Session, SessionId, SessionState, User},
    password::Password,
    test_support::{Kit, PASSWORD},
};

use super::{audit, events, state};

/// More turns than any of the flows takes.
const TURNS: usize = 30;

fn to(kit: &Kit, home: SessionId, site: &str, code: &str) -> Carry {
    Carry {
        from: home,
        to: site.parse().expect("it is a name"),
        code_id: code.to_owned(),
        expires_at: kit.clock.now() + Duration::from_mins(1),
        address: None,
    }
}

async fn carried(kit: &Kit, home: &Issued, site: &str, code: &str) -> Result<Issued, CarryError> {
    carry(&kit.ctx, &to(kit, home.session.id, site, code), kit.clock.now()).await
}

async fn given_home() -> (Kit, User, Issued) {
    let kit = Kit::new().await;
    let ann = kit.user("ann").await;
    let home = kit.sign_in("ann").await.expect("ann may sign in");
    (kit, ann, home)
}

fn out(user: &User, session: SessionId) -> SignOut {
    SignOut { user: user.id, session, everywhere: false, address: None }
}

async fn live(kit: &Kit, user: &User) -> Vec<Session> {
    kit.ctx.store.live_sessions(user.id, kit.clock.now()).await.expect("the store works")
}

async fn turns(count: usize) {
    for _ in 0..count {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn what_was_proved_at_home_holds_on_the_site_for_as_long_as_at_home() {
    let (kit, ann, home) = given_home().await;
    kit.wait(Duration::from_hours(1));

    let shop = carried(&kit, &home, "shop", "one").await.expect("she is signed in at home");

    let Session { user_id, auth_time, amr, absolute_expiry, device, .. } = home.session.clone();
    assert_eq!(shop.session.carried, Some(Carried { from: home.session.id, to: "shop".parse().unwrap() }));
    assert_eq!(shop.session.user_id, user_id);
    assert_eq!((shop.session.auth_time, &shop.session.amr), (auth_time, &amr));
    assert_eq!((shop.session.absolute_expiry, &shop.session.device), (absolute_expiry, &device));
    assert_eq!(audit(&kit, ann.id).await.last(), Some(&AuditKind::SignedIn));
}

#[tokio::test]
async fn each_site_has_a_refresh_family_of_its_own() {
    let (kit, _, home) = given_home().await;
    let shop = carried(&kit, &home, "shop", "one").await.expect("she is signed in at home");
    kit.wait_until_settled();

    kit.refresh(&shop).await.expect("the site goes on");
    kit.wait_until_settled();
    kit.refresh(&home).await.expect("home does not notice");
}

#[tokio::test]
async fn a_code_is_good_for_one_time() {
    let (kit, ann, home) = given_home().await;
    carried(&kit, &home, "shop", "one").await.expect("she is signed in at home");

    let again = carried(&kit, &home, "shop", "one").await;
    assert!(matches!(again, Err(CarryError::AlreadyUsed)), "{again:?}");
    assert_eq!(live(&kit, &ann).await.len(), 2);
    assert_eq!(events(&kit).await, [], "the session of the first time goes on");
}

/// A replica that is ahead has forgotten what one that is behind, or was kept waiting by the database, still takes.
#[tokio::test]
async fn a_code_is_not_forgotten_the_moment_it_is_too_old() {
    let (kit, ann, home) = given_home().await;
    let code = to(&kit, home.session.id, "shop", "one");
    carry(&kit.ctx, &code, kit.clock.now()).await.expect("she is signed in at home");
    kit.wait(Duration::from_secs(70));
    clean_up(&kit.ctx, kit.clock.now()).await.expect("the store works");

    let again = carry(&kit.ctx, &code, code.expires_at - Duration::from_secs(1)).await;

    assert!(matches!(again, Err(CarryError::AlreadyUsed)), "{again:?}");
    assert_eq!(live(&kit, &ann).await.len(), 2);
}

#[tokio::test]
async fn nothing_is_carried_from_a_session_that_is_over() {
    let (kit, ann, home) = given_home().await;
    sign_out(&kit.ctx, out(&ann, home.session.id), kit.clock.now()).await.expect("the store works");

    let refused = carried(&kit, &home, "shop", "one").await;
    assert!(matches!(refused, Err(CarryError::SessionEnded)), "{refused:?}");
}

#[tokio::test]
async fn nothing_is_carried_from_a_session_that_has_run_out() {
    let (kit, _, home) = given_home().await;
    kit.wait(kit.ctx.settings.sessions.idle_lifetime);

    let refused = carried(&kit, &home, "shop", "one").await;
    assert!(matches!(refused, Err(CarryError::SessionEnded)), "{refused:?}");
}

#[tokio::test]
async fn nothing_is_carried_on_from_a_site() {
    let (kit, _, home) = given_home().await;
    let shop = carried(&kit, &home, "shop", "one").await.expect("she is signed in at home");

    let refused = carried(&kit, &shop, "news", "two").await;
    assert!(matches!(refused, Err(CarryError::SessionEnded)), "{refused:?}");
}

#[tokio::test]
async fn a_disabled_user_is_carried_nowhere() {
    let (kit, ann, home) = given_home().await;
    let code = to(&kit, home.session.id, "shop", "one");
    users::disable(&kit.ctx, ann.id, None, kit.clock.now()).await.expect("the store works");

    let refused = carry(&kit.ctx, &code, kit.clock.now()).await;
    assert!(matches!(refused, Err(CarryError::SessionEnded)), "{refused:?}");
}

#[tokio::test]
async fn carrying_to_a_site_again_replaces_what_was_there() {
    let (kit, ann, home) = given_home().await;
    let first = carried(&kit, &home, "shop", "one").await.expect("she is signed in at home").session.id;
    let second = carried(&kit, &home, "shop", "two").await.expect("she is signed in at home").session.id;

    assert_ne!(state(&kit, first).await, SessionState::Active);
    assert_eq!(events(&kit).await, [(Selector::Session(first), EventKind::Dead)]);
    let ids: BTreeSet<_> = live(&kit, &ann).await.iter().map(|session| session.id).collect();
    assert_eq!(ids, BTreeSet::from([home.session.id, second]));
}

#[tokio::test]
async fn one_sign_out_ends_all_whether_here_or_there() {
    for at_home in [true, false] {
        let (kit, ann, home) = given_home().await;
        let shop = carried(&kit, &home, "shop", "one").await.expect("she is signed in at home");
        let news = carried(&kit, &home, "news", "two").await.expect("she is signed in at home");
        let elsewhere = kit.sign_in("ann").await.expect("ann may sign in");
        let from = if at_home { home.session.id } else { shop.session.id };

        let ended = sign_out(&kit.ctx, out(&ann, from), kit.clock.now()).await.expect("the store works");

        assert_eq!(ended, 3);
        for issued in [&home, &shop, &news] {
            let refused = kit.refresh(issued).await;
            let reason = EndReason::SignedOut;
            assert!(
                matches!(refused, Err(RefreshError::SessionEnded { reason: r }) if r == reason),
                "{refused:?}"
            );
        }
        assert_eq!(events(&kit).await.len(), 3);
        assert_eq!(state(&kit, elsewhere.session.id).await, SessionState::Active);
    }
}

#[tokio::test]
async fn ending_a_device_from_another_one_ends_its_sites() {
    let (kit, ann, home) = given_home().await;
    let shop = carried(&kit, &home, "shop", "one").await.expect("she is signed in at home");

    let ended = sessions::end_own(&kit.ctx, ann.id, shop.session.id, None, kit.clock.now()).await;

    ended.expect("it is hers");
    assert_eq!(live(&kit, &ann).await, []);
}

#[tokio::test]
async fn ending_the_others_leaves_this_device_whole() {
    let (kit, ann, home) = given_home().await;
    let shop = carried(&kit, &home, "shop", "one").await.expect("she is signed in at home");
    let other = kit.sign_in("ann").await.expect("ann may sign in");
    carried(&kit, &other, "shop", "two").await.expect("she is signed in there");

    let (here, now) = (shop.session.id, kit.clock.now());
    let ended = sessions::end_others(&kit.ctx, ann.id, here, None, now).await.expect("the store works");

    assert_eq!(ended, 2);
    let ids: BTreeSet<_> = live(&kit, &ann).await.iter().map(|session| session.id).collect();
    assert_eq!(ids, BTreeSet::from([home.session.id, here]));
}

/// Else the site would go on in a session that no sign-out at home reaches, and that no page shows.
#[tokio::test]
async fn a_password_that_is_changed_on_a_site_leaves_that_site_and_home() {
    let (kit, ann, home) = given_home().await;
    let shop = carried(&kit, &home, "shop", "one").await.expect("she is signed in at home");
    carried(&kit, &home, "news", "two").await.expect("she is signed in at home");
    kit.sign_in("ann").await.expect("ann may sign in");
    let command = ChangePassword {
        user: ann.id,
        session: shop.session.id,
        current: Password::new(PASSWORD),
        new: Password::new("nine purple teapots sing"),
        address: None,
    };

    let changed = change_password(&kit.ctx, command, kit.clock.now()).await.expect("it is a good one");

    assert_eq!(changed.sessions_ended, 2);
    let ids: BTreeSet<_> = live(&kit, &ann).await.iter().map(|session| session.id).collect();
    assert_eq!(ids, BTreeSet::from([home.session.id, shop.session.id]));
    let ended = sign_out(&kit.ctx, out(&ann, home.session.id), kit.clock.now()).await;
    assert_eq!(ended.expect("the store works"), 2);
}

#[tokio::test]
async fn a_stolen_token_ends_the_whole_group() {
    let (kit, ann, home) = given_home().await;
    let shop = carried(&kit, &home, "shop", "one").await.expect("she is signed in at home");
    let mut newest = shop.clone();
    for _ in 0..3 {
        kit.wait_until_settled();
        newest = kit.refresh(&newest).await.expect("it is the newest");
    }

    let theft = kit.refresh(&shop).await;

    assert!(matches!(theft, Err(RefreshError::Theft(_))), "{theft:?}");
    assert_eq!(live(&kit, &ann).await, []);
}

/// Else a sign-out at home, in a session that began after this one ran out, would not reach the site.
#[tokio::test]
async fn who_works_on_a_site_is_not_idle_at_home() {
    let (kit, _, home) = given_home().await;
    let mut shop = carried(&kit, &home, "shop", "one").await.expect("she is signed in at home");
    let idle = kit.ctx.settings.sessions.idle_lifetime;
    for _ in 0..3 {
        kit.wait(idle / 2 + Duration::from_secs(1));
        shop = kit.refresh(&shop).await.expect("the site goes on");
    }

    let there = kit.ctx.store.session(home.session.id).await.expect("the store works").expect("it is there");
    assert!(there.is_live(kit.clock.now()));
    assert_eq!(there.idle_expiry, shop.session.idle_expiry);
    kit.refresh(&home).await.expect("home goes on as well");
}

#[tokio::test]
async fn the_last_day_at_home_is_the_last_day_on_the_site() {
    let (kit, _, home) = given_home().await;
    let shop = carried(&kit, &home, "shop", "one").await.expect("she is signed in at home");
    assert!(shop.session.absolute_expiry <= home.session.absolute_expiry);
    assert!(shop.session.idle_expiry <= shop.session.absolute_expiry);
}

#[tokio::test]
async fn carried_sessions_take_no_place_of_the_limit() {
    let kit = Kit::with(|settings| settings.sessions.max_per_user = Some(2)).await;
    let ann = kit.user("ann").await;
    let oldest = kit.sign_in("ann").await.expect("ann may sign in");
    carried(&kit, &oldest, "shop", "one").await.expect("she is signed in at home");
    kit.wait(Duration::from_secs(1));
    kit.sign_in("ann").await.expect("there is room");
    assert_eq!(live(&kit, &ann).await.len(), 3);

    kit.wait(Duration::from_secs(1));
    kit.sign_in("ann").await.expect("the oldest makes room");

    assert_eq!(live(&kit, &ann).await.len(), 2, "and with it what was carried from it");
}

#[tokio::test]
async fn a_session_that_begins_while_home_is_signed_out_is_over_or_never_was() {
    for later in 0..TURNS {
        for out_first in [true, false] {
            let (kit, ann, home) = given_home().await;
            let carrying = carried(&kit, &home, "shop", "one");
            let leaving = sign_out(&kit.ctx, out(&ann, home.session.id), kit.clock.now());
            let (wait_carry, wait_out) = if out_first { (later, 0) } else { (0, later) };
            let (carried, left) = tokio::join!(
                async {
                    turns(wait_carry).await;
                    carrying.await
                },
                async {
                    turns(wait_out).await;
                    leaving.await
                }
            );
            left.expect("the store works");
            assert_eq!(live(&kit, &ann).await, [], "after {later} turns");
            match carried {
                Ok(shop) => {
                    let told = (Selector::Session(shop.session.id), EventKind::Dead);
                    assert!(events(&kit).await.contains(&told), "after {later} turns");
                }
                Err(error) => assert!(matches!(error, CarryError::SessionEnded), "{error:?}"),
            }
        }
    }
}

#[tokio::test]
async fn of_two_replicas_that_take_one_code_one_does() {
    for later in 0..TURNS {
        let (kit, ann, home) = given_home().await;
        let (one, other) = tokio::join!(carried(&kit, &home, "shop", "one"), async {
            turns(later).await;
            carried(&kit, &home, "shop", "one").await
        });
        let outcomes = [one, other];
        assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 1, "after {later} turns");
        let refused = outcomes.into_iter().find_map(Result::err).expect("one of them was refused");
        assert!(matches!(refused, CarryError::AlreadyUsed), "{refused:?}");
        assert_eq!(live(&kit, &ann).await.len(), 2);
    }
}

#[tokio::test]
async fn of_two_tabs_that_are_carried_to_one_site_one_session_stays() {
    for later in 0..TURNS {
        let (kit, ann, home) = given_home().await;
        let (one, other) = tokio::join!(carried(&kit, &home, "shop", "one"), async {
            turns(later).await;
            carried(&kit, &home, "shop", "two").await
        });
        one.expect("both are let in");
        other.expect("both are let in");
        assert_eq!(live(&kit, &ann).await.len(), 2, "after {later} turns");
    }
}
