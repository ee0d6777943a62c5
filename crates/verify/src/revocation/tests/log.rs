use proptest::prelude::*;
use proptest::sample::select;

use super::*;

#[derive(Clone, Debug)]
struct Written {
    level: RevocationLevel,
    number: u8,
    kind: RevocationKind,
}

fn written() -> impl Strategy<Value = Written> {
    (select(RevocationLevel::ALL.to_vec()), 0..4_u8, select(KINDS.to_vec()))
        .prop_map(|(level, number, kind)| Written { level, number, kind })
}

/// Names are few, so that events and tokens meet.
fn name(level: RevocationLevel, number: u8) -> String {
    format!("{}-{number}", level.as_str())
}

fn assert_like_the_log(world: &World) -> Result<(), TestCaseError> {
    for number in 0..4_u8 {
        let names = RevocationLevel::ALL.map(|level| name(level, number));
        let [jti, sid, sub, org_id, client_id, kid, _] = names.each_ref().map(String::as_str);
        for seq in 0..=world.head() {
            let token = TokenIdentity {
                rev: Some(Rev { epoch: 1, seq }),
                kid,
                jti,
                sid: Some(sid),
                sub,
                org_id: Some(org_id),
                client_id: Some(client_id),
                iat: UnixTime::from_secs(START),
            };
            prop_assert_eq!(kind_of(world.check(&token)), by_the_book(&world.log, &token), "{:?}", token);
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn a_snapshot_and_deltas_say_what_the_log_says_from_any_starting_point(
        events in proptest::collection::vec(written(), 0..24),
        start in 0..24_usize,
        steps in proptest::collection::vec(1..5_u64, 24),
    ) {
        let mut world = World::new();
        for (index, event) in events.iter().enumerate() {
            if index == start {
                world.deliver(0);
            }
            world.write(event.level, &name(event.level, event.number), event.kind);
        }
        // Overlapping deltas, some of them twice.
        let mut position = world.follower.position().map_or(0, |position| position.seq);
        for step in steps {
            let through = (position + step).min(world.head());
            for after in [position, position.saturating_sub(step)] {
                let batch = world.batch(after, through);
                world.follower.apply_local(&batch, world.now()).unwrap();
            }
            position = through;
        }
        world.deliver(position);

        prop_assert_eq!(world.follower.position(), Some(Rev { epoch: 1, seq: world.head() }));
        assert_like_the_log(&world)?;
    }

    #[test]
    fn with_hardly_any_room_no_answer_is_better_than_the_log_says(
        events in proptest::collection::vec(written(), 0..40),
        room in 0..6_usize,
    ) {
        let mut world = World::with_room_for(room);
        world.deliver(0);
        for event in &events {
            world.revoke(event.level, &name(event.level, event.number), event.kind);
        }

        for number in 0..4_u8 {
            let names = RevocationLevel::ALL.map(|level| name(level, number));
            let [jti, sid, sub, org_id, client_id, kid, _] = names.each_ref().map(String::as_str);
            for seq in 0..=world.head() {
                let token = TokenIdentity {
                    rev: Some(Rev { epoch: 1, seq }), kid, jti, sid: Some(sid), sub, org_id: Some(org_id),
                    client_id: Some(client_id), iat: UnixTime::from_secs(START),
                };
                if by_the_book(&world.log, &token).is_some() {
                    prop_assert_ne!(world.check(&token), Verdict::Pass, "{:?}", token);
                }
            }
            // Whoever refreshes after all of it is never caught, except by a leaked key.
            let fresh = TokenIdentity {
                rev: Some(Rev { epoch: 1, seq: world.head() }), kid: "another", jti, sid: Some(sid), sub,
                org_id: Some(org_id), client_id: Some(client_id), iat: UnixTime::from_secs(START),
            };
            prop_assert_eq!(world.check(&fresh), Verdict::Pass);
        }
    }
}
