use super::*;
use handstamp_api_types::revocation::RevocationKind::{Dead, Stale};

fn pass_time(world: &mut World, until: u64) {
    while world.elapsed < Duration::from_secs(until) {
        world.elapsed += Duration::from_secs(1);
        world.deliver(world.head());
        world.follower.tick(world.now());
    }
}

fn held(world: &World) -> usize {
    world.revocations.status(world.now().wall).events
}

#[test]
fn an_event_is_forgotten_a_leeway_after_the_last_token_it_can_hit() {
    let mut world = World::started();
    for number in 0..200 {
        world.write(RevocationLevel::Session, &format!("session-{number}"), Dead);
    }
    world.deliver(0);

    // `forget_at` is 660 s from the start; our clock may be a minute ahead.
    pass_time(&mut world, 719);
    assert_eq!(held(&world), 200);
    assert_eq!(world.check(&ada(0)), Verdict::Dead);

    pass_time(&mut world, 720 + 61);
    assert_eq!(held(&world), 0);
}

#[test]
fn a_clock_that_is_set_ahead_for_a_while_makes_nobody_forget() {
    let mut world = World::started();
    world.revoke(RevocationLevel::Session, "session-1", Dead);
    world.revoke(RevocationLevel::All, "", Stale);

    for _ in 0..120 {
        world.elapsed += Duration::from_secs(1);
        world.deliver(world.head());
        let ahead = world.now().wall.saturating_add(Duration::from_hours(1));
        world.follower.tick(Moment { wall: ahead, ..world.now() });
    }

    assert_eq!(world.check(&ada(0)), Verdict::Dead);
    assert!(matches!(world.check(&ada(1)), Verdict::Stale { .. }));
}

#[test]
fn everything_is_forgotten_too() {
    let mut world = World::started();
    world.revoke(RevocationLevel::All, "", Dead);
    assert_eq!(world.check(&ada(0)), Verdict::Dead);

    pass_time(&mut world, 800);

    assert_eq!(world.check(&ada(0)), Verdict::Pass);
}

/// Its thief signs new tokens for as long as somebody takes them: a service whose fetches of the key set fail still has the key.
#[test]
fn a_leaked_key_is_never_forgotten() {
    let mut world = World::started();
    world.revoke(RevocationLevel::Key, "key-1", Dead);
    world.revoke(RevocationLevel::Session, "session-1", Dead);

    pass_time(&mut world, 2_000);

    assert_eq!(held(&world), 1);
    assert_eq!(world.check(&ada(u64::MAX)), Verdict::Dead);
    assert_eq!(world.check(&TokenIdentity { kid: "key-2", ..ada(0) }), Verdict::Pass);
}

#[test]
fn forgetting_moves_no_snapshot() {
    let mut world = World::started();
    world.revoke(RevocationLevel::Session, "session-1", Dead);
    let before = world.revocations.snapshot_id();

    pass_time(&mut world, 800);

    assert_eq!((held(&world), world.revocations.snapshot_id()), (0, before));
}

#[test]
fn a_wide_event_lets_go_of_the_narrow_ones_it_covers() {
    let mut world = World::started();
    for number in 0..100 {
        world.write(RevocationLevel::Session, &format!("session-{number}"), Dead);
    }
    world.write(RevocationLevel::All, "", Dead);
    world.write(RevocationLevel::Session, "later", Dead);
    world.deliver(0);

    pass_time(&mut world, 61);

    assert_eq!(held(&world), 1);
    assert_eq!(world.check(&ada(0)), Verdict::Dead);
    assert_eq!(world.check(&TokenIdentity { sid: Some("later"), ..ada(101) }), Verdict::Dead);
}
