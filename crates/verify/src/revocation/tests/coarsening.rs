use super::*;
use handstamp_api_types::revocation::RevocationKind::Dead;

/// Sign-outs of users of organisations, as an issuer describes them that knows all three.
fn sign_outs(count: u64) -> Vec<RevocationEvent> {
    let key = SelectorKey::from_bytes(KEY);
    let orgs =
        (0..50).map(|org| key.hash(RevocationLevel::Organization, &format!("org-{org}"))).collect::<Vec<_>>();
    let mut sub = key.hash(RevocationLevel::Subject, "user-0");
    let template = event(0, RevocationLevel::All, "", Dead);
    let one = |seq: u64| {
        if seq.is_multiple_of(4) {
            sub = key.hash(RevocationLevel::Subject, &names(seq).1);
        }
        RevocationEvent {
            seq,
            level: RevocationLevel::Session,
            sel: Some(key.hash(RevocationLevel::Session, &names(seq).0)),
            sub: Some(sub),
            org: orgs.get(usize::try_from(seq % 50).unwrap()).copied(),
            ..template.clone()
        }
    };
    (1..=count).map(one).collect()
}

fn names(seq: u64) -> (String, String, String) {
    (format!("session-{seq}"), format!("user-{}", seq / 4), format!("org-{}", seq % 50))
}

fn deliver_all(world: &mut World, events: &[RevocationEvent]) {
    let head = events.len() as u64;
    let mut after = 0;
    for part in events.chunks(500) {
        let through = after + part.len() as u64;
        let batch = RevocationBatch { events: part.to_vec(), head, ..world.batch(after, through) };
        world.follower.apply_local(&batch, world.now()).unwrap();
        after = through;
    }
}

fn refused(world: &World, seq: u64) -> bool {
    let (sid, sub, org) = names(seq);
    let token = TokenIdentity { sid: Some(&sid), sub: &sub, org_id: Some(&org), ..ada(seq - 1) };
    world.check(&token) != Verdict::Pass
}

#[test]
fn a_million_sign_outs_against_the_cap_undo_nobodys() {
    const EVENTS: u64 = 1_000_000;
    let mut world = World::with_room_for(20_000);
    world.deliver(0);

    deliver_all(&mut world, &sign_outs(EVENTS));

    let status = world.revocations.status(world.now().wall);
    assert!(status.events <= 25_000, "{status:?}");
    assert!(status.bytes < 25_000 * 100, "{status:?}");
    assert!(status.coarsened > 900_000, "{status:?}");
    // The first and the last ones, and every eleventh between: eleven shares no factor with users and organisations.
    let asked = (1..=1_000).chain((1..=EVENTS).step_by(11)).chain(EVENTS - 1_000..=EVENTS);
    assert_eq!(asked.filter(|seq| !refused(&world, *seq)).count(), 0);
    // Whoever is in an organisation that nobody signed out of is not touched: there was no need for "everybody".
    assert_eq!(world.check(&TokenIdentity { sid: Some("hers"), ..ada(0) }), Verdict::Pass);
}

#[test]
fn without_knowing_whose_a_session_is_everybody_has_to_refresh_and_room_is_made() {
    let mut world = World::with_room_for(100);
    world.deliver(0);
    for number in 1..=101 {
        world.revoke(RevocationLevel::Session, &format!("session-{number}"), Dead);
    }

    for number in 1..=101 {
        let sid = format!("session-{number}");
        assert!(matches!(world.check(&TokenIdentity { sid: Some(&sid), ..ada(0) }), Verdict::Stale { .. }));
    }
    assert_eq!(world.check(&ada(101)), Verdict::Pass);
    assert_eq!(world.revocations.status(world.now().wall).events, 0);

    world.revoke(RevocationLevel::Session, "later", Dead);
    assert_eq!(world.check(&TokenIdentity { sid: Some("later"), ..ada(101) }), Verdict::Dead);
}

#[test]
fn a_leaked_key_stays_dead_when_everything_else_is_folded() {
    let mut world = World::with_room_for(10);
    world.deliver(0);
    world.revoke(RevocationLevel::Key, "key-1", Dead);
    for number in 0..20 {
        world.revoke(RevocationLevel::Session, &format!("s-{number}"), Dead);
    }

    assert_eq!(world.check(&ada(u64::MAX)), Verdict::Dead);
}

#[test]
fn many_events_of_one_user_take_the_room_of_one() {
    let mut world = World::with_room_for(10);
    world.deliver(0);
    for _ in 0..1_000 {
        world.revoke(RevocationLevel::Subject, "ada", Dead);
    }

    let status = world.revocations.status(world.now().wall);
    assert_eq!((status.events, status.coarsened), (1, 0));
}
