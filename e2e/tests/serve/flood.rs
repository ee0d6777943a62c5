//! A flood of sign-ins from many addresses, at many accounts: what it costs everybody else.
//!
//! Times are far above what a machine of its own shows: this one builds and tests beside it, and is flooded by the test as well.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::{Duration, Instant};

use handstamp_e2e::program::Running;
use reqwest::{Client, Response};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::{PASSWORD, add_user, free_port};

/// So many attack at the same time, each again as soon as it has an answer.
const ATTACKERS: u32 = 32;
const FLOOD: Duration = Duration::from_secs(4);
/// What the operator wants to pay for: far less than the machine could do, so that it does not matter how fast it is.
const STRANGERS_PER_SECOND: u32 = 5;
/// Where ann has signed in before.
const ANNS: &str = "203.0.113.7";
/// Each hash under way has its memory for good, and connections have buffers; what arrives costs nothing that stays.
const MOST_GROWTH: u64 = 96 * 1024 * 1024;

struct Service {
    running: Running,
    address: String,
    http: Client,
    _folder: TempDir,
}

/// What became of one kind of request.
#[derive(Default)]
struct Times(Vec<Duration>);

impl Times {
    fn at(&mut self, percent: usize) -> Duration {
        assert!(!self.0.is_empty(), "there were some");
        self.0.sort_unstable();
        self.0[(self.0.len() - 1) * percent / 100]
    }
}

impl Service {
    fn start() -> Self {
        let folder = TempDir::new().expect("a folder");
        add_user(folder.path(), "ann").ok();
        let (url, strangers) =
            (format!("http://localhost:{}", free_port()), STRANGERS_PER_SECOND.to_string());
        let variables = [
            ("HANDSTAMP_SERVER_PUBLIC_URL", url.as_str()),
            // The flood says for itself from where it comes.
            ("HANDSTAMP_SERVER_TRUSTED_PROXIES", "127.0.0.1"),
            ("HANDSTAMP_RATE_LIMITS_STRANGERS_PER_SECOND", &strangers),
        ];
        let arguments = ["serve", "--data", "data", "--listen", "127.0.0.1:0"];
        let mut running = Running::start_with(folder.path(), arguments, &variables);
        let http = Client::builder().no_proxy().timeout(Duration::from_mins(1)).build().expect("a client");
        Self { address: running.address(), running, http, _folder: folder }
    }

    async fn sign_in(&self, login: &str, password: &str, from: &str) -> Response {
        let body = json!({ "login": login, "password": password, "delivery": "body" });
        let request = self.http.post(format!("{}/auth/sign-in", self.address)).json(&body);
        request.header("x-forwarded-for", from).send().await.expect("everybody gets an answer")
    }

    async fn anns_tokens(&self) -> (String, String) {
        let reply = self.sign_in("ann", PASSWORD, ANNS).await;
        assert_eq!(reply.status(), 200);
        let body: Value = reply.json().await.expect("JSON");
        let token = |name: &str| body[name].as_str().expect("both are there").to_owned();
        (token("access_token"), token("refresh_token"))
    }

    /// Where she has signed in before, ann is no stranger.
    async fn ann_signs_in(&self, is_over: &AtomicBool) -> Times {
        let mut times = Times::default();
        while !is_over.load(Ordering::Relaxed) {
            let began = Instant::now();
            assert_eq!(self.sign_in("ann", PASSWORD, ANNS).await.status(), 200);
            times.0.push(began.elapsed());
            // People do not sign in all the time, and have only so many sessions.
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        times
    }

    /// Attacks until told to stop. Returns how long each kind of answer took.
    async fn attack(&self, attacker: u32, is_over: &AtomicBool) -> BTreeMap<u16, Times> {
        static VICTIMS: AtomicU32 = AtomicU32::new(0);
        let mut answers = BTreeMap::<u16, Times>::new();
        while !is_over.load(Ordering::Relaxed) {
            let victim = VICTIMS.fetch_add(1, Ordering::Relaxed);
            let from = format!("198.18.{}.{}", attacker, victim % 256);
            let began = Instant::now();
            let reply = self.sign_in(&format!("user{victim}"), "a guess of many", &from).await;
            answers.entry(reply.status().as_u16()).or_default().0.push(began.elapsed());
            if reply.status() == 503 {
                let header = |name: &str| {
                    reply.headers().get(name).map(|value| value.to_str().expect("text").to_owned())
                };
                assert_eq!(header("retry-after").as_deref(), Some("1"));
                assert_eq!(header("ratelimit").as_deref(), Some("\"strangers\";r=0;t=1"));
            }
        }
        answers
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_flood_of_sign_ins_is_shed_and_starves_nobody() {
    let service = Arc::new(Service::start());
    let (access, refresh) = service.anns_tokens().await;
    let before = service.running.resident_bytes();
    let is_over = Arc::new(AtomicBool::new(false));
    let flood: Vec<_> = (0..ATTACKERS)
        .map(|attacker| {
            let (service, is_over) = (Arc::clone(&service), Arc::clone(&is_over));
            tokio::spawn(async move { service.attack(attacker, &is_over).await })
        })
        .collect();

    let anns = {
        let (service, is_over) = (Arc::clone(&service), Arc::clone(&is_over));
        tokio::spawn(async move { service.ann_signs_in(&is_over).await })
    };

    let (mut whoami, mut refreshes) = (Times::default(), Times::default());
    let began = Instant::now();
    while began.elapsed() < FLOOD {
        let at = Instant::now();
        let asked =
            service.http.get(format!("{}/auth/whoami", service.address)).bearer_auth(&access).send().await;
        assert_eq!(asked.expect("an answer").status(), 200);
        whoami.0.push(at.elapsed());
        let (at, body) = (Instant::now(), json!({ "refresh_token": refresh }));
        let answer = service.http.post(format!("{}/auth/refresh", service.address)).json(&body).send().await;
        assert_eq!(answer.expect("an answer").status(), 200);
        refreshes.0.push(at.elapsed());
    }
    let lasted = began.elapsed();
    let grown =
        service.running.resident_bytes().zip(before).map(|(after, before)| after.saturating_sub(before));
    is_over.store(true, Ordering::Relaxed);
    let mut sign_ins = anns.await.expect("nothing panics");
    let mut answers = BTreeMap::<u16, Times>::new();
    for attacker in flood {
        for (status, times) in attacker.await.expect("no attacker panics") {
            answers.entry(status).or_default().0.extend(times.0);
        }
    }

    let judged = answers.get(&401).map_or(0, |times| times.0.len());
    let mut shed = answers.remove(&503).expect("most are shed");
    eprintln!(
        "a flood of {lasted:?}: judged {judged}, shed {} (p50 {:?}, p99 {:?}); whoami p50 {:?}, p99 {:?}; refresh p50 {:?}, p99 {:?}; \
         ann's sign-in p50 {:?}; memory {} MiB more",
        shed.0.len(),
        shed.at(50),
        shed.at(99),
        whoami.at(50),
        whoami.at(99),
        refreshes.at(50),
        refreshes.at(99),
        sign_ins.at(50),
        grown.unwrap_or_default() / 1024 / 1024,
    );
    let most = f64::from(STRANGERS_PER_SECOND) * (lasted.as_secs_f64() + 3.0);
    assert!(f64::from(u32::try_from(judged).expect("few")) <= most, "{judged} guesses were judged");
    assert_eq!(answers.keys().copied().collect::<Vec<_>>(), [401], "and nothing else is answered");
    assert!(shed.0.len() > 20 * judged, "shed {}, judged {judged}", shed.0.len());
    for (what, times) in [("shed", &mut shed), ("whoami", &mut whoami), ("refresh", &mut refreshes)] {
        assert!(times.at(50) < Duration::from_millis(150), "{what}: p50 {:?}", times.at(50));
        assert!(times.at(99) < Duration::from_secs(1), "{what}: p99 {:?}", times.at(99));
    }
    assert!(grown.is_none_or(|grown| grown < MOST_GROWTH), "{grown:?} bytes");
}
