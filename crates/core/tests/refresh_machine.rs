//! Properties of single decisions, for every state there can be. What whole runs come to is in `refresh_model`.

use std::time::Duration;

use handstamp_core::{
    model::{ClientId, EndReason, RefreshState, Session, SessionId, SessionState, Step, UserId},
    refresh_machine::{Decision, decide, is_settled},
    settings::SessionSettings,
};
use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;

const NOW: Timestamp = Timestamp::constant(1_795_348_800, 0);

fn session(refresh: RefreshState) -> Session {
    Session {
        id: SessionId::from_bytes([1; 16]),
        user_id: UserId::from_bytes([1; 16]),
        client_id: ClientId::first_party(),
        device: String::new(),
        created_at: NOW,
        auth_time: NOW,
        amr: Vec::new(),
        absolute_expiry: NOW + SignedDuration::from_hours(2),
        idle_expiry: NOW + SignedDuration::from_hours(1),
        refresh,
        last_seen_at: NOW,
        status: None,
        carried: None,
        state: SessionState::Active,
    }
}

fn settings() -> SessionSettings {
    SessionSettings::default()
}

prop_compose! {
    /// Any state, at any distance of up to two minutes, on both sides of now.
    fn states()(
        generation in prop_oneof![0..5_u32, Just(u32::MAX), any::<u32>()],
        branch in prop_oneof![0..3_u16, Just(u16::MAX)],
        parent_branch in prop_oneof![Just(None), (0..3_u16).prop_map(Some)],
        rotated in -20..120_i64,
        handed_out in -20..120_i64,
        confirmed: bool,
    ) -> RefreshState {
        let rotated_at = NOW - SignedDuration::from_secs(rotated);
        let handed_out_at = rotated_at.max(NOW - SignedDuration::from_secs(handed_out));
        RefreshState { generation, branch, parent_branch, rotated_at, handed_out_at, confirmed }
    }
}

prop_compose! {
    /// A state, and a token near its current one.
    fn presentations()(state in states(), back in -2..4_i64, branch in 0..4_u16) -> (RefreshState, Step) {
        let generation = (i64::from(state.generation) - back).clamp(0, i64::from(u32::MAX));
        (state, Step { generation: u32::try_from(generation).expect("it was clamped"), branch })
    }
}

proptest! {
    #[test]
    fn an_ended_session_refuses_everything((state, step) in presentations()) {
        let ended = SessionState::Ended { at: NOW, reason: EndReason::SignedOut };
        let session = Session { state: ended, ..session(state) };
        prop_assert_eq!(decide(&session, step, NOW, &settings()), Decision::Ended(EndReason::SignedOut));
    }

    #[test]
    fn a_session_that_has_run_out_refuses_everything((state, step) in presentations(), idle: bool) {
        let mut session = session(state);
        *(if idle { &mut session.idle_expiry } else { &mut session.absolute_expiry }) = NOW;
        prop_assert_eq!(decide(&session, step, NOW, &settings()), Decision::RunOut);
    }

    #[test]
    fn the_holder_of_the_current_token_is_never_refused(state in states()) {
        let decision = decide(&session(state), state.current(), NOW, &settings());
        prop_assert!(matches!(decision, Decision::Unchanged | Decision::Rotate(_)), "{decision:?}");
    }

    #[test]
    fn nothing_moves_and_nobody_near_is_judged_before_the_family_has_settled((state, step) in presentations()) {
        prop_assume!(!is_settled(&state, NOW, &settings()) && step <= state.current());
        let is_near = step.generation == state.generation || state.is_parent(step);
        let decision = decide(&session(state), step, NOW, &settings());
        prop_assert!(decision.moves_to().is_none(), "{decision:?}");
        prop_assert_eq!(is_near, !matches!(decision, Decision::Theft(_)), "{:?}", decision);
    }

    #[test]
    fn a_family_settles_within_a_minute_and_a_second_of_its_last_rotation(state in states()) {
        let state = RefreshState { handed_out_at: state.handed_out_at.min(state.rotated_at + SignedDuration::from_secs(31)), ..state };
        prop_assume!(state.rotated_at < NOW - SignedDuration::from_secs(61));
        prop_assert!(is_settled(&state, NOW, &settings()));
    }

    #[test]
    fn every_move_goes_forward_and_begins_unconfirmed((state, step) in presentations()) {
        if let Some(to) = decide(&session(state), step, NOW, &settings()).moves_to() {
            prop_assert!(to.current() > state.current());
            prop_assert!(!to.confirmed);
            prop_assert_eq!(to.rotated_at, NOW);
            prop_assert!(!is_settled(&to, NOW, &settings()));
        }
    }

    #[test]
    fn a_token_newer_than_the_store_is_always_taken((state, step) in presentations()) {
        prop_assume!(step > state.current());
        let decision = decide(&session(state), step, NOW, &settings());
        prop_assert_eq!(decision.moves_to().map(|to| to.current()), Some(step));
    }

    #[test]
    fn what_is_handed_out_is_the_current_token_of_afterwards((state, step) in presentations()) {
        let decision = decide(&session(state), step, NOW, &settings());
        let after = decision.moves_to().unwrap_or(state);
        if let Some(answer) = decision.answer(step, state.current()) {
            prop_assert!(answer.step == after.current() || !answer.kind.hands_out_refresh());
            prop_assert!(answer.step == after.current() || answer.step == step);
        }
    }

    #[test]
    fn a_repeat_is_always_covered_by_a_note((state, step) in presentations()) {
        if let Decision::Repeat { note } = decide(&session(state), step, NOW, &settings()) {
            prop_assert!(note.unwrap_or(state.handed_out_at) >= NOW);
            prop_assert!(note.is_none_or(|note| note > state.handed_out_at));
        }
    }

    #[test]
    fn no_times_make_it_panic(rotated in any::<i32>(), handed_out in any::<i32>(), now in any::<i32>(), grace: u64) {
        let at = |secs: i32| Timestamp::from_second(i64::from(secs) * 100).unwrap_or(Timestamp::MAX);
        let state = RefreshState { rotated_at: at(rotated), handed_out_at: at(handed_out), ..RefreshState::first(NOW, Duration::ZERO) };
        let settings = SessionSettings { refresh_grace: Duration::from_secs(grace), ..settings() };
        let _ = decide(&session(state), Step::FIRST, at(now), &settings);
    }
}
