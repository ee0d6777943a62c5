//! Two replicas that share nothing but the database, behind a proxy that sends every request of a tab to the other one.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use bytes::Bytes;
use futures_util::future::join_all;
use handstamp_e2e::browser::Transport;
use handstamp_e2e::program::Running;
use handstamp_e2e::socket::Socket;
use http::{Method, Request, Response, Uri};

use super::server::Upstream;
use super::stage::{ACME, Stage};
use super::visitor::{Profile, Tab};
use crate::support::free_port;

const TABS: usize = 8;
const SIGN_INS: usize = 200;

/// A person tries again when a page does not load, and not for ever.
const PATIENCE: usize = 6;

/// Two processes on one folder, and a provider.
struct Replicas {
    stage: Stage,
    running: [Option<Running>; 2],
    addresses: [SocketAddr; 2],
    answered: Answered,
}

/// How many requests each of the two has answered.
#[derive(Clone, Default)]
struct Answered(Arc<[AtomicUsize; 2]>);

/// The proxy, as one tab meets it: the other replica each time. One that is not there is passed over.
struct Proxy {
    public: String,
    replicas: [SocketAddr; 2],
    turn: AtomicUsize,
    answered: Answered,
    socket: Socket,
}

impl Replicas {
    fn start() -> Self {
        let stage = Stage::prepared(Upstream::provider, &ACME);
        let addresses = [free_port(), free_port()].map(|port| SocketAddr::from(([127, 0, 0, 1], port)));
        let running = addresses.map(|address| Some(stage.replica(address.port()).start()));
        Self { stage, running, addresses, answered: Answered::default() }
    }

    fn tab(&self, profile: &Profile, number: usize) -> Tab<Proxy> {
        let road = Proxy {
            public: self.stage.base.replace("http://", ""),
            replicas: self.addresses,
            turn: AtomicUsize::new(number),
            answered: self.answered.clone(),
            socket: Socket::new(),
        };
        let mut tab = Tab::new(profile, road);
        // A tab that is there could meet a session that another tab's sign-in has just put an end to, before it hears of the new one.
        tab.leaves_at = Some(self.stage.url("/auth/account").parse().expect("an address"));
        tab
    }

    /// Signs Ann in, eight tabs at a time, each in one of her browsers, and returns how many requests each replica has answered.
    async fn sign_ins(&self, browsers: &[Profile], patience: usize) -> [usize; 2] {
        let tabs = (0..TABS).map(|number| {
            let tab = self.tab(&browsers[number % browsers.len()], number);
            Ann { tab, stage: &self.stage, patience }.sign_ins(number)
        });
        join_all(tabs).await;
        for (number, browser) in browsers.iter().enumerate() {
            self.is_ann_in(browser, number).await;
        }
        self.answered.counts()
    }

    async fn is_ann_in(&self, browser: &Profile, number: usize) {
        let (status, whoami) =
            self.tab(browser, number).ask(Method::GET, &self.stage.url("/auth/whoami")).await;
        assert_eq!((status, whoami["preferred_username"].as_str()), (200, Some("ann")), "{whoami}");
    }

    /// Returns a browser in which Ann is signed in at the provider, so that all redirects run through without her.
    async fn browser_of_ann(&self) -> Profile {
        let profile = Profile::new();
        let tab = self.tab(&profile, 0);
        Ann { tab, stage: &self.stage, patience: 0 }.sign_in("/auth/account").await;
        profile
    }
}

impl Answered {
    fn counts(&self) -> [usize; 2] {
        [0, 1].map(|replica| self.0[replica].load(Ordering::Relaxed))
    }

    /// Waits until so many requests were answered by both together.
    fn wait_for(&self, count: usize) {
        let deadline = Instant::now() + Duration::from_secs(30);
        while self.counts().iter().sum::<usize>() < count {
            assert!(Instant::now() < deadline, "nobody asks any more: {:?}", self.counts());
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}

/// Ann at one of her tabs.
struct Ann<'a> {
    tab: Tab<Proxy>,
    stage: &'a Stage,
    /// How often she tries again when a page is broken.
    patience: usize,
}

impl Ann<'_> {
    /// Signs in again and again, with another place to go each time.
    async fn sign_ins(mut self, number: usize) {
        for round in 0..SIGN_INS / TABS {
            self.sign_in(&goal(number, round)).await;
        }
    }

    async fn sign_in(&mut self, goal: &str) {
        self.begin(goal).await;
        self.finish(goal).await;
    }

    async fn begin(&mut self, goal: &str) {
        let return_to: String = url::form_urlencoded::byte_serialize(goal.as_bytes()).collect();
        self.tab.open(&self.stage.url(&format!("/auth/login/acme?return_to={return_to}"))).await;
    }

    /// Does what a person does: fills in the form, starts again where the page says so, and loads a page that is broken once more.
    async fn finish(&mut self, goal: &str) {
        let mut tries = 0;
        loop {
            let page = self.tab.page.clone();
            if page.text.contains("Sign in to Acme") {
                self.tab.submit(&page.form(), &[("login", "ann"), ("password", "anything")]).await;
                continue;
            }
            if page.url.path() == "/auth/account" {
                assert_eq!(page.url.as_str(), self.stage.url(goal));
                return;
            }
            let said = self.stage.upstream.log();
            assert!(tries < self.patience, "{goal} is not reached: {page:?}, and the provider said {said}");
            tries += 1;
            if page.text.contains("/auth/login/acme") {
                self.tab.follow(&page.link("/auth/login/acme")).await;
            } else {
                self.tab.open(page.url.as_str()).await;
            }
        }
    }
}

fn goal(tab: usize, round: usize) -> String {
    format!("/auth/account?tab={tab}&round={round}")
}

impl Transport for Proxy {
    async fn send(&self, request: Request<Bytes>) -> Response<Bytes> {
        if request.uri().authority().map(http::uri::Authority::as_str) != Some(self.public.as_str()) {
            return self.socket.send(request).await;
        }
        let turn = self.turn.fetch_add(1, Ordering::Relaxed);
        for replica in [turn % 2, (turn + 1) % 2] {
            match self.socket.try_send(readdressed(&request, self.replicas[replica])).await {
                Ok(reply) => {
                    self.answered.0[replica].fetch_add(1, Ordering::Relaxed);
                    return reply;
                }
                // Nothing was sent, so that the other one may have it.
                Err(error) if error.is_connect() => {}
                // Who knows what became of it: a proxy says so and does not send it twice.
                Err(_) => break,
            }
        }
        Response::builder().status(502).body(Bytes::from_static(b"bad gateway")).expect("a reply")
    }
}

/// Sends a request to a replica. `Host` stays what the browser wrote.
fn readdressed(request: &Request<Bytes>, replica: SocketAddr) -> Request<Bytes> {
    let mut request = request.clone();
    let path = request.uri().path_and_query().map_or("/", http::uri::PathAndQuery::as_str);
    *request.uri_mut() = format!("http://{replica}{path}").parse::<Uri>().expect("an address");
    request
}

fn accounts(stage: &Stage) -> usize {
    let users = stage.command(&["user", "list", "--json"]).ok().json();
    users.as_array().map(Vec::len).expect("a list")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_hundred_sign_ins_in_eight_tabs_of_one_browser_all_succeed_whichever_replica_answers() {
    let replicas = Replicas::start();
    let browser = replicas.browser_of_ann().await;

    let began = Instant::now();
    let answered = replicas.sign_ins(std::slice::from_ref(&browser), 0).await;

    eprintln!("{SIGN_INS} sign-ins: {:?}, requests answered by each: {answered:?}", began.elapsed());
    assert!(answered.iter().all(|count| *count >= SIGN_INS), "{answered:?}");
    assert_eq!(browser.cookies("__Host-login"), [""; 0], "nothing is pending any more");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn eight_sign_ins_that_wait_side_by_side_are_finished_in_any_order() {
    let replicas = Replicas::start();
    let browser = Profile::new();
    let tabs = (0..TABS).map(|number| Ann {
        tab: replicas.tab(&browser, number),
        stage: &replicas.stage,
        patience: 0,
    });
    let mut tabs: Vec<_> = tabs.collect();
    for (number, ann) in tabs.iter_mut().enumerate() {
        ann.begin(&goal(number, 0)).await;
    }
    assert_eq!(browser.cookies("__Host-login").len(), TABS, "all of them are pending");

    for (number, ann) in tabs.iter_mut().enumerate().rev() {
        ann.finish(&goal(number, 0)).await;
    }

    assert_eq!(browser.cookies("__Host-login"), [""; 0]);
    replicas.is_ann_in(&browser, 0).await;
}

/// Nobody knew her before, and eight devices are the first to bring her.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_account_is_made_however_many_come_at_once() {
    let replicas = Replicas::start();
    let browsers: Vec<_> = (0..TABS).map(|_| Profile::new()).collect();

    let tabs = browsers.iter().enumerate().map(|(number, browser)| {
        let mut ann = Ann { tab: replicas.tab(browser, number), stage: &replicas.stage, patience: 0 };
        async move { ann.sign_in(&goal(number, 0)).await }
    });
    join_all(tabs).await;
    for (number, browser) in browsers.iter().enumerate() {
        replicas.is_ann_in(browser, number).await;
    }

    assert_eq!(accounts(&replicas.stage), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_hundred_sign_ins_all_succeed_while_one_replica_is_killed_and_comes_back() {
    let mut replicas = Replicas::start();
    let second = replicas.running[1].take().expect("it runs");
    let another = replicas.stage.replica(replicas.addresses[1].port());
    let browser = replicas.browser_of_ann().await;
    let answered = replicas.answered.clone();

    let killer = tokio::task::spawn_blocking(move || {
        answered.wait_for(SIGN_INS / 2);
        second.kill();
        let before = answered.counts();
        answered.wait_for(before[0] + before[1] + SIGN_INS / 4);
        (another.start(), before)
    });
    let after = replicas.sign_ins(std::slice::from_ref(&browser), PATIENCE).await;
    let (_second, before) = killer.await.expect("it came back");

    eprintln!("answered when one was killed: {before:?}, in the end: {after:?}");
    assert!(after[1] > before[1], "the one that was killed never took part again: {before:?} {after:?}");
    assert_eq!(accounts(&replicas.stage), 1);
}
