use std::time::Duration;

use handstamp_core::{
    key_rotation::{Keys, Turn},
    model::{KeyPurpose, KeyState, LogPosition, SealedKey, StoredKey, VerifierReport},
    settings::KeySettings,
};
use handstamp_token::{Algorithm, KeyId};
use jiff::{SignedDuration, Timestamp};

const AHEAD: i64 = 900;
const MONTH: i64 = 30 * 86_400;
const DAY: i64 = 86_400;

/// Seconds of the story.
fn at(second: i64) -> Timestamp {
    Timestamp::UNIX_EPOCH + SignedDuration::from_secs(second)
}

fn kid(id: &str) -> KeyId {
    KeyId::new(id).expect("it is a key id")
}

fn key(id: &str, created: i64, state: KeyState) -> StoredKey {
    StoredKey {
        id: kid(id),
        purpose: KeyPurpose::AccessToken,
        algorithm: Algorithm::Es256,
        sealed: SealedKey::from_bytes(Vec::new()),
        state,
        created_at: at(created),
    }
}

fn active(id: &str) -> StoredKey {
    key(id, 0, KeyState::Active { since: at(0) })
}

fn next(created: i64) -> StoredKey {
    key("next", created, KeyState::NEXT)
}

fn asked(created: i64, asked: i64) -> StoredKey {
    key("next", created, KeyState::Next { asked_at: Some(at(asked)) })
}

fn reports(second: i64, kids: &[&str]) -> VerifierReport {
    VerifierReport {
        client: None,
        instance: "a".parse().expect("it is a name"),
        kids: kids.iter().map(|id| kid(id)).collect(),
        position: LogPosition { epoch: 1, seq: 1 },
        lag: Duration::ZERO,
        reported_at: at(second),
    }
}

fn turn_of(purpose: KeyPurpose, keys: &[StoredKey], reports: &[VerifierReport], second: i64) -> Turn {
    let settings = KeySettings::default();
    Keys { keys, purpose, algorithm: Some(Algorithm::Es256), settings: &settings }.turn(reports, at(second))
}

fn turn(keys: &[StoredKey], reports: &[VerifierReport], second: i64) -> Turn {
    turn_of(KeyPurpose::AccessToken, keys, reports, second)
}

#[test]
fn without_a_next_key_one_is_published() {
    assert_eq!(turn(&[active("a")], &[], 0), Turn::Publish);
}

#[test]
fn a_key_takes_over_when_the_active_one_has_signed_for_its_time() {
    let keys = [active("a"), next(0)];
    assert_eq!(turn(&keys, &[], MONTH - 1), Turn::Rest);
    assert_eq!(turn(&keys, &[], MONTH), Turn::Switch);
}

#[test]
fn a_key_that_is_due_and_young_waits_until_it_is_known() {
    let keys = [active("a"), next(MONTH)];
    assert_eq!(turn(&keys, &[], MONTH + AHEAD - 1), Turn::Rest);
    assert_eq!(turn(&keys, &[], MONTH + AHEAD), Turn::Switch);
}

#[test]
fn a_key_that_was_asked_for_takes_over_when_it_is_known() {
    assert_eq!(turn(&[active("a"), asked(0, 10)], &[], AHEAD - 1), Turn::Rest);
    assert_eq!(turn(&[active("a"), asked(0, 10)], &[], AHEAD), Turn::Switch);
}

#[test]
fn a_process_without_the_key_is_waited_for_until_it_has_it() {
    let keys = [active("a"), asked(0, DAY)];
    assert_eq!(turn(&keys, &[reports(DAY, &["a"])], DAY), Turn::Rest);
    assert_eq!(turn(&keys, &[reports(DAY, &["a", "next"])], DAY), Turn::Switch);
}

#[test]
fn one_process_of_many_is_enough_to_wait() {
    let keys = [active("a"), asked(0, DAY)];
    let mut fleet = vec![reports(DAY, &["a", "next"]); 99];
    fleet.push(reports(DAY, &["a"]));
    assert_eq!(turn(&keys, &fleet, DAY), Turn::Rest);
}

#[test]
fn nobody_is_waited_for_longer_than_stated() {
    let keys = [active("a"), asked(0, DAY)];
    let behind = |second| [reports(second, &["a"])];
    assert_eq!(turn(&keys, &behind(2 * DAY - 1), 2 * DAY - 1), Turn::Rest);
    assert_eq!(turn(&keys, &behind(2 * DAY), 2 * DAY), Turn::Switch);
}

#[test]
fn the_patience_begins_when_the_switch_is_both_wanted_and_safe() {
    // Wanted long before it may be: then from the moment on that everybody else knows it.
    let keys = [active("a"), asked(DAY, DAY)];
    let behind = |second| [reports(second, &["a"])];
    assert_eq!(turn(&keys, &behind(2 * DAY + AHEAD - 1), 2 * DAY + AHEAD - 1), Turn::Rest);
    assert_eq!(turn(&keys, &behind(2 * DAY + AHEAD), 2 * DAY + AHEAD), Turn::Switch);
}

#[test]
fn a_process_that_has_been_silent_is_not_waited_for() {
    let keys = [active("a"), asked(0, DAY)];
    assert_eq!(turn(&keys, &[reports(DAY - 179, &["a"])], DAY), Turn::Rest);
    assert_eq!(turn(&keys, &[reports(DAY - 180, &["a"])], DAY), Turn::Switch);
}

#[test]
fn a_process_that_holds_no_key_of_this_kind_is_not_waited_for() {
    let keys = [active("a"), asked(0, DAY)];
    for kids in [&[][..], &["of-the-feed"]] {
        assert_eq!(turn(&keys, &[reports(DAY, kids)], DAY), Turn::Switch, "{kids:?}");
    }
}

#[test]
fn reports_never_make_a_switch_earlier() {
    let keys = [active("a"), asked(0, 0)];
    assert_eq!(turn(&keys, &[reports(AHEAD - 1, &["a", "next"])], AHEAD - 1), Turn::Rest);
}

#[test]
fn the_keys_of_refresh_tokens_have_no_schedule() {
    let keys = [active("a"), next(0)];
    assert_eq!(turn_of(KeyPurpose::RefreshToken, &keys, &[], 12 * MONTH), Turn::Rest);
    let keys = [active("a"), asked(0, MONTH)];
    assert_eq!(turn_of(KeyPurpose::RefreshToken, &keys, &[], MONTH), Turn::Switch);
}

#[test]
fn an_active_key_of_another_algorithm_is_replaced_by_the_same_rules() {
    let rsa = |key: StoredKey| StoredKey { algorithm: Algorithm::Rs256, ..key };
    let keys = [rsa(active("a")), rsa(key("b", 0, KeyState::NEXT))];
    assert_eq!(turn(&keys, &[], 10), Turn::Publish);
    let keys = [rsa(active("a")), next(10)];
    assert_eq!(turn(&keys, &[], 10 + AHEAD - 1), Turn::Rest);
    assert_eq!(turn(&keys, &[], 10 + AHEAD), Turn::Switch);
}

#[test]
fn a_next_key_of_another_algorithm_is_left_alone_until_its_turn_is_near() {
    let rsa = |key: StoredKey| StoredKey { algorithm: Algorithm::Rs256, ..key };
    let keys = [active("a"), rsa(next(0))];
    assert_eq!(turn(&keys, &[], MONTH - AHEAD - 1), Turn::Rest);
    assert_eq!(turn(&keys, &[], MONTH - AHEAD), Turn::Publish);
    let keys = [active("a"), rsa(asked(0, 10))];
    assert_eq!(turn(&keys, &[], 10), Turn::Publish);
}
