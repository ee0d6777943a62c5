//! People who use the service while something goes wrong: what they see of it, and what must never happen to them.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use handstamp_verify::Verifier;
use serde_json::{Value, json};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use super::cluster::Cluster;
use crate::revocation::house::{Answer, ask, until_answer};
use crate::support::{PATIENCE, Reply};

/// How soon somebody tries again when a page does not load.
const BEFORE_AGAIN: Duration = Duration::from_millis(100);

/// How long a service may take until it refuses what was signed out, while replicas and connections come and go. It looks for another
/// way to the feed within a third of a second, and a replica for news all the time; the rest is room for a busy machine. A database that
/// is gone at the moment between the sign-out and the news of it comes on top: nobody can read there what has happened.
const REVOKED_WITHIN: Duration = Duration::from_secs(5);

/// What became of everybody.
#[derive(Debug, Default)]
pub(super) struct Seen {
    /// How often each device was served: a refresh, and a question with its token.
    served: Vec<usize>,
    /// Answers that said "not now", by their status; 0 where no answer came.
    pub(super) not_now: Vec<u16>,
    /// The longest that somebody had to try until a refresh was answered.
    pub(super) longest_wait: Duration,
    /// Sessions that were begun, ended, and refused everywhere as they had to be.
    pub(super) sign_outs: usize,
    /// The longest that a token was accepted by a service after its sign-out was acknowledged.
    pub(super) longest_accepted: Duration,
    /// What must never happen.
    wrong: Vec<String>,
    /// Refresh tokens of sessions that were acknowledged to have ended.
    ended: Vec<Value>,
}

/// People at work. They stop when they are asked to.
pub(super) struct Crowd {
    cluster: Arc<Cluster>,
    seen: Arc<Mutex<Seen>>,
    stop: Arc<AtomicBool>,
    people: JoinSet<()>,
}

/// A service that is asked about each token that was signed out.
struct Watched {
    service: Verifier,
    /// How long it may accept one.
    within: Duration,
}

/// One device of somebody who is signed in.
struct Device {
    cluster: Arc<Cluster>,
    access: String,
    refresh: Value,
}

impl Crowd {
    /// Signs people in on so many devices, and lets them go on; beside them, others sign in and out all the time. The database is gone
    /// for so long at a stretch.
    pub(super) async fn at(cluster: &Arc<Cluster>, devices: usize, without_database: Duration) -> Self {
        let mut crowd = Self {
            cluster: Arc::clone(cluster),
            seen: Arc::default(),
            stop: Arc::default(),
            people: JoinSet::new(),
        };
        with(&crowd.seen, |seen| seen.served = vec![0; devices]);
        for number in 0..devices {
            let device = Device::signed_in(cluster).await.expect("nothing is wrong yet");
            crowd.people.spawn(stay(number, device, Arc::clone(&crowd.seen), Arc::clone(&crowd.stop)));
        }
        let service = cluster.service();
        let first = Device::signed_in(cluster).await.expect("nothing is wrong yet");
        until_answer(&service, &first.access, Answer::Accepted).await;
        let (cluster, seen, stop) = (Arc::clone(cluster), Arc::clone(&crowd.seen), Arc::clone(&crowd.stop));
        let within = REVOKED_WITHIN + without_database;
        crowd.people.spawn(come_and_go(cluster, Watched { service, within }, seen, stop));
        crowd
    }

    /// Waits until everybody was served again, and returns how long that took.
    pub(super) async fn are_served(&self) -> Duration {
        let began = Instant::now();
        let before = with(&self.seen, |seen| seen.served.clone());
        // The first answer may be to a question from before.
        while with(&self.seen, |seen| seen.served.iter().zip(&before).any(|(now, before)| *now < before + 2))
        {
            assert!(began.elapsed() < PATIENCE, "somebody is not served: {}", self.cluster.log());
            sleep(Duration::from_millis(10)).await;
        }
        began.elapsed()
    }

    /// Sends everybody home, and returns what they have seen.
    ///
    /// # Panics
    /// When something happened that must not: a wrong sign-out, a token accepted beyond the bound, an acknowledged write lost.
    pub(super) async fn home(mut self) -> Seen {
        self.stop.store(true, Ordering::Relaxed);
        let everybody = async {
            while let Some(person) = self.people.join_next().await {
                person.expect("nobody panics");
            }
        };
        let are_home = timeout(2 * PATIENCE, everybody).await;
        assert!(are_home.is_ok(), "somebody is never served again: {}", self.cluster.log());
        let mut seen = with(&self.seen, std::mem::take);
        for refresh in std::mem::take(&mut seen.ended) {
            let reply = self.cluster.refresh(&refresh).await.expect("all is well again");
            assert_eq!(reply.code(), (401, "session_ended"), "a sign-out was acknowledged, and is lost");
            seen.sign_outs += 1;
        }
        assert!(seen.wrong.is_empty(), "{:#?}\n{}", seen.wrong, self.cluster.log());
        assert!(
            seen.served.iter().all(|served| *served > 0) && seen.sign_outs > 0,
            "nobody did anything: {seen:?}"
        );
        seen
    }
}

impl Watched {
    /// Waits until the service knows that a token was revoked, and returns how long it was accepted. What the service cannot judge
    /// meanwhile it refuses; that it might accept the token afterwards is looked for as well.
    async fn until_revoked(&self, token: &str) -> Result<Duration, String> {
        let acknowledged = Instant::now();
        let mut accepted = Duration::ZERO;
        // Fetches the issuer's keys where they are missing.
        let _ = self.service.verify(token).await;
        loop {
            match ask(&self.service, token) {
                Answer::Revoked => return Ok(accepted),
                Answer::Accepted => accepted = acknowledged.elapsed(),
                Answer::Stale | Answer::Unavailable => {}
            }
            if accepted > self.within {
                return Err(format!("a token is good {accepted:?} after its sign-out"));
            }
            if acknowledged.elapsed() > PATIENCE {
                return Err(format!(
                    "a service never hears of a sign-out; it accepted the token for {accepted:?}"
                ));
            }
            sleep(Duration::from_millis(1)).await;
        }
    }
}

impl Device {
    async fn signed_in(cluster: &Arc<Cluster>) -> Result<Self, Reply> {
        loop {
            match cluster.sign_in(&cluster.base()).await {
                Some(Reply { status: 200, body }) => {
                    let access = body["access_token"].as_str().expect("a token").to_owned();
                    let refresh = body["refresh_token"].clone();
                    return Ok(Self { cluster: Arc::clone(cluster), access, refresh });
                }
                other => not_now(other.as_ref()).map_err(|()| other.expect("it says something wrong"))?,
            };
            sleep(BEFORE_AGAIN).await;
        }
    }
}

/// Refreshes and looks around until it is time to go home. Whatever goes wrong on the way, this person stays signed in.
async fn stay(number: usize, mut device: Device, seen: Arc<Mutex<Seen>>, stop: Arc<AtomicBool>) {
    let cluster = Arc::clone(&device.cluster);
    while !stop.load(Ordering::Relaxed) {
        let began = Instant::now();
        loop {
            let reply = cluster.refresh(&device.refresh).await;
            if let Some(Reply { status: 200, body }) = &reply {
                body["access_token"].as_str().expect("a token").clone_into(&mut device.access);
                if body["refresh_token"].is_string() {
                    device.refresh = body["refresh_token"].clone();
                }
                break;
            }
            if !noted(&seen, reply.as_ref(), "a refresh of somebody who never signed out") {
                return;
            }
            sleep(BEFORE_AGAIN).await;
        }
        with(&seen, |seen| seen.longest_wait = seen.longest_wait.max(began.elapsed()));
        let reply = cluster.whoami(&cluster.base(), &device.access).await;
        if matches!(reply, Some(Reply { status: 200, .. })) {
            with(&seen, |seen| seen.served[number] += 1);
        } else if !noted(&seen, reply.as_ref(), "a token of somebody who never signed out") {
            return;
        }
        sleep(BEFORE_AGAIN).await;
    }
}

/// Signs in and out until it is time to go home, and watches how long the token is good after the sign-out was acknowledged.
async fn come_and_go(cluster: Arc<Cluster>, watched: Watched, seen: Arc<Mutex<Seen>>, stop: Arc<AtomicBool>) {
    while !stop.load(Ordering::Relaxed) {
        let device = match Device::signed_in(&cluster).await {
            Ok(device) => device,
            Err(reply) => {
                noted(&seen, Some(&reply), "a sign-in");
                return;
            }
        };
        let scope = json!({ "scope": "session" });
        let reply = cluster.post(&cluster.base(), "/auth/sign-out", Some(&device.access), &scope).await;
        if !matches!(reply, Some(Reply { status: 200, .. })) {
            // Perhaps it was done and the answer was lost: nothing can be said about this session, and the next one comes.
            if !noted(&seen, reply.as_ref(), "a sign-out") {
                return;
            }
            sleep(BEFORE_AGAIN).await;
            continue;
        }
        match watched.until_revoked(&device.access).await {
            Ok(accepted) => with(&seen, |seen| {
                seen.longest_accepted = seen.longest_accepted.max(accepted);
                seen.ended.push(device.refresh);
            }),
            Err(wrong) => {
                with(&seen, |seen| seen.wrong.push(wrong));
                return;
            }
        }
        sleep(BEFORE_AGAIN).await;
    }
}

/// Notes an answer that is not the one that was wanted. Returns whether it only said "not now".
fn noted(seen: &Mutex<Seen>, reply: Option<&Reply>, what: &str) -> bool {
    match not_now(reply) {
        Ok(status) => with(seen, |seen| seen.not_now.push(status)),
        Err(()) => with(seen, |seen| seen.wrong.push(format!("{what} is answered with {reply:?}"))),
    }
    not_now(reply).is_ok()
}

/// No answer, or one of a proxy or a service that cannot just now. Everything else is a promise broken: 401 would sign somebody
/// out, 500 would be a fault of ours.
fn not_now(reply: Option<&Reply>) -> Result<u16, ()> {
    match reply.map_or(0, |reply| reply.status) {
        status @ (0 | 502 | 503) => Ok(status),
        _ => Err(()),
    }
}

fn with<T>(seen: &Mutex<Seen>, look: impl FnOnce(&mut Seen) -> T) -> T {
    look(&mut seen.lock().unwrap_or_else(PoisonError::into_inner))
}

impl std::fmt::Display for Seen {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let of = |status: u16| self.not_now.iter().filter(|seen| **seen == status).count();
        write!(
            f,
            "{} refreshes with a question after each, {} without an answer, {} × 502, {} × 503; longest wait for a refresh {:?}; {} sign-outs, a token \
             accepted for {:?} afterwards at most",
            self.served.iter().sum::<usize>(),
            of(0),
            of(502),
            of(503),
            self.longest_wait,
            self.sign_outs,
            self.longest_accepted
        )
    }
}
