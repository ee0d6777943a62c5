use std::{collections::BTreeSet, sync::Arc, time::Duration};

use handstamp_core::{
    claims::AccessClaims,
    flows::{
        Issued, IssuedKind, organizations,
        refresh::{Refresh, refresh},
        revocation_log::begin_epoch,
        sessions,
        sign_out::{SignOut, sign_out},
        status_lists, users,
    },
    model::{StatusBits, StatusPlace, TokenStatus},
    settings::{Settings, StatusListSettings},
    test_support::Kit,
};

fn on(settings: &mut Settings) {
    settings.status_lists = Some(StatusListSettings::default());
}

/// Another process on the same database. Its randomness is not that of the others.
async fn another_process(of: &Kit, number: usize, settings: impl FnOnce(&mut Settings)) -> Kit {
    let kit = Kit::over(Arc::clone(&of.ctx.store), of.clock.clone(), settings).await;
    kit.ctx.entropy.fill(&mut vec![0; 1_024 * number]);
    kit
}

fn place(issued: &Issued) -> StatusPlace {
    issued.session.status.expect("the session has a place")
}

fn named(claims: &AccessClaims) -> Option<(u32, &str)> {
    let status = claims.status.as_ref()?;
    Some((status.status_list.idx, &status.status_list.uri))
}

async fn bad(kit: &Kit, issued: &Issued) -> Vec<(u32, TokenStatus)> {
    status_lists::bad_places(&kit.ctx, place(issued).list, kit.clock.now()).await.expect("the store works")
}

#[tokio::test]
async fn without_lists_a_session_has_no_place_and_its_tokens_name_none() {
    let kit = Kit::new().await;
    kit.user("ann").await;
    let issued = kit.sign_in("ann").await.unwrap();
    assert_eq!(issued.session.status, None);
    assert_eq!(issued.access.claims.status, None);
    assert_eq!(status_lists::all(&kit.ctx).await.unwrap(), []);
}

#[tokio::test]
async fn tokens_of_a_session_name_its_place_from_sign_in_to_its_end() {
    let kit = Kit::with(on).await;
    kit.user("ann").await;
    let first = kit.sign_in("ann").await.unwrap();
    let place = place(&first);
    let uri = format!("https://auth.example/status-lists/{}", place.list);
    assert_eq!(named(&first.access.claims), Some((place.index, uri.as_str())));

    kit.wait_until_settled();
    let next = kit.refresh(&first).await.unwrap();
    assert_eq!(named(&next.access.claims), Some((place.index, uri.as_str())));
}

#[tokio::test]
async fn no_two_sessions_share_a_place() {
    let kit = Kit::with(on).await;
    kit.user("ann").await;
    let mut places = BTreeSet::new();
    for _ in 0..3 {
        let issued = kit.sign_in("ann").await.unwrap();
        places.insert((place(&issued).list, place(&issued).index));
    }
    assert_eq!(places.len(), 3);
    // One reservation was enough for all of them.
    let lists = status_lists::all(&kit.ctx).await.unwrap();
    assert_eq!(lists.iter().map(|list| list.taken).collect::<Vec<_>>(), [64]);
}

#[tokio::test]
async fn a_session_that_ends_is_over_in_its_list_until_its_tokens_are_dead() {
    let kit = Kit::with(on).await;
    let ann = kit.user("ann").await;
    let [out, stays] = [kit.sign_in("ann").await.unwrap(), kit.sign_in("ann").await.unwrap()];
    assert_eq!(bad(&kit, &out).await, []);

    sessions::end_own(&kit.ctx, ann.id, out.session.id, None, kit.clock.now()).await.unwrap();

    assert_eq!(bad(&kit, &out).await, [(place(&out).index, TokenStatus::Invalid)]);
    assert_ne!(place(&out).index, place(&stays).index);
    kit.wait(kit.ctx.settings.tokens.reach());
    assert_eq!(bad(&kit, &out).await, [(place(&out).index, TokenStatus::Invalid)]);
    kit.wait(Duration::from_mins(2));
    assert_eq!(bad(&kit, &out).await, []);
}

#[tokio::test]
async fn every_way_to_end_a_session_is_told() {
    let kit = Kit::with(on).await;
    let ann = kit.user("ann").await;
    let now = || kit.clock.now();

    let session = kit.sign_in("ann").await.unwrap();
    let out = SignOut { user: ann.id, session: session.session.id, everywhere: false, address: None };
    sign_out(&kit.ctx, out, now()).await.unwrap();
    let mut ended = vec![session];

    let session = kit.sign_in("ann").await.unwrap();
    let out = SignOut { user: ann.id, session: session.session.id, everywhere: true, address: None };
    sign_out(&kit.ctx, out, now()).await.unwrap();
    ended.push(session);

    let stolen = kit.sign_in("ann").await.unwrap();
    kit.wait_until_settled();
    let second = kit.refresh(&stolen).await.unwrap();
    kit.wait_until_settled();
    kit.refresh(&second).await.unwrap();
    kit.wait_until_settled();
    kit.refresh(&stolen).await.unwrap_err();
    ended.push(stolen);

    let session = kit.sign_in("ann").await.unwrap();
    users::disable(&kit.ctx, ann.id, None, now()).await.unwrap();
    ended.push(session);

    let mut expected: Vec<_> =
        ended.iter().map(|issued| (place(issued).index, TokenStatus::Invalid)).collect();
    expected.sort_unstable();
    let mut told = bad(&kit, &ended[0]).await;
    told.sort_unstable();
    assert_eq!(told, expected);
}

#[tokio::test]
async fn a_changed_role_is_not_told() {
    let kit = Kit::with(on).await;
    let ann = kit.user("ann").await;
    let issued = kit.sign_in("ann").await.unwrap();

    users::set_roles(&kit.ctx, ann.id, BTreeSet::new(), None, kit.clock.now()).await.unwrap();

    assert_eq!(bad(&kit, &issued).await, []);
}

#[tokio::test]
async fn members_of_a_suspended_organization_are_suspended_until_it_resumes() {
    let kit = Kit::with(on).await;
    let ann = kit.user("ann").await;
    let acme = "acme".parse().unwrap();
    organizations::add(&kit.ctx, "acme".parse().unwrap(), None, None, kit.clock.now()).await.unwrap();
    users::set_org(&kit.ctx, ann.id, Some("acme".parse().unwrap()), None, kit.clock.now()).await.unwrap();
    let issued = kit.sign_in("ann").await.unwrap();

    organizations::suspend(&kit.ctx, &acme, None, kit.clock.now()).await.unwrap();
    assert_eq!(bad(&kit, &issued).await, [(place(&issued).index, TokenStatus::Suspended)]);

    organizations::resume(&kit.ctx, &acme, None, kit.clock.now()).await.unwrap();
    assert_eq!(bad(&kit, &issued).await, []);
}

/// The service was restarted with lists: people who are signed in get a place with their next refresh.
#[tokio::test]
async fn a_session_from_before_there_were_lists_gets_a_place_when_it_refreshes() {
    let before = Kit::new().await;
    before.user("ann").await;
    let old = before.sign_in("ann").await.unwrap();
    let kit = another_process(&before, 1, on).await;

    // Within the grace time, where nothing else is written.
    let again = kit.refresh(&old).await.unwrap();

    assert_eq!(again.kind, IssuedKind::Unchanged);
    assert_eq!(named(&again.access.claims).map(|(idx, _)| idx), Some(place(&again).index));
    let stored = kit.ctx.store.session(old.session.id).await.unwrap().unwrap();
    assert_eq!(stored.status, again.session.status);
    assert_eq!(kit.refresh(&old).await.unwrap().session.status, stored.status, "and keeps it");
}

/// What became of the sessions of before is not known any more: lists of the old epoch say nothing good, so everybody moves.
#[tokio::test]
async fn in_a_new_epoch_sessions_get_places_in_new_lists() {
    let kit = Kit::with(on).await;
    kit.user("ann").await;
    let old = kit.sign_in("ann").await.unwrap();
    let epoch = place(&old).list.epoch();
    assert_eq!(epoch, old.access.claims.rev.epoch);
    let head = begin_epoch(&kit.ctx, epoch, None, None, kit.clock.now()).await.unwrap();

    let again = kit.refresh(&old).await.unwrap();
    let new = kit.sign_in("ann").await.unwrap();

    assert_eq!([place(&again).list.epoch(), place(&new).list.epoch()], [head.epoch; 2]);
    assert_ne!(place(&again), place(&new));
    let stored = kit.ctx.store.session(old.session.id).await.unwrap().unwrap();
    assert_eq!(stored.status, again.session.status);
}

#[tokio::test]
async fn of_racing_refreshes_one_gives_the_place_and_all_name_it() {
    let before = Kit::new().await;
    before.user("ann").await;
    let old = before.sign_in("ann").await.unwrap();
    let kit = another_process(&before, 1, on).await;
    kit.wait_until_settled();

    let ctx = &kit.ctx;
    let attempts = (0..8).map(|_| {
        let (ctx, old, now) = (Arc::clone(ctx), old.clone(), kit.clock.now());
        tokio::spawn(async move {
            let command = Refresh { token: old.refresh.reveal(), beside: None, address: None };
            refresh(&ctx, command, now).await.unwrap()
        })
    });
    let mut places = BTreeSet::new();
    for attempt in attempts.collect::<Vec<_>>() {
        places.insert(named(&attempt.await.unwrap().access.claims).map(|(idx, uri)| (idx, uri.to_owned())));
    }

    assert_eq!(places.len(), 1, "{places:?}");
    assert!(places.first().is_some_and(Option::is_some));
}

/// Switched off again: the place stays, so that lists that were handed out stay true; new tokens do not name it.
#[tokio::test]
async fn with_lists_switched_off_tokens_name_no_place_and_old_ones_are_still_told() {
    let before = Kit::with(on).await;
    let ann = before.user("ann").await;
    let issued = before.sign_in("ann").await.unwrap();
    let kit = another_process(&before, 1, |_| {}).await;
    kit.wait_until_settled();

    assert_eq!(kit.refresh(&issued).await.unwrap().access.claims.status, None);

    sessions::end_own(&kit.ctx, ann.id, issued.session.id, None, kit.clock.now()).await.unwrap();
    assert_eq!(bad(&kit, &issued).await, [(place(&issued).index, TokenStatus::Invalid)]);
}

#[tokio::test]
async fn another_size_or_number_of_bits_begins_another_list() {
    let before = Kit::with(on).await;
    before.user("ann").await;
    let first = before.sign_in("ann").await.unwrap();

    let smaller = another_process(&before, 1, |settings| {
        settings.status_lists = Some(StatusListSettings { size: 2_048, ..StatusListSettings::default() });
    })
    .await;
    let second = smaller.sign_in("ann").await.unwrap();
    let wider = another_process(&before, 2, |settings| {
        settings.status_lists =
            Some(StatusListSettings { bits: StatusBits::Two, ..StatusListSettings::default() });
    })
    .await;
    let third = wider.sign_in("ann").await.unwrap();

    let lists: BTreeSet<_> = [first, second, third].iter().map(|issued| place(issued).list).collect();
    assert_eq!(lists.len(), 3);
}

/// Two processes on one database.
#[tokio::test]
async fn two_processes_take_places_of_one_list_and_none_twice() {
    let one = Kit::with(on).await;
    let ann = one.user("ann").await;
    let other = another_process(&one, 1, on).await;
    let [here, there] = [one.sign_in("ann").await.unwrap(), other.sign_in("ann").await.unwrap()];

    assert_eq!(place(&here).list, place(&there).list);
    assert_ne!(place(&here).index, place(&there).index);
    assert_eq!(here.subject.user.id, ann.id);
    assert_eq!(status_lists::all(&one.ctx).await.unwrap()[0].taken, 128);
}

/// 1,024 places in reservations of 16: the 65th finds none left.
#[tokio::test]
async fn a_full_list_is_followed_by_another() {
    let small = |settings: &mut Settings| {
        settings.status_lists = Some(StatusListSettings { size: 1_024, ..StatusListSettings::default() });
    };
    let first = Kit::with(small).await;
    first.user("ann").await;
    let mut lists = BTreeSet::new();
    for number in 1..=65 {
        // A process of its own each time, so that each takes a reservation.
        let kit = another_process(&first, number, small).await;
        lists.insert(place(&kit.sign_in("ann").await.unwrap()).list);
    }

    assert_eq!(lists.len(), 2);
    let mut taken: Vec<_> =
        status_lists::all(&first.ctx).await.unwrap().iter().map(|list| list.taken).collect();
    taken.sort_unstable();
    assert_eq!(taken, [16, 1_024]);
}

#[tokio::test]
async fn a_list_is_kept_until_the_last_token_of_its_last_session_is_dead() {
    let kit = Kit::with(on).await;
    kit.user("ann").await;
    let early = kit.sign_in("ann").await.unwrap();
    kit.wait(Duration::from_hours(25));
    let late = kit.sign_in("ann").await.unwrap();
    assert_eq!(place(&early).list, place(&late).list);

    let list = status_lists::find(&kit.ctx, place(&late).list).await.unwrap().unwrap();
    let dead = late.session.absolute_expiry.checked_add(kit.ctx.settings.tokens.reach()).unwrap();
    assert!(list.keep_until >= dead, "{} is before {dead}", list.keep_until);
    assert_eq!(list.taken, 128, "places that were reserved a day ago are given to nobody");
}
