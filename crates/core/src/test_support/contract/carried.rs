//! Sessions that were carried to other sites, and the groups they make.

use std::sync::Arc;

use super::{
    commit, race, refused,
    samples::{HOUR, after, given_session, given_user, noon, read, session, start},
};
use crate::{
    model::{
        Carried, EndReason, EventKind, NewEvent, Reason, Selector, Session, SessionId, SessionState, User,
    },
    store::{Change, Changes, Conflict, Store},
};

/// A session that was carried from another one of the same user.
fn carried(number: u8, user: &User, from: SessionId, to: &str) -> Session {
    let carried = Some(Carried { from, to: to.parse().expect("it is a name") });
    Session { carried, ..session(number, user) }
}

/// A user `ann` with session 1 at home, and sessions 2 and 3 on two sites.
async fn given_group(store: &Arc<dyn Store>) -> (User, Session) {
    let home = given_session(store).await;
    let ann = store.user(home.user_id).await.expect("the store works").expect("she is there");
    commit(store, start(&carried(2, &ann, home.id, "shop"))).await;
    commit(store, start(&carried(3, &ann, home.id, "news"))).await;
    (ann, home)
}

fn end(id: SessionId) -> Changes {
    let event = NewEvent {
        selector: Selector::Session(id),
        kind: EventKind::Dead,
        reason: Reason::SessionEnded,
        at: after(HOUR),
        forget_at: after(HOUR * 2),
        user: None,
        org_id: None,
    };
    Changes::one(Change::EndGroup { id, at: after(HOUR), reason: EndReason::SignedOut, event })
}

fn id(number: u8) -> SessionId {
    SessionId::from_bytes([number; 16])
}

async fn dead(store: &Arc<dyn Store>) -> Vec<(u64, Selector)> {
    let events = store.events_after(0, 100).await.expect("the store works");
    events.into_iter().map(|event| (event.seq, event.event.selector)).collect()
}

/// By id, in the list and with its subject.
pub async fn a_carried_session_reads_back_as_written(store: Arc<dyn Store>) {
    let home = given_session(&store).await;
    let ann = store.user(home.user_id).await.expect("the store works").expect("she is there");
    let shop = carried(2, &ann, home.id, "shop");
    commit(&store, start(&shop)).await;
    assert_eq!(read(&store, shop.id).await, shop);
    let (with_subject, _) =
        store.session_subject(shop.id).await.expect("the store works").expect("it is there");
    assert_eq!(with_subject, shop);
    let live = store.live_sessions(ann.id, noon()).await.expect("the store works");
    assert_eq!(live, [shop, home]);
}

/// A sign-out that was a moment faster holds.
pub async fn nothing_is_carried_from_a_session_that_is_over(store: Arc<dyn Store>) {
    let home = given_session(&store).await;
    let ann = store.user(home.user_id).await.expect("the store works").expect("she is there");
    commit(&store, end(home.id)).await;
    for from in [home.id, id(9)] {
        assert_eq!(refused(&store, start(&carried(2, &ann, from, "shop"))).await, Conflict::SessionChanged);
    }
    assert_eq!(store.session(id(2)).await.expect("the store works"), None);
}

/// A group has one root, so that it can be ended whole.
pub async fn nothing_is_carried_from_what_was_carried_itself(store: Arc<dyn Store>) {
    let (ann, _) = given_group(&store).await;
    assert_eq!(refused(&store, start(&carried(4, &ann, id(2), "blog"))).await, Conflict::SessionChanged);
}

/// Nobody becomes somebody else on the way.
pub async fn nothing_is_carried_from_somebody_elses_session(store: Arc<dyn Store>) {
    let home = given_session(&store).await;
    let bob = given_user(&store, "bob").await;
    assert_eq!(refused(&store, start(&carried(2, &bob, home.id, "shop"))).await, Conflict::SessionChanged);
}

/// What is over, or has run out, makes room.
pub async fn to_one_site_one_session_is_carried(store: Arc<dyn Store>) {
    let home = given_session(&store).await;
    let ann = store.user(home.user_id).await.expect("the store works").expect("she is there");
    let run_out = Session { idle_expiry: noon(), ..carried(2, &ann, home.id, "shop") };
    commit(&store, start(&run_out)).await;
    commit(&store, start(&carried(3, &ann, home.id, "shop"))).await;
    assert_eq!(refused(&store, start(&carried(4, &ann, home.id, "shop"))).await, Conflict::SessionChanged);
    let replace = Changes::one(Change::EndSession { id: id(3), at: noon(), reason: EndReason::SignedOut });
    let replace = replace.and(start(&carried(4, &ann, home.id, "shop")).changes.remove(0));
    commit(&store, replace).await;
}

/// On whichever replicas.
pub async fn of_many_carried_to_one_site_at_the_same_time_one_begins(store: Arc<dyn Store>) {
    let home = given_session(&store).await;
    let ann = store.user(home.user_id).await.expect("the store works").expect("she is there");
    let units = (2..22).map(|number| start(&carried(number, &ann, home.id, "shop"))).collect();
    assert_eq!(race(&store, units).await, 1);
}

/// It is on a device that counts already.
pub async fn a_carried_session_does_not_count_for_the_limit(store: Arc<dyn Store>) {
    let (ann, _) = given_group(&store).await;
    let at_most = Some(2);
    let another = Change::StartSession { session: session(4, &ann), user_version: 0, at_most };
    commit(&store, Changes::one(another)).await;
    let one_more = Change::StartSession { session: session(5, &ann), user_version: 0, at_most };
    assert_eq!(refused(&store, Changes::one(one_more)).await, Conflict::TooManySessions);
}

/// One sign-out ends all, each with an event that others hear; other devices go on.
pub async fn a_group_ends_whole_whichever_of_it_is_named(store: Arc<dyn Store>) {
    let (ann, home) = given_group(&store).await;
    commit(&store, start(&session(4, &ann))).await;
    commit(&store, start(&carried(5, &ann, id(4), "shop"))).await;

    assert_eq!(commit(&store, end(id(2))).await, 3);

    for ended in [home.id, id(2), id(3)] {
        let state = SessionState::Ended { at: after(HOUR), reason: EndReason::SignedOut };
        assert_eq!(read(&store, ended).await.state, state);
    }
    for other in [id(4), id(5)] {
        assert_eq!(read(&store, other).await.state, SessionState::Active);
    }
    let expected =
        [(1, Selector::Session(id(1))), (2, Selector::Session(id(2))), (3, Selector::Session(id(3)))];
    assert_eq!(dead(&store).await, expected);
    assert_eq!(commit(&store, end(id(4))).await, 2);
}

/// Else nothing that is done at home would reach it any more.
pub async fn whoever_ends_all_but_a_carried_session_stays_at_home_as_well(store: Arc<dyn Store>) {
    let (ann, home) = given_group(&store).await;
    commit(&store, start(&session(4, &ann))).await;

    let (user_id, at, reason) = (ann.id, after(HOUR), EndReason::PasswordChanged);
    let but_shop = Change::EndSessionsOf { user_id, except: Some(id(2)), at, reason };
    assert_eq!(commit(&store, Changes::one(but_shop)).await, 2);

    for (number, stays) in [(1, true), (2, true), (3, false), (4, false)] {
        assert_eq!(read(&store, id(number)).await.state == SessionState::Active, stays, "{number}");
    }
    assert_eq!(commit(&store, end(home.id)).await, 2);
}

/// A second time nothing happens, and nobody hears of it.
pub async fn a_group_that_is_over_ends_once(store: Arc<dyn Store>) {
    let (_, home) = given_group(&store).await;
    commit(&store, end(home.id)).await;
    for again in [home.id, id(2), id(9)] {
        assert_eq!(commit(&store, end(again)).await, 0);
    }
    assert_eq!(dead(&store).await.len(), 3);
}

/// Of a sign-out and sessions that begin at the same time, whatever the order, nothing is left.
pub async fn what_began_a_moment_before_ends_with_its_group(store: Arc<dyn Store>) {
    let home = given_session(&store).await;
    let ann = store.user(home.user_id).await.expect("the store works").expect("she is there");
    let mut units: Vec<_> =
        (2..12).map(|number| start(&carried(number, &ann, home.id, &format!("site-{number}")))).collect();
    units.insert(5, end(home.id));
    race(&store, units).await;

    let live = store.live_sessions(ann.id, noon()).await.expect("the store works");
    assert_eq!(live, []);
    let events = dead(&store).await;
    for number in 1..12 {
        let began = store.session(id(number)).await.expect("the store works").is_some();
        let heard = events.iter().any(|(_, selector)| *selector == Selector::Session(id(number)));
        assert_eq!(began, heard, "{number}");
    }
}

/// Nobody is idle at home who works on another site.
pub async fn a_session_is_kept_from_running_out_and_never_shortened(store: Arc<dyn Store>) {
    let home = given_session(&store).await;
    for (to, then) in [(after(HOUR * 2), after(HOUR * 2)), (noon(), after(HOUR * 2))] {
        commit(&store, Changes::one(Change::KeepSession { id: home.id, idle_expiry: to })).await;
        assert_eq!(read(&store, home.id).await, Session { idle_expiry: then, ..home.clone() });
    }
}

/// What is over stays so.
pub async fn a_session_that_is_over_is_not_kept(store: Arc<dyn Store>) {
    let home = given_session(&store).await;
    commit(&store, end(home.id)).await;
    for id in [home.id, id(9)] {
        commit(&store, Changes::one(Change::KeepSession { id, idle_expiry: after(HOUR * 2) })).await;
    }
    assert_eq!(read(&store, home.id).await.idle_expiry, home.idle_expiry);
}
