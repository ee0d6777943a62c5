//! Sign-in through an upstream on two replicas: two stores over one folder, each with its own connections and its own keys in memory.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use handstamp_core::Context;
use handstamp_core::flows::Issued;
use handstamp_core::flows::upstream::{
    Attempt, Due, RecheckSecret, UpstreamIdentity, UpstreamSignIn, UpstreamSignInError, recheck_due,
    sign_in_through_upstream,
};
use handstamp_core::model::{UpstreamSelector, UpstreamSubject};
use handstamp_core::settings::UpstreamSettings;
use handstamp_core::test_support::{FixedClock, Kit};

use crate::kit::{folder, open};

const EVERY: Duration = Duration::from_mins(5);
const SECRET: &str = "an upstream's refresh token";

async fn replica(folder: &Path, clock: &FixedClock) -> Kit {
    Kit::over(Arc::new(open(folder)), clock.clone(), |settings| {
        let corp =
            UpstreamSettings { create: true, recheck_every: Some(EVERY), ..UpstreamSettings::default() };
        settings.upstreams.insert("corp".parse().unwrap(), corp);
    })
    .await
}

fn person(sub: &str) -> UpstreamIdentity {
    let subject = UpstreamSubject::new("https://id.example", sub).unwrap();
    UpstreamIdentity {
        username: Some("ann".to_owned()),
        recheck: Some(RecheckSecret::new(SECRET)),
        ..UpstreamIdentity::new("corp".parse().unwrap(), subject)
    }
}

/// Finishes an attempt in a task of its own.
fn finish(
    kit: &Kit,
    identity: UpstreamIdentity,
    attempt: String,
) -> tokio::task::JoinHandle<Result<Issued, UpstreamSignInError>> {
    let (ctx, now): (Arc<Context>, _) = (Arc::clone(&kit.ctx), kit.clock.now());
    let attempt = Some(Attempt { id: attempt, expires_at: now + Duration::from_mins(10) });
    let command = UpstreamSignIn { identity, attempt, device: "Firefox".to_owned(), address: None };
    tokio::spawn(async move { sign_in_through_upstream(&ctx, command, now).await })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_two_replicas_that_finish_one_attempt_one_does() {
    let (folder, clock) = (folder(), FixedClock::new());
    let (one, other) = (replica(folder.path(), &clock).await, replica(folder.path(), &clock).await);
    for round in 0..20 {
        let attempt = format!("attempt {round}");
        let tasks = [&one, &other, &one, &other].map(|kit| finish(kit, person("1"), attempt.clone()));
        let mut finished = 0;
        for task in tasks {
            match task.await.unwrap() {
                Ok(_) => finished += 1,
                Err(error) => assert!(matches!(error, UpstreamSignInError::AlreadyUsed), "{error:?}"),
            }
        }
        assert_eq!(finished, 1, "round {round}");
    }
    assert_eq!(one.ctx.store.users(None, 10).await.unwrap().len(), 1);
    let theirs = UpstreamSelector::Subject(person("1").subject);
    let sessions = other.ctx.store.upstream_sessions(&"corp".parse().unwrap(), &theirs).await.unwrap();
    assert_eq!(sessions.len(), 20);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn people_of_one_name_who_come_to_two_replicas_get_names_of_their_own() {
    let (folder, clock) = (folder(), FixedClock::new());
    let (one, other) = (replica(folder.path(), &clock).await, replica(folder.path(), &clock).await);
    let come = |number: usize| {
        let kit = if number.is_multiple_of(2) { &one } else { &other };
        finish(kit, person(&number.to_string()), format!("attempt {number}"))
    };
    let tasks: Vec<_> = (0..6).map(come).collect();
    let mut names = BTreeSet::new();
    for task in tasks {
        names.insert(task.await.unwrap().unwrap().subject.user.username.to_string());
    }
    assert!(names.iter().eq(["ann", "ann-2", "ann-3", "ann-4", "ann-5", "ann-6"]), "{names:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_two_replicas_one_asks_the_upstream() {
    let (folder, clock) = (folder(), FixedClock::new());
    let (one, other) = (replica(folder.path(), &clock).await, replica(folder.path(), &clock).await);
    let issued = finish(&one, person("1"), "attempt".to_owned()).await.unwrap().unwrap();
    clock.advance(EVERY);
    let token = issued.refresh.reveal();
    let (here, there) =
        tokio::join!(recheck_due(&one.ctx, token, clock.now()), recheck_due(&other.ctx, token, clock.now()));
    let asks = |due: &Due| matches!(due, Due::Ask(recheck) if recheck.secret.reveal() == SECRET);
    let due = [here.unwrap(), there.unwrap()];
    assert_eq!(due.iter().filter(|due| asks(due)).count(), 1, "{due:?}");
    assert!(due.contains(&Due::Nothing), "{due:?}");
}

#[tokio::test]
async fn an_upstreams_token_is_nowhere_in_the_folder() {
    let (folder, clock) = (folder(), FixedClock::new());
    let kit = replica(folder.path(), &clock).await;
    finish(&kit, person("1"), "attempt".to_owned()).await.unwrap().unwrap();
    let holds = |bytes: &[u8], text: &str| bytes.windows(text.len()).any(|part| part == text.as_bytes());
    let mut finds_what_is_not_sealed = false;
    for file in std::fs::read_dir(folder.path()).unwrap() {
        let bytes = std::fs::read(file.unwrap().path()).unwrap();
        assert!(!holds(&bytes, SECRET));
        finds_what_is_not_sealed |= holds(&bytes, "https://id.example");
    }
    assert!(finds_what_is_not_sealed);
}
