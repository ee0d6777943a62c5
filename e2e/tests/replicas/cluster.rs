//! Three replicas that share PostgreSQL and Redis, the wires between them, and the front that people come by.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use handstamp_e2e::front::Front;
use handstamp_e2e::program::{Finished, Running, run_with};
use handstamp_testbed::{Postgres, Redis, Wire};
use handstamp_verify::Verifier;
use handstamp_verify::revocation::SilencePolicy;
use reqwest::{Client, RequestBuilder};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep};

use crate::revocation::house::{Service, service};
use crate::support::{PASSWORD, PATIENCE, Reply, free_port};

pub(super) const REPLICAS: usize = 3;

/// How long a client waits for a refresh: what `refresh_client_timeout` below says.
pub(super) const CLIENT_PATIENCE: Duration = Duration::from_secs(2);

const ROOT_KEY: (&str, &str) =
    ("HANDSTAMP_ROOT_KEY", "hsroot_5f5f5f5f5f5f5f5f5f5f5f5f5f5f5f5f5f5f5f5f5f5f5f5f5f5f5f5f5f5f5f5f");

/// Rotations are due after seconds, so that a fault of seconds meets many of them; and whoever signs in often is no attacker here.
const SETTINGS: [(&str, &str); 8] = [
    ("HANDSTAMP_SESSIONS_REFRESH_GRACE", "5s"),
    ("HANDSTAMP_SESSIONS_REFRESH_CLIENT_TIMEOUT", "2s"),
    ("HANDSTAMP_SESSIONS_REFRESH_SERVICE_TIMEOUT", "1s"),
    ("HANDSTAMP_SERVER_REQUEST_TIMEOUT", "1s"),
    ("HANDSTAMP_RATE_LIMITS_ACCOUNT_ATTEMPTS", "100000"),
    ("HANDSTAMP_RATE_LIMITS_ADDRESS_ATTEMPTS", "100000"),
    ("HANDSTAMP_REVOCATION_SUBSCRIBERS", "open"),
    ROOT_KEY,
];

/// The set-up for many machines, on one.
pub(super) struct Cluster {
    pub(super) postgres: Postgres,
    pub(super) redis: Redis,
    /// What the replicas reach PostgreSQL by.
    pub(super) to_postgres: Wire,
    /// What the replicas reach Redis by.
    pub(super) to_redis: Wire,
    pub(super) http: Client,
    folder: TempDir,
    database: String,
    front: SocketAddr,
    addresses: [SocketAddr; REPLICAS],
    running: Mutex<[Option<Running>; REPLICAS]>,
    passing: JoinHandle<()>,
}

impl Cluster {
    /// Starts all of it, with Ann among its users.
    pub(super) async fn start() -> Self {
        Self::start_with(&[]).await
    }

    /// Starts all of it, with further variables for every replica.
    pub(super) async fn start_with(variables: &[(&str, &str)]) -> Self {
        let (postgres, redis) = (Postgres::start(), Redis::start());
        let (to_postgres, to_redis) = (Wire::to(postgres.port()), Wire::to(redis.port()));
        let database = to_postgres.through(&postgres.database(), postgres.port());
        let addresses = [(); REPLICAS].map(|()| SocketAddr::from(([127, 0, 0, 1], free_port())));
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let front = listener.local_addr().expect("an address");
        let passing = Front::before(&addresses).pass_requests(listener, std::future::pending());
        let http = Client::builder().no_proxy().timeout(CLIENT_PATIENCE).build().expect("a client");
        let cluster = Self {
            postgres,
            redis,
            to_postgres,
            to_redis,
            http,
            folder: TempDir::new().expect("a folder"),
            database,
            front,
            addresses,
            running: Mutex::default(),
            passing: tokio::spawn(passing),
        };
        let user = ["user", "add", "ann", "--email", "ann@example.org", "--password-stdin"];
        cluster.command(&user, format!("{PASSWORD}\n").as_bytes()).ok();
        for replica in 0..REPLICAS {
            cluster.revive(replica, variables);
        }
        cluster
    }

    /// Where people and services come.
    pub(super) fn base(&self) -> String {
        format!("http://{}", self.front)
    }

    /// Where one of the replicas is by itself.
    pub(super) fn replica(&self, number: usize) -> String {
        format!("http://{}", self.addresses[number])
    }

    /// Runs a command on the database.
    pub(super) fn command(&self, arguments: &[&str], stdin: &[u8]) -> Finished {
        let variables = [("HANDSTAMP_STORAGE_DATABASE_URL", self.database.as_str()), ROOT_KEY];
        run_with(self.folder.path(), arguments, &variables, stdin)
    }

    /// Does something that waits for a program, and keeps nobody else waiting.
    pub(super) async fn aside(self: &Arc<Self>, work: impl FnOnce(&Self) + Send + 'static) {
        let cluster = Arc::clone(self);
        tokio::task::spawn_blocking(move || work(&cluster)).await.expect("it is done");
    }

    /// Stops PostgreSQL for something that is done to it, and returns when every replica is ready again.
    pub(super) async fn at_stopped_postgres(self: &Arc<Self>, meanwhile: fn(&Postgres)) {
        let stopped = move |cluster: &Self| {
            cluster.postgres.stop();
            meanwhile(&cluster.postgres);
            cluster.postgres.start_again();
        };
        self.aside(stopped).await;
        self.until_ready().await;
    }

    /// Waits until every replica says that it is ready.
    pub(super) async fn until_ready(&self) {
        let deadline = Instant::now() + PATIENCE;
        for replica in 0..REPLICAS {
            while self.ready(replica).await.is_none_or(|ready| ready.status != 200) {
                assert!(Instant::now() < deadline, "replica {replica} never is ready again: {}", self.log());
                sleep(Duration::from_millis(50)).await;
            }
        }
    }

    /// Asks the database itself, as its operator may.
    pub(super) fn sql(&self, sql: &str) -> String {
        let (_, name) = self.database.rsplit_once('/').expect("a URL with a database");
        self.postgres.sql(name, sql)
    }

    /// Starts a replica, with further variables.
    pub(super) fn revive(&self, number: usize, variables: &[(&str, &str)]) {
        let (base, listen) = (self.base(), self.addresses[number].to_string());
        let redis = self.to_redis.through(&self.redis.url(), self.redis.port());
        let own = [
            ("HANDSTAMP_SERVER_PUBLIC_URL", base.as_str()),
            ("HANDSTAMP_STORAGE_DATABASE_URL", self.database.as_str()),
            ("HANDSTAMP_REDIS_URL", redis.as_str()),
        ];
        let all: Vec<_> = SETTINGS.iter().chain(&own).chain(variables).copied().collect();
        let mut replica = Running::start_with(self.folder.path(), ["serve", "--listen", &listen], &all);
        replica.address();
        self.running()[number] = Some(replica);
    }

    /// Kills a replica where it stands.
    pub(super) fn kill(&self, number: usize) {
        self.running()[number].take().expect("it runs").kill();
    }

    /// Returns what the replicas that run now have logged.
    pub(super) fn log(&self) -> String {
        let running = self.running();
        running.iter().flatten().map(Running::stderr).collect::<Vec<_>>().join("\n──\n")
    }

    /// Starts a service that trusts the cluster's tokens and follows its feed.
    pub(super) fn service(&self) -> Verifier {
        service(&self.base(), Service { policy: SilencePolicy::refuse(), skew: 0 }, &[self.front])
    }

    /// Asks whoever is at `base` for something, as a client without a browser does. Nothing comes back if nobody is there.
    pub(super) async fn post(
        &self,
        base: &str,
        path: &str,
        bearer: Option<&str>,
        body: &Value,
    ) -> Option<Reply> {
        let mut request = self.http.post(format!("{base}{path}")).header("x-handstamp", "1").json(body);
        if let Some(bearer) = bearer {
            request = request.bearer_auth(bearer);
        }
        answer(request).await
    }

    /// Asks whoever is at `base` who a token belongs to.
    pub(super) async fn whoami(&self, base: &str, access: &str) -> Option<Reply> {
        answer(self.http.get(format!("{base}/auth/whoami")).bearer_auth(access)).await
    }

    /// Asks a replica whether it is ready.
    pub(super) async fn ready(&self, number: usize) -> Option<Reply> {
        answer(self.http.get(format!("{}/health/ready", self.replica(number)))).await
    }

    /// Signs Ann in on another device.
    pub(super) async fn sign_in(&self, base: &str) -> Option<Reply> {
        let body = json!({ "login": "ann", "password": PASSWORD, "delivery": "body" });
        self.post(base, "/auth/sign-in", None, &body).await
    }

    /// Refreshes a session by whichever replica.
    pub(super) async fn refresh(&self, token: &Value) -> Option<Reply> {
        self.post(&self.base(), "/auth/refresh", None, &json!({ "refresh_token": token })).await
    }

    fn running(&self) -> MutexGuard<'_, [Option<Running>; REPLICAS]> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Sends a request. Whoever is told "not now" is told when to come again.
async fn answer(request: RequestBuilder) -> Option<Reply> {
    let reply = request.send().await.ok()?;
    let says_when = reply.headers().contains_key("retry-after");
    assert!(reply.status() != 503 || says_when, "503 without Retry-After: {reply:?}");
    Reply::read(reply).await
}

impl Drop for Cluster {
    fn drop(&mut self) {
        self.passing.abort();
    }
}
