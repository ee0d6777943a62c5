use super::super::link::Link;
use super::*;
use handstamp_api_types::revocation::RevocationKind::Dead;

fn at(world: &mut World, secs: u64) {
    world.elapsed = Duration::from_secs(secs);
    world.follower.tick(world.now());
}

#[test]
fn heartbeats_keep_the_list_fresh() {
    let mut world = World::started();
    for secs in (2..120).step_by(2) {
        at(&mut world, secs);
        world.deliver(0);
        assert_eq!(world.check(&ada(0)), Verdict::Pass, "after {secs} s");
    }
}

#[test]
fn past_its_bound_each_policy_does_what_it_says() {
    let mut world = World::started();
    at(&mut world, 29);
    for policy in [SilencePolicy::young_only(), SilencePolicy::refuse(), SilencePolicy::serve_stale()] {
        assert_eq!(world.check_under(policy, &ada(0)), Verdict::Pass, "{policy:?}");
    }

    at(&mut world, 31);
    let young = TokenIdentity { iat: UnixTime::from_secs(START + 20), ..ada(0) };
    assert_eq!(world.check_under(SilencePolicy::young_only(), &young), Verdict::Pass);
    assert!(matches!(world.check_under(SilencePolicy::young_only(), &ada(0)), Verdict::Stale { .. }));
    assert!(matches!(world.check_under(SilencePolicy::refuse(), &young), Verdict::Unavailable { .. }));
    assert_eq!(world.check_under(SilencePolicy::serve_stale(), &ada(0)), Verdict::Pass);
    assert_eq!(world.revocations.status(world.now().wall).served_silent, 1);
}

#[test]
fn what_is_known_to_be_revoked_stays_refused_in_silence() {
    let mut world = World::started();
    world.revoke(RevocationLevel::Session, "session-1", Dead);
    at(&mut world, 1_000);

    for policy in [SilencePolicy::young_only(), SilencePolicy::refuse(), SilencePolicy::serve_stale()] {
        assert_eq!(world.check_under(policy, &ada(0)), Verdict::Dead, "{policy:?}");
    }
}

#[test]
fn each_route_has_its_own_bound() {
    let mut world = World::started();
    at(&mut world, 12);

    assert_eq!(
        world.check_under(SilencePolicy::Refuse { max_stale: Duration::from_secs(20) }, &ada(0)),
        Verdict::Pass
    );
    let strict = SilencePolicy::Refuse { max_stale: Duration::from_secs(10) };
    assert!(matches!(world.check_under(strict, &ada(0)), Verdict::Unavailable { .. }));
}

#[test]
fn a_recording_of_heartbeats_does_not_make_old_news_fresh() {
    let mut world = World::started();
    let mut link = Link::new("n".to_owned(), world.now());
    let hello = RevocationBatch { nonce: Some("n".to_owned()), ..world.batch(0, 0) };
    world.follower.apply(&mut link, &hello, world.now()).unwrap();

    at(&mut world, 40);
    world.follower.apply(&mut link, &hello, world.now()).unwrap();

    assert!(matches!(world.check(&ada(0)), Verdict::Unavailable { .. }));
}

#[test]
fn a_stream_that_is_held_back_shows_its_age_whatever_the_clocks_say() {
    for skew in [-30_i64, 0, 30] {
        let mut world = World::started();
        let mut link = Link::new("n".to_owned(), world.now());
        let hello = RevocationBatch { nonce: Some("n".to_owned()), ..world.batch(0, 0) };
        let skewed =
            |moment: Moment| Moment { wall: UnixTime::from_secs(moment.wall.as_secs() + skew), ..moment };
        world.follower.apply(&mut link, &hello, skewed(world.now())).unwrap();
        let status = |world: &World| world.revocations.status(skewed(world.now()).wall);

        // In time: signed at 10 s, here at 10 s.
        world.elapsed = Duration::from_secs(10);
        let in_time = world.batch(0, 0);
        world.follower.apply(&mut link, &in_time, skewed(world.now())).unwrap();
        assert_eq!(status(&world).age, Some(Duration::ZERO), "skew {skew}");

        // Held back: signed at 20 s, here at 60 s.
        world.elapsed = Duration::from_secs(20);
        let held_back = world.batch(0, 0);
        world.elapsed = Duration::from_mins(1);
        world.follower.apply(&mut link, &held_back, skewed(world.now())).unwrap();
        assert_eq!(status(&world).age, Some(Duration::from_secs(40)), "skew {skew}");
    }
}

#[test]
fn a_wall_clock_that_is_set_is_followed_at_the_next_tick() {
    let mut world = World::started();
    world.elapsed = Duration::from_secs(5);
    let an_hour_back = Moment { wall: UnixTime::from_secs(START - 3_600), ..world.now() };

    world.follower.tick(an_hour_back);

    assert_eq!(world.revocations.status(an_hour_back.wall).age, Some(Duration::from_secs(5)));
}

#[test]
fn a_head_that_was_announced_and_not_reached_is_not_fresh() {
    let mut world = World::started();
    let mut link = Link::new("n".to_owned(), world.now());
    let hello = RevocationBatch { nonce: Some("n".to_owned()), ..world.batch(0, 0) };
    world.follower.apply(&mut link, &hello, world.now()).unwrap();
    world.write(RevocationLevel::Session, "session-1", Dead);

    // Heartbeats arrive, the event does not.
    for secs in (2..40).step_by(2) {
        at(&mut world, secs);
        let heartbeat = world.batch(1, 1);
        world.follower.apply(&mut link, &heartbeat, world.now()).unwrap();
    }

    assert!(matches!(world.check(&ada(0)), Verdict::Unavailable { .. }));
}
