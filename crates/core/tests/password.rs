use std::{sync::Arc, time::Duration};

use handstamp_core::{
    model::PasswordHash,
    password::{HashError, Password, PasswordHasher},
    settings::PasswordSettings,
    test_support::{PASSWORD, SeededEntropy},
};

fn hasher(change: impl FnOnce(&mut PasswordSettings)) -> PasswordHasher {
    let mut settings = PasswordSettings::default();
    change(&mut settings);
    PasswordHasher::new(&settings).expect("the settings fit")
}

async fn hash(hasher: &PasswordHasher, password: &str) -> PasswordHash {
    hasher.hash(&Password::new(password), &SeededEntropy::new(1)).await.expect("nobody is waiting")
}

async fn verifies(hasher: &PasswordHasher, password: &str, hash: Option<&PasswordHash>) -> bool {
    hasher.verify(&Password::new(password), hash).await.expect("nobody is waiting").is_some()
}

#[tokio::test]
async fn the_right_password_verifies_and_a_wrong_one_does_not() {
    let hasher = hasher(|_| {});
    let stored = hash(&hasher, PASSWORD).await;
    assert!(stored.as_phc().starts_with("$argon2id$v=19$m=19456,t=2,p=1$"));
    assert!(verifies(&hasher, PASSWORD, Some(&stored)).await);
    assert!(!verifies(&hasher, "a tall ship and a sta", Some(&stored)).await);
    assert!(!verifies(&hasher, "", Some(&stored)).await);
}

#[tokio::test]
async fn without_a_hash_nothing_verifies() {
    let hasher = hasher(|_| {});
    assert!(!verifies(&hasher, PASSWORD, None).await);
}

#[tokio::test]
async fn one_password_has_one_spelling() {
    let hasher = hasher(|_| {});
    let stored = hash(&hasher, "un caf\u{e9} au bord de l'eau").await;
    assert!(verifies(&hasher, "un cafe\u{301} au bord de l'eau", Some(&stored)).await);
}

#[tokio::test]
async fn nothing_is_cut_off_a_long_password() {
    let hasher = hasher(|_| {});
    let long = "x".repeat(1000);
    let stored = hash(&hasher, &format!("{long}a")).await;
    assert!(verifies(&hasher, &format!("{long}a"), Some(&stored)).await);
    assert!(!verifies(&hasher, &format!("{long}b"), Some(&stored)).await);
}

#[tokio::test]
async fn a_hash_of_other_parameters_verifies_and_asks_for_a_new_one() {
    let (old, new) = (hasher(|s| (s.memory_kib, s.iterations) = (7 * 1024, 5)), hasher(|_| {}));
    let password = Password::new(PASSWORD);
    for (stored, stale) in [(hash(&old, PASSWORD).await, true), (hash(&new, PASSWORD).await, false)] {
        let proof = new.verify(&password, Some(&stored)).await.expect("nobody is waiting");
        assert_eq!(proof.expect("the password is right").needs_rehash(), stale);
    }
}

#[tokio::test]
async fn a_damaged_hash_is_an_error_and_not_a_wrong_password() {
    let damaged = PasswordHash::from_phc("$2b$12$notours".to_owned());
    let error =
        hasher(|_| {}).verify(&Password::new(PASSWORD), Some(&damaged)).await.expect_err("it cannot be read");
    assert!(matches!(error, HashError::Unreadable), "{error:?}");
}

#[tokio::test]
async fn whoever_finds_the_queue_full_is_turned_away_at_once() {
    let hasher = Arc::new(hasher(|s| (s.concurrent_hashes, s.queue_length) = (1, 1)));
    let tasks: Vec<_> = (0..5)
        .map(|_| {
            let hasher = Arc::clone(&hasher);
            tokio::spawn(async move { hasher.verify(&Password::new(PASSWORD), None).await })
        })
        .collect();
    let mut turned_away = 0;
    for task in tasks {
        match task.await.expect("no hasher panics") {
            Ok(_) => {}
            Err(HashError::Busy { retry_after }) => {
                assert!(retry_after >= Duration::from_secs(1));
                turned_away += 1;
            }
            Err(other) => panic!("{other:?}"),
        }
    }
    assert_eq!(turned_away, 3, "one hashes, one waits");
    assert!(!verifies(&hasher, PASSWORD, None).await, "the queue is empty again");
}

#[tokio::test]
async fn a_full_queue_is_known_before_anything_is_done() {
    let hasher = Arc::new(hasher(|s| (s.concurrent_hashes, s.queue_length) = (1, 1)));
    assert_eq!(hasher.busy(), None);
    let under_way: Vec<_> = (0..2)
        .map(|_| {
            let hasher = Arc::clone(&hasher);
            tokio::spawn(async move { hasher.verify(&Password::new(PASSWORD), None).await })
        })
        .collect();
    tokio::task::yield_now().await;

    assert!(hasher.busy().is_some_and(|wait| wait >= Duration::from_secs(1)), "one hashes, one waits");

    for one in under_way {
        one.await.expect("no hasher panics").expect("it had its turn");
    }
    assert_eq!(hasher.busy(), None);
}

/// Nobody waits for the answer any more: the next one has the turn.
#[tokio::test]
async fn whoever_has_hung_up_leaves_the_queue() {
    let hasher = Arc::new(hasher(|s| (s.concurrent_hashes, s.queue_length) = (1, 1)));
    let first = Arc::clone(&hasher);
    let first = tokio::spawn(async move { first.verify(&Password::new(PASSWORD), None).await });
    tokio::task::yield_now().await;
    let password = Password::new(PASSWORD);
    let hangs_up = hasher.verify(&password, None);
    assert!(tokio::time::timeout(Duration::ZERO, hangs_up).await.is_err());

    assert_eq!(hasher.busy(), None, "there is a place in the queue again");

    first.await.expect("no hasher panics").expect("it had its turn");
}

#[tokio::test]
async fn whoever_waits_past_the_deadline_is_turned_away() {
    let hasher =
        Arc::new(hasher(|s| (s.concurrent_hashes, s.queue_deadline) = (1, Duration::from_millis(1))));
    let first = Arc::clone(&hasher);
    let first = tokio::spawn(async move { first.verify(&Password::new(PASSWORD), None).await });
    tokio::task::yield_now().await;
    let error = hasher.verify(&Password::new(PASSWORD), None).await.expect_err("the first one takes longer");
    assert!(matches!(error, HashError::Busy { .. }), "{error:?}");
    first.await.expect("no hasher panics").expect("it had its turn");
}

#[test]
fn a_password_does_not_print() {
    assert_eq!(format!("{:?}", Password::new(PASSWORD)), "[redacted]");
}
