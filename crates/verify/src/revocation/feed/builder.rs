use std::sync::Arc;
use std::time::Duration;

use handstamp_token::{Entropy, ValidatorError};
use tokio::sync::Mutex;
use tokio::task::JoinHandle;
use tokio::time::Instant;
use url::Url;

use super::{
    access::FeedAccess, batches::BatchVerifier, connection::Connection, report::HeldKids, task::Task,
};
use crate::Clock;
use crate::http_client::{HttpClient, PlainHttp};
use crate::jitter::FOR_EVER;
use crate::revocation::{FollowOptions, Revocations};

/// Follows the revocation log of an auth service elsewhere.
#[derive(Debug)]
pub struct Feed;

/// Makes a [`Feed`].
pub struct FeedBuilder {
    issuer: String,
    access: FeedAccess,
    urls: Vec<Url>,
    options: FollowOptions,
    held_kids: HeldKids,
    heartbeat_timeout: Duration,
    longest_wait: Duration,
    poll_interval: Duration,
    plain_http: PlainHttp,
}

/// Why a feed cannot be followed. The developer's or the operator's fault.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FeedError {
    /// The issuer is empty.
    #[error(transparent)]
    Issuer(#[from] ValidatorError),
    /// An address cannot be one of a feed.
    #[error(
        "{address:?} is not an address of a revocation feed: it takes https, or http within this machine"
    )]
    Address {
        /// The address.
        address: String,
    },
    /// The HTTP client cannot be made, for example because the machine has no trusted certificates.
    #[error("the HTTP client cannot be made")]
    HttpClient(#[source] reqwest::Error),
}

/// The task that follows a feed. It ends with this handle.
#[derive(Debug)]
#[must_use = "dropping it ends the feed"]
pub struct FeedTask {
    task: JoinHandle<()>,
}

/// How long one poll or report may take.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(10);

impl Feed {
    /// Begins to make a feed of this issuer's log. How the service shows who it is has no default.
    pub fn builder(issuer: impl Into<String>, access: FeedAccess) -> FeedBuilder {
        FeedBuilder {
            issuer: issuer.into(),
            access,
            urls: Vec::new(),
            options: FollowOptions::default(),
            held_kids: Arc::new(Vec::new),
            // Three heartbeats, and a little for the way.
            heartbeat_timeout: Duration::from_millis(6_500),
            longest_wait: Duration::from_secs(5),
            poll_interval: Duration::from_secs(2),
            plain_http: PlainHttp::Loopback,
        }
    }
}

impl FeedBuilder {
    /// Adds the feed's address at one replica. Default: `/revocations` below the issuer. With several, a failure goes on to the
    /// next.
    #[must_use]
    pub fn url(mut self, url: Url) -> Self {
        self.urls.push(url);
        self
    }

    /// Sets how many selectors are told apart. See [`FollowOptions::max_events`].
    #[must_use]
    pub fn max_events(mut self, count: usize) -> Self {
        self.options.max_events = count;
        self
    }

    /// Says which signing keys the service holds, for the issuer's operator to see who is behind. Asked once a second.
    #[must_use]
    pub fn held_kids(mut self, kids: impl Fn() -> Vec<String> + Send + Sync + 'static) -> Self {
        self.held_kids = Arc::new(kids);
        self
    }

    /// Sets after how long without news a stream is given up. Default: 6.5 seconds, three heartbeats.
    #[must_use]
    pub fn heartbeat_timeout(mut self, timeout: Duration) -> Self {
        self.heartbeat_timeout = timeout;
        self
    }

    /// Sets the longest pause before a stream is opened again. The first ones are shorter; all are random below the bound.
    /// Default: 5 seconds.
    #[must_use]
    pub fn longest_wait(mut self, wait: Duration) -> Self {
        self.longest_wait = wait;
        self
    }

    /// Sets how often the snapshot is asked for while no stream brings news. Default: 2 seconds.
    #[must_use]
    pub fn poll_interval(mut self, interval: Duration) -> Self {
        self.poll_interval = interval;
        self
    }

    /// Takes plain http from other machines. The batches are signed, but the keys they are verified with and the client's
    /// secret are not safe from whoever stands between.
    #[must_use]
    pub fn dangerous_plain_http(mut self) -> Self {
        self.plain_http = PlainHttp::Anywhere;
        self
    }

    /// Starts following, in the background of the current tokio runtime. Until the first snapshot has arrived no token passes,
    /// except under [`ServeStale`](crate::revocation::SilencePolicy::ServeStale).
    pub fn spawn(
        mut self,
        clock: Arc<dyn Clock>,
        entropy: Arc<dyn Entropy>,
    ) -> Result<(Revocations, FeedTask), FeedError> {
        let verifier = BatchVerifier::new(&self.issuer)?;
        let client = HttpClient::new(REQUEST_TIMEOUT, self.plain_http).map_err(FeedError::HttpClient)?;
        if self.urls.is_empty() {
            self.urls.push(default_url(&self.issuer)?);
        }
        if let Some(url) = self.urls.iter().find(|url| !client.may_ask(url) || url.cannot_be_a_base()) {
            return Err(FeedError::Address { address: url.to_string() });
        }
        let (revocations, follower) = Revocations::follow(self.options);
        let connection = Connection {
            shared: follower.shared(),
            follower: std::sync::Mutex::new(follower),
            verifier: Mutex::new(verifier),
            last_batch: std::sync::Mutex::new(None),
            client,
            access: self.access,
            clock,
            entropy,
            heartbeat_timeout: self.heartbeat_timeout.min(FOR_EVER),
            started: Instant::now(),
        };
        let task = Task {
            connection: Arc::new(connection),
            bases: self.urls,
            held_kids: self.held_kids,
            longest_wait: self.longest_wait,
            // An interval of nothing would be refused by the timer.
            poll_interval: self.poll_interval.max(Duration::from_millis(80)),
        };
        Ok((revocations, FeedTask { task: tokio::spawn(task.run()) }))
    }
}

fn default_url(issuer: &str) -> Result<Url, FeedError> {
    let address = format!("{}/revocations", issuer.trim_end_matches('/'));
    address.parse().map_err(|_| FeedError::Address { address })
}

impl Drop for FeedTask {
    fn drop(&mut self) {
        self.task.abort();
    }
}
