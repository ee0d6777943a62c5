//! What the stories are told with.

mod flaky_store;
mod log;
mod page;
mod reply;
mod request;
pub(crate) mod sites;
mod upstream;

use std::{
    net::{IpAddr, SocketAddr},
    sync::Arc,
    time::Duration,
};

use axum::Router;
use bytes::Bytes;
use handstamp_core::{
    Context,
    model::User,
    settings::{Settings, TokenEncryption, TokenSecrets},
    store::Store,
    test_support::{FixedClock, MemoryStore},
};
use handstamp_e2e::browser::{Browser, Fetch, Jar, Transport};
use handstamp_server::{
    AppState, ClientCredential, ClientSecret, Clock, Parts, Peer, Shared,
    config::{Config, Override, PublicUrl},
    router,
};
use handstamp_token::Algorithm;
use http::{Method, Request, Response};
use http_body_util::BodyExt as _;
use jiff::{SignedDuration, Timestamp};
use tower::ServiceExt as _;

pub(crate) use flaky_store::FlakyStore;
pub(crate) use handstamp_core::test_support::PASSWORD;
pub(crate) use log::Log;
pub(crate) use page::{submit, submit_from, visit, visit_from, whoami};
pub(crate) use reply::Reply;
pub(crate) use request::Call;
pub(crate) use upstream::{Answer, CLIENT, Iss, SECRET, Signer, Upstream, Wrong, query};

/// Where the service of the stories lives.
pub(crate) const AUTH: &str = "https://auth.example";
/// Another site's page that the configuration allows to call.
pub(crate) const APP: &str = "https://app.example.net";

/// A service over a store in memory, with a clock in the teller's hand.
pub(crate) struct Kit {
    pub(crate) rules: Arc<handstamp_core::test_support::Kit>,
    pub(crate) store: Arc<FlakyStore>,
    pub(crate) app: AppState,
    shared: Shared,
    router: Router,
}

/// The clock in the teller's hand, and by how many seconds a replica's is off.
struct HandClock(FixedClock, i64);

impl Clock for HandClock {
    fn now(&self) -> Timestamp {
        self.0.now() + SignedDuration::from_secs(self.1)
    }
}

impl Kit {
    /// Returns a service with the product's defaults.
    pub(crate) async fn new() -> Self {
        Self::with(&[]).await
    }

    /// Returns a service with the product's defaults, and a browser in which its one user, `ann`, has signed in.
    pub(crate) async fn with_ann() -> (Self, Browser<InProcess>) {
        let kit = Self::new().await;
        kit.user("ann").await;
        let browser = kit.signed_in("ann").await;
        (kit, browser)
    }

    /// Returns a service with changed settings: dotted keys and their values.
    pub(crate) async fn with(settings: &[(&str, &str)]) -> Self {
        let origins = ("server.allowed_origins", APP);
        let url = ("server.public_url", AUTH);
        let overrides: Vec<_> = [url, origins]
            .iter()
            .chain(settings)
            .map(|(key, value)| Override {
                key: (*key).to_owned(),
                value: (*value).to_owned(),
                place: "test".to_owned(),
            })
            .collect();
        let config = Config::load(None, &overrides).expect("the settings are good");
        Self::of(config, FixedClock::new()).await
    }

    /// Returns a service with this configuration file, whose upstreams all take this client secret.
    pub(crate) async fn configured(text: &str, secret: &str, clock: FixedClock) -> Self {
        let file = format!("[server]\npublic_url = \"{AUTH}\"\nallowed_origins = [\"{APP}\"]\n{text}");
        let mut config = Config::load(Some(("handstamp.toml", &file)), &[]).expect("the settings are good");
        for upstream in config.upstreams.values_mut() {
            upstream.credential = ClientSecret::new(secret).map(ClientCredential::Secret);
        }
        Self::of(config, clock).await
    }

    /// Returns a service over a store of its own.
    pub(crate) async fn of(config: Config, clock: FixedClock) -> Self {
        let public_url = config.public_url(config.server.listen).expect("the URL is good");
        let store = Arc::new(FlakyStore::new(MemoryStore::new(clock.clone())));
        Self::over(store, clock, config, public_url, |_| {}).await
    }

    /// Returns the service after a restart with its access tokens encrypted.
    pub(crate) async fn restarted_with(&self, encryption: TokenEncryption) -> Self {
        self.restarted(|settings| settings.tokens.encryption = Some(encryption)).await
    }

    /// Returns the service after a restart with its access tokens signed with these secrets, or with key pairs.
    pub(crate) async fn restarted_with_secrets(&self, secrets: Option<&str>) -> Self {
        let algorithm = if secrets.is_some() { Algorithm::Hs256 } else { Algorithm::Es256 };
        let secrets = secrets.map(|text| TokenSecrets::from_text(algorithm, text).expect("they can be used"));
        self.restarted(|settings| (settings.tokens.algorithm, settings.tokens.secrets) = (algorithm, secrets))
            .await
    }

    /// Returns the service after a restart with other settings.
    pub(crate) async fn restarted(&self, change: impl FnOnce(&mut Settings)) -> Self {
        let (config, public_url) = (self.app.config().clone(), self.app.public_url().clone());
        let (store, clock) = (Arc::clone(&self.store), self.rules.clock.clone());
        Self::over(store, clock, config, public_url, change).await
    }

    async fn over(
        store: Arc<FlakyStore>,
        clock: FixedClock,
        config: Config,
        public_url: PublicUrl,
        change: impl FnOnce(&mut Settings),
    ) -> Self {
        log::start();
        let over: Arc<dyn Store> = store.clone();
        let mut settings = config.settings(&public_url);
        change(&mut settings);
        let rules = handstamp_core::test_support::Kit::over(over, clock, |before| *before = settings).await;
        let shared = Shared::default();
        let app = app(&rules, config, public_url, 0, &shared);
        Self { rules: Arc::new(rules), store, router: router(&app), app, shared }
    }

    /// Returns another replica on the same store, which has just been started.
    pub(crate) fn another_replica(&self) -> Self {
        self.another_replica_off_by(0)
    }

    /// Returns another replica on the same store, whose clock is off by so many seconds.
    pub(crate) fn another_replica_off_by(&self, seconds: i64) -> Self {
        self.replica(seconds, self.shared.clone())
    }

    /// Returns the first of several replicas, which share this.
    pub(crate) fn sharing(&self, shared: Shared) -> Self {
        self.replica(0, shared)
    }

    fn replica(&self, off_by: i64, shared: Shared) -> Self {
        let (config, public_url) = (self.app.config().clone(), self.app.public_url().clone());
        let app = app(&self.rules, config, public_url, off_by, &shared);
        let (rules, store) = (Arc::clone(&self.rules), Arc::clone(&self.store));
        Self { rules, store, router: router(&app), app, shared }
    }

    /// Returns the rules beneath the service.
    pub(crate) fn core(&self) -> &Context {
        &self.rules.ctx
    }

    /// Adds a user with the kit's password and the role `buyer`.
    pub(crate) async fn user(&self, name: &str) -> User {
        self.rules.user(name).await
    }

    /// Lets time pass.
    pub(crate) fn wait(&self, time: Duration) {
        self.rules.wait(time);
    }

    /// Starts a request that no browser sends.
    pub(crate) fn call(&self, method: Method, path: &str) -> Call<'_> {
        Call::new(self, method, path)
    }

    /// Starts a GET request.
    pub(crate) fn get(&self, path: &str) -> Call<'_> {
        self.call(Method::GET, path)
    }

    /// Starts a POST request.
    pub(crate) fn post(&self, path: &str) -> Call<'_> {
        self.call(Method::POST, path)
    }

    /// Returns a browser with an empty profile.
    pub(crate) fn browser(&self) -> Browser<InProcess> {
        Browser::new(InProcess(self.router.clone(), self.app.clone()), self.rules.clock.now().as_second())
    }

    /// Returns a browser with the cookies of another time.
    pub(crate) fn browser_with(&self, jar: Jar) -> Browser<InProcess> {
        let mut browser = self.browser();
        browser.jar = jar;
        browser
    }

    /// Returns a browser in which somebody has signed in on the service's own page.
    pub(crate) async fn signed_in(&self, login: &str) -> Browser<InProcess> {
        let mut browser = self.browser();
        let reply = browser.fetch(sign_in(AUTH, login, PASSWORD)).await.expect("nothing blocks it");
        assert_eq!(reply.status(), 200, "{:?}", reply.body());
        browser
    }

    /// Signs in with body delivery and returns both tokens.
    pub(crate) async fn tokens(&self, login: &str) -> (String, String) {
        let reply = self.post("/auth/sign-in").json(&sign_in_body(login, PASSWORD, "body")).send().await;
        let body = reply.expect(200).json();
        let text = |name: &str| body[name].as_str().expect("both tokens are there").to_owned();
        (text("access_token"), text("refresh_token"))
    }

    pub(crate) fn router(&self) -> Router {
        self.router.clone()
    }
}

fn app(
    rules: &handstamp_core::test_support::Kit,
    config: Config,
    public_url: PublicUrl,
    off_by: i64,
    shared: &Shared,
) -> AppState {
    AppState::new(Parts {
        context: Arc::clone(&rules.ctx),
        config,
        public_url,
        clock: Arc::new(HandClock(rules.clock.clone(), off_by)),
        root_key: rules.root.clone(),
        shared: shared.clone(),
    })
    .expect("the parts fit together")
}

/// Carries requests by a function call.
#[derive(Clone)]
pub(crate) struct InProcess(Router, AppState);

impl Transport for InProcess {
    async fn send(&self, request: Request<Bytes>) -> Response<Bytes> {
        // In the place of the publisher, which runs beside the service.
        self.1.follow_revocations().await;
        exchange(self.0.clone(), request, by_https(IpAddr::from([203, 0, 113, 5]))).await
    }
}

/// The other end of a connection over TLS.
pub(crate) fn by_https(from: IpAddr) -> Peer {
    Peer { address: SocketAddr::from((from, 4711)), tls: true }
}

/// Sends one request into a router.
pub(crate) async fn exchange(router: Router, request: Request<Bytes>, from: Peer) -> Response<Bytes> {
    let mut request = request.map(axum::body::Body::from);
    request.extensions_mut().insert(from);
    let response = router.oneshot(request).await.expect("a router answers");
    let (head, body) = response.into_parts();
    let body = body.collect().await.expect("the body is whole").to_bytes();
    Response::from_parts(head, body)
}

/// A sign-in by a script of a page.
pub(crate) fn sign_in(page: &str, login: &str, password: &str) -> Fetch {
    Fetch::script(page, Method::POST, &format!("{AUTH}/auth/sign-in"))
        .json(sign_in_body(login, password, "cookie").to_string())
}

/// The body of a sign-in.
pub(crate) fn sign_in_body(login: &str, password: &str, delivery: &str) -> serde_json::Value {
    serde_json::json!({ "login": login, "password": password, "delivery": delivery })
}

/// A request by a script of the service's own page.
pub(crate) fn own(method: Method, path: &str) -> Fetch {
    Fetch::script(AUTH, method, &format!("{AUTH}{path}"))
}
