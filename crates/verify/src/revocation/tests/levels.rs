use super::*;
use handstamp_api_types::revocation::RevocationKind::{Dead, Stale};

#[test]
fn of_two_events_the_worst_counts_at_every_pair_of_levels_in_both_orders() {
    for first in RevocationLevel::ALL {
        for second in RevocationLevel::ALL {
            for (first_kind, second_kind) in KINDS.into_iter().flat_map(|a| KINDS.map(|b| (a, b))) {
                let mut world = World::started();
                world.revoke(first, value_of(first), first_kind);
                world.revoke(second, value_of(second), second_kind);

                for seq in 0..=2 {
                    let answer = kind_of(world.check(&ada(seq)));
                    let expected = by_the_book(&world.log, &ada(seq));
                    assert_eq!(
                        answer, expected,
                        "{first_kind:?} {first:?}, then {second_kind:?} {second:?}, token at {seq}"
                    );
                }
            }
        }
    }
}

#[test]
fn an_event_hits_nobody_else() {
    for level in RevocationLevel::ALL.into_iter().filter(|level| *level != RevocationLevel::All) {
        let mut world = World::started();
        world.revoke(level, "somebody else's", Dead);

        assert_eq!(world.check(&ada(0)), Verdict::Pass, "{level:?}");
    }
}

#[test]
fn a_value_counts_at_its_own_level_only() {
    let mut world = World::started();
    world.revoke(RevocationLevel::Session, "ada", Dead);
    world.revoke(RevocationLevel::Organization, "ada", Dead);

    assert_eq!(world.check(&ada(0)), Verdict::Pass);
}

#[test]
fn revoking_and_signing_in_again_within_one_second_leaves_the_new_token_good() {
    let mut world = World::started();
    let old = ada(world.head());
    let seq = world.revoke(RevocationLevel::Subject, "ada", Dead);
    let new = ada(seq);

    assert_eq!(old.iat, new.iat);
    assert_eq!((world.check(&old), world.check(&new)), (Verdict::Dead, Verdict::Pass));
}

#[test]
fn a_leaked_key_is_dead_whatever_position_its_thief_wrote() {
    let mut world = World::started();
    world.revoke(RevocationLevel::Key, "key-1", Dead);

    assert_eq!(world.check(&ada(u64::MAX)), Verdict::Dead);
    assert_eq!(world.check(&TokenIdentity { kid: "key-2", ..ada(1) }), Verdict::Pass);
}

#[test]
fn a_token_without_a_position_counts_as_oldest() {
    let mut world = World::started();
    world.revoke(RevocationLevel::Session, "session-1", Dead);

    assert_eq!(world.check(&TokenIdentity { rev: None, ..ada(9) }), Verdict::Dead);
}

#[test]
fn a_token_without_session_or_organization_is_hit_at_the_other_levels() {
    let machine = TokenIdentity { sid: None, org_id: None, ..ada(0) };
    let mut world = World::started();
    world.revoke(RevocationLevel::Session, "session-1", Dead);
    assert_eq!(world.check(&machine), Verdict::Pass);

    world.revoke(RevocationLevel::Client, "web", Dead);
    assert_eq!(world.check(&machine), Verdict::Dead);
}

#[test]
fn what_hits_many_spreads_their_refreshes_and_what_hits_one_does_not() {
    let mut world = World::started();
    world.revoke(RevocationLevel::Organization, "acme", Stale);
    let waits: std::collections::BTreeSet<_> = (0..200)
        .map(|number| {
            let sid = format!("session-{number}");
            let token = TokenIdentity { sid: Some(&sid), ..ada(0) };
            let Verdict::Stale { retry_after } = world.check(&token) else { panic!("stale") };
            assert_eq!(
                world.check(&TokenIdentity { jti: "another token", ..token }),
                Verdict::Stale { retry_after }
            );
            retry_after.as_secs()
        })
        .collect();
    assert_eq!(waits, (0..=5).collect());

    let mut world = World::started();
    world.revoke(RevocationLevel::Subject, "ada", Stale);
    assert_eq!(world.check(&ada(0)), Verdict::Stale { retry_after: Duration::ZERO });
}

#[test]
fn a_memo_saves_the_look_up_and_never_the_news() {
    let mut world = World::started();
    world.revoke(RevocationLevel::Session, "another", Dead);
    let (token, memo) = (ada(0), Memo::default());
    let check =
        |world: &World| world.revocations.check(&token, &memo, SilencePolicy::refuse(), world.now().wall);

    assert_eq!((check(&world), check(&world)), (Verdict::Pass, Verdict::Pass));
    world.revoke(RevocationLevel::Session, "session-1", Dead);
    assert_eq!((check(&world), check(&world)), (Verdict::Dead, Verdict::Dead));
}

#[test]
fn turned_off_nothing_is_refused_and_the_status_says_so() {
    let off = Revocations::insecure_off();
    let verdict = off.check(&ada(0), &Memo::default(), SilencePolicy::refuse(), UnixTime::from_secs(START));

    assert_eq!(verdict, Verdict::Pass);
    assert!(!off.status(UnixTime::from_secs(START)).on);
}
