use super::super::link::Link;
use super::super::{FollowError, MalformedBatch, Progress};
use super::*;
use handstamp_api_types::revocation::MAX_SEQ;
use handstamp_api_types::revocation::RevocationKind::Dead;

fn session(world: &mut World, name: &str) -> u64 {
    world.write(RevocationLevel::Session, name, Dead)
}

/// A connection that has been greeted.
fn greeted(world: &mut World) -> Link {
    let mut link = Link::new("n".to_owned(), world.now());
    let hello = hello(world, "n");
    world.follower.apply(&mut link, &hello, world.now()).unwrap();
    link
}

fn hello(world: &World, nonce: &str) -> RevocationBatch {
    RevocationBatch { nonce: Some(nonce.to_owned()), ..world.batch(world.head(), world.head()) }
}

#[test]
fn before_the_log_was_read_to_its_end_no_token_passes() {
    let mut world = World::new();
    session(&mut world, "session-1");
    session(&mut world, "session-2");
    assert!(matches!(world.check(&ada(9)), Verdict::Unavailable { .. }));

    let mut link = greeted(&mut world);
    let first = world.batch(0, 1);
    assert_eq!(world.follower.apply(&mut link, &first, world.now()), Ok(Progress::Behind));
    assert!(matches!(world.check(&ada(9)), Verdict::Unavailable { .. }));

    let second = world.batch(1, 2);
    assert_eq!(world.follower.apply(&mut link, &second, world.now()), Ok(Progress::Current));
    assert_eq!((world.check(&ada(0)), world.check(&ada(9))), (Verdict::Dead, Verdict::Pass));
}

#[test]
fn before_the_first_snapshot_serve_stale_alone_lets_tokens_through() {
    let world = World::new();

    assert_eq!(world.check_under(SilencePolicy::serve_stale(), &ada(0)), Verdict::Pass);
    assert!(matches!(world.check_under(SilencePolicy::young_only(), &ada(0)), Verdict::Unavailable { .. }));
    assert_eq!(world.revocations.status(world.now().wall).served_silent, 1);
}

#[test]
fn a_missed_batch_is_noticed_and_nothing_is_skipped() {
    let mut world = World::started();
    let mut link = greeted(&mut world);
    session(&mut world, "session-1");
    session(&mut world, "session-2");

    // The second one begun was committed, and arrives, first.
    let later = world.batch(1, 2);
    let gap = world.follower.apply(&mut link, &later, world.now());
    assert_eq!(gap, Err(FollowError::Gap { position: Some(Rev { epoch: 1, seq: 0 }), after: 1 }));
    assert_eq!(world.check(&ada(0)), Verdict::Pass);

    for batch in [world.batch(0, 1), later] {
        world.follower.apply(&mut link, &batch, world.now()).unwrap();
    }
    assert_eq!(world.check(&ada(0)), Verdict::Dead);
    assert_eq!(world.revocations.status(world.now().wall).gaps, 1);
}

#[test]
fn doubled_and_overlapping_batches_change_nothing() {
    let mut world = World::started();
    let mut link = greeted(&mut world);
    session(&mut world, "session-1");
    session(&mut world, "session-2");
    let all = world.batch(0, 2);
    world.follower.apply(&mut link, &all, world.now()).unwrap();
    let snapshot = world.revocations.snapshot_id();

    for batch in [world.batch(0, 1), world.batch(0, 2), world.batch(1, 2)] {
        assert_eq!(world.follower.apply(&mut link, &batch, world.now()), Ok(Progress::Current));
    }

    assert_eq!(world.revocations.snapshot_id(), snapshot);
    assert_eq!(world.follower.position(), Some(Rev { epoch: 1, seq: 2 }));
}

#[test]
fn a_connection_that_does_not_answer_our_nonce_is_a_recording() {
    let mut world = World::new();
    for recorded in [world.batch(0, 0), hello(&world, "another")] {
        let mut link = Link::new("n".to_owned(), world.now());
        assert_eq!(world.follower.apply(&mut link, &recorded, world.now()), Err(FollowError::NotFresh));
    }
    assert_eq!(world.revocations.status(world.now().wall).refused, 2);
}

#[test]
fn a_connection_has_to_bring_the_selector_key() {
    let mut world = World::new();
    let mut link = Link::new("n".to_owned(), world.now());
    let hello = RevocationBatch { selector_key: None, ..hello(&world, "n") };

    assert_eq!(world.follower.apply(&mut link, &hello, world.now()), Err(FollowError::NoSelectorKey));
}

#[test]
fn a_replica_that_is_behind_is_heard_again_from_where_it_stands() {
    let mut world = World::started();
    for name in ["a", "b", "c"] {
        session(&mut world, name);
    }
    world.deliver(0);

    // Another replica has not seen the third yet: what it will call the third is read from it.
    let lost = world.log.split_off(2);
    greeted(&mut world);
    assert_eq!(world.follower.position(), Some(Rev { epoch: 1, seq: 2 }));
    session(&mut world, "session-1");
    world.deliver(2);

    assert_eq!(world.check(&ada(2)), Verdict::Dead);
    world.log = lost;
    assert_eq!(world.check(&TokenIdentity { sid: Some("c"), ..ada(2) }), Verdict::Dead);
}

#[test]
fn another_selector_key_makes_everybody_refresh_and_loses_nothing() {
    let mut world = World::started();
    session(&mut world, "session-1");
    world.write(RevocationLevel::Key, "leaked", Dead);
    world.deliver(0);
    let other = SelectorKey::from_bytes([8; 32]);
    let mut link = Link::new("n".to_owned(), world.now());
    let hello = RevocationBatch { selector_key: Some(SelectorKeyText([8; 32])), ..hello(&world, "n") };
    let leaked = TokenIdentity { kid: "leaked", ..ada(9) };

    assert_eq!(world.follower.apply(&mut link, &hello, world.now()), Ok(Progress::Behind));
    // Until the log was read under the new key, the old list counts.
    assert_eq!((world.check(&ada(0)), world.check(&leaked)), (Verdict::Dead, Verdict::Dead));
    let mut again = world.batch(0, 2);
    again.selector_key = None;
    again.events[0].sel = Some(other.hash(RevocationLevel::Session, "session-1"));
    again.events[1].sel = Some(other.hash(RevocationLevel::Key, "leaked"));
    world.follower.apply(&mut link, &again, world.now()).unwrap();

    assert_eq!((world.check(&ada(0)), world.check(&leaked)), (Verdict::Dead, Verdict::Dead));
    assert!(matches!(world.check(&TokenIdentity { sid: Some("s"), ..ada(0) }), Verdict::Stale { .. }));
    assert_eq!(world.check(&ada(2)), Verdict::Pass);
}

#[test]
fn a_batch_that_contradicts_itself_is_refused() {
    let mut world = World::started();
    session(&mut world, "session-1");
    session(&mut world, "session-2");
    let good = world.batch(0, 2);
    let mut swapped = good.clone();
    swapped.events.swap(0, 1);
    let mut outside = good.clone();
    outside.events[1].seq = 3;
    let mut nameless = good.clone();
    nameless.events[0].sel = None;
    let mut many = good.clone();
    many.events = (1..=501).map(|seq| event(seq, RevocationLevel::Session, "s", Dead)).collect();
    let earlier = |revs: &[(u32, u64)]| {
        let earlier = revs.iter().map(|&(epoch, seq)| Rev { epoch, seq }).collect();
        RevocationBatch { earlier, ..good.clone() }
    };
    let cases = [
        (
            RevocationBatch { after: 3, ..good.clone() },
            MalformedBatch::Positions { after: 3, through: 2, head: 2 },
        ),
        (
            RevocationBatch { head: 1, ..good.clone() },
            MalformedBatch::Positions { after: 0, through: 2, head: 1 },
        ),
        (
            RevocationBatch { head: 1 << 48, ..good.clone() },
            MalformedBatch::Positions { after: 0, through: 2, head: 1 << 48 },
        ),
        (RevocationBatch { epoch: u32::MAX, ..good.clone() }, MalformedBatch::Epoch { epoch: u32::MAX }),
        (earlier(&[(1, 0)]), MalformedBatch::EarlierEpochs { epoch: 1 }),
        (earlier(&[(0, 1), (0, 2)]), MalformedBatch::EarlierEpochs { epoch: 1 }),
        (earlier(&[(0, MAX_SEQ)]), MalformedBatch::EarlierEpochs { epoch: 1 }),
        (earlier(&[(0, 0); 9]), MalformedBatch::EarlierEpochs { epoch: 1 }),
        (swapped, MalformedBatch::EventOutOfPlace { seq: 1 }),
        (outside, MalformedBatch::EventOutOfPlace { seq: 3 }),
        (nameless, MalformedBatch::Selector { seq: 1 }),
        (RevocationBatch { through: 501, head: 501, ..many }, MalformedBatch::TooManyEvents { count: 501 }),
    ];
    for (batch, expected) in cases {
        assert_eq!(world.follower.apply_local(&batch, world.now()), Err(FollowError::Malformed(expected)));
    }
    assert_eq!(world.follower.position(), Some(Rev { epoch: 1, seq: 0 }));
}

#[test]
fn a_token_that_knows_more_than_we_do_makes_us_ask() {
    let mut world = World::started();
    assert!(!world.follower.wants_more());

    assert_eq!(world.check(&ada(3)), Verdict::Pass);
    assert!(world.follower.wants_more());

    for name in ["a", "b", "c"] {
        session(&mut world, name);
    }
    world.deliver(0);
    assert!(!world.follower.wants_more());
}

#[test]
fn who_was_told_often_of_events_that_did_not_come_still_knows_how_far_there_is_to_go() {
    let mut world = World::started();
    session(&mut world, "session-1");
    for _ in 0..100 {
        let nothing = world.batch(0, 0);
        assert_eq!(world.follower.apply_local(&nothing, world.now()), Ok(Progress::Behind));
    }
    session(&mut world, "session-2");

    let first = world.batch(0, 1);

    assert_eq!(world.follower.apply_local(&first, world.now()), Ok(Progress::Behind));
    let second = world.batch(1, 2);
    assert_eq!(world.follower.apply_local(&second, world.now()), Ok(Progress::Current));
}
