use super::super::FollowError;
use super::super::link::Link;
use super::*;
use handstamp_api_types::revocation::RevocationKind::{Dead, Stale};

/// A failover that lost the last commits: the log goes on far ahead in a new epoch, and tells everybody to refresh.
fn fail_over(world: &mut World, lost: usize) {
    world.log.truncate(world.log.len() - lost);
    fail_over_at(world, world.head() + 1_000_000);
}

fn fail_over_at(world: &mut World, seq: u64) {
    world.epoch += 1;
    world.log.push(event(seq, RevocationLevel::All, "", Stale));
}

/// The same, told as an issuer tells it that knows where the new epoch began.
fn go_on_in_a_new_epoch(world: &mut World, lost: usize) {
    world.log.truncate(world.log.len() - lost);
    world.earlier.push(Rev { epoch: world.epoch, seq: world.head() });
    fail_over_at(world, world.head() + 1_000_000);
}

/// A process that was started after all of it.
fn another(world: &World) -> World {
    let mut another = World::new();
    another.epoch = world.epoch;
    another.earlier.clone_from(&world.earlier);
    another.log.clone_from(&world.log);
    another.deliver(0);
    another
}

fn in_epoch(epoch: u32, seq: u64) -> TokenIdentity<'static> {
    TokenIdentity { rev: Some(Rev { epoch, seq }), ..ada(0) }
}

#[test]
fn after_a_failover_that_lost_commits_what_was_held_stays_held() {
    let mut world = World::started();
    world.revoke(RevocationLevel::Session, "another", Dead);
    world.revoke(RevocationLevel::Session, "session-1", Dead);

    fail_over(&mut world, 1);
    world.deliver(0);

    // The new log knows nothing of it, this process does.
    assert_eq!(world.check(&in_epoch(1, 1)), Verdict::Dead);
    // A token of the old epoch that was good is refreshed once, and its successor is good.
    assert!(matches!(world.check(&in_epoch(1, 2)), Verdict::Stale { .. }));
    assert_eq!(world.check(&in_epoch(2, world.head())), Verdict::Pass);
}

#[test]
fn tokens_of_the_old_log_count_as_oldest_in_the_new_one() {
    let mut world = World::started();
    fail_over_at(&mut world, 1_000);
    world.write(RevocationLevel::Subject, "ada", Dead);
    world.deliver(0);

    assert_eq!(world.check(&in_epoch(1, u64::MAX)), Verdict::Dead);
    assert_eq!(world.check(&in_epoch(2, world.head())), Verdict::Pass);
}

#[test]
fn a_token_of_an_unknown_epoch_counts_as_oldest_and_makes_us_ask() {
    let mut world = World::started();
    world.revoke(RevocationLevel::Subject, "ada", Stale);

    assert!(matches!(world.check(&in_epoch(7, u64::MAX)), Verdict::Stale { .. }));
    assert!(world.follower.wants_more());
}

#[test]
fn the_new_log_is_shown_when_it_was_read_to_its_end() {
    let mut world = World::started();
    world.revoke(RevocationLevel::Session, "session-1", Dead);
    fail_over(&mut world, 0);
    world.write(RevocationLevel::Subject, "bob", Dead);

    let part = world.batch(0, 1);
    world.follower.apply_local(&part, world.now()).unwrap();
    let bob = TokenIdentity { sub: "bob", sid: Some("s"), ..in_epoch(2, world.head() - 1) };
    assert_eq!(world.check(&in_epoch(1, 0)), Verdict::Dead);

    let rest = world.batch(1, world.head());
    world.follower.apply_local(&rest, world.now()).unwrap();
    assert_eq!(world.check(&bob), Verdict::Dead);
}

#[test]
fn an_issuer_never_returns_to_an_epoch() {
    let mut world = World::started();
    let left_behind = world.batch(0, 0);
    fail_over(&mut world, 0);
    world.deliver(0);

    let refused = world.follower.apply_local(&left_behind, world.now());

    assert_eq!(refused, Err(FollowError::LeftBehind { epoch: 1 }));
    assert_eq!(world.check(&in_epoch(2, world.head())), Verdict::Pass);
}

#[test]
fn a_recorded_batch_of_an_epoch_before_our_time_is_refused() {
    let mut world = World::new();
    let recorded = world.batch(0, 0);
    world.epoch = 2;
    world.elapsed = Duration::from_mins(1);
    let mut link = Link::new("n".to_owned(), world.now());
    let hello = RevocationBatch { nonce: Some("n".to_owned()), ..world.batch(0, 0) };
    world.follower.apply(&mut link, &hello, world.now()).unwrap();

    let refused = world.follower.apply(&mut link, &recorded, world.now());

    assert_eq!(refused, Err(FollowError::LeftBehind { epoch: 1 }));
}

#[test]
fn who_signed_in_again_before_the_failover_is_stale_and_not_dead() {
    let mut world = World::started();
    let signed_out = world.revoke(RevocationLevel::Subject, "ada", Dead);
    world.revoke(RevocationLevel::Session, "another", Dead);
    go_on_in_a_new_epoch(&mut world, 1);
    world.deliver(0);

    for world in [&another(&world), &world] {
        assert_eq!(world.check(&in_epoch(1, signed_out - 1)), Verdict::Dead);
        // Minted after the sign-out, and one more in the time that was lost.
        for seq in [signed_out, signed_out + 1, signed_out + 99] {
            assert!(matches!(world.check(&in_epoch(1, seq)), Verdict::Stale { .. }), "at {seq}");
        }
        assert_eq!(world.check(&in_epoch(2, world.head())), Verdict::Pass);
    }
}

#[test]
fn what_comes_after_the_failover_hits_every_token_of_before() {
    let mut world = World::started();
    world.revoke(RevocationLevel::Session, "another", Dead);
    go_on_in_a_new_epoch(&mut world, 0);
    world.write(RevocationLevel::Subject, "ada", Dead);
    world.deliver(0);

    for world in [&another(&world), &world] {
        for seq in [0, 1, 2, 1_000_000, u64::MAX] {
            assert_eq!(world.check(&in_epoch(1, seq)), Verdict::Dead, "at {seq}");
        }
    }
}

#[test]
fn two_failovers_within_the_life_of_a_token_are_told_apart() {
    let mut world = World::started();
    let first = world.revoke(RevocationLevel::Subject, "ada", Dead);
    go_on_in_a_new_epoch(&mut world, 0);
    let second = world.write(RevocationLevel::Session, "session-1", Dead);
    // The second failover is to a backup from before `second`, and the process missed the epoch between.
    go_on_in_a_new_epoch(&mut world, 1);
    world.deliver(0);

    for world in [&another(&world), &world] {
        assert_eq!(world.check(&in_epoch(1, first - 1)), Verdict::Dead);
        for token in [in_epoch(1, first), in_epoch(2, second - 1), in_epoch(2, second)] {
            assert!(matches!(world.check(&token), Verdict::Stale { .. }), "{token:?}");
        }
        assert_eq!(world.check(&in_epoch(3, world.head())), Verdict::Pass);
    }
}

#[test]
fn a_process_that_lived_through_it_still_refuses_what_the_database_has_forgotten() {
    let mut world = World::started();
    world.revoke(RevocationLevel::Session, "another", Dead);
    let lost = world.revoke(RevocationLevel::Session, "session-1", Dead);
    go_on_in_a_new_epoch(&mut world, 1);
    world.deliver(0);

    assert_eq!(world.check(&in_epoch(1, lost - 1)), Verdict::Dead);
    // A process that never heard of it has the token refreshed all the same.
    assert!(matches!(another(&world).check(&in_epoch(1, lost - 1)), Verdict::Stale { .. }));
}

#[test]
fn a_replica_left_behind_in_an_earlier_epoch_is_not_believed_even_by_a_new_process() {
    let mut world = World::started();
    let left_behind = world.batch(0, 0);
    go_on_in_a_new_epoch(&mut world, 0);
    let mut another = another(&world);

    let refused = another.follower.apply_local(&left_behind, another.now());

    assert_eq!(refused, Err(FollowError::LeftBehind { epoch: 1 }));
}
