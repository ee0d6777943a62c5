//! The keys of an issuer elsewhere: fetched ahead, kept when the issuer is away, never fetched at a stranger's command.

use std::sync::Arc;
use std::time::Duration;

use handstamp_token::{Entropy, KeyError};
use tokio::sync::{Notify, watch};
use tokio::task::JoinHandle;
use tokio::time::{Instant, timeout_at};
use url::Url;

use super::SharedKeys;
use crate::http_client::{FetchError, HttpClient};
use crate::jitter::FOR_EVER;

pub(crate) mod discovery;
mod refresh;

/// How the issuer's keys are fetched and kept.
#[derive(Debug, Clone)]
pub(crate) struct RemoteSettings {
    /// The time between two refreshes while all is well.
    pub(crate) refresh_interval: Duration,
    /// Tokens that name unknown keys cause at most one fetch in this time, however many there are.
    pub(crate) cooldown: Duration,
    /// How long one request may take.
    pub(crate) timeout: Duration,
    /// How long keys are believed while the issuer cannot be reached.
    pub(crate) max_stale: Duration,
    /// The key set's address, where it is not discovered.
    pub(crate) jwks_uri: Option<Url>,
}

/// The handle to a task that keeps [`SharedKeys`] up to date. The task ends with the handle.
pub(crate) struct RemoteKeys {
    wanted: Arc<Notify>,
    progress: watch::Receiver<Progress>,
    settings: RemoteSettings,
    task: JoinHandle<()>,
}

/// What the task tells about itself.
#[derive(Debug, Clone, Copy)]
struct Progress {
    /// How many fetches have ended.
    finished: u64,
    /// Whether one is on its way.
    fetching: bool,
    /// Whether the last one that ended brought keys.
    succeeded: bool,
    /// When the last one began.
    began: Option<Instant>,
    /// When the next one begins by itself.
    next: Instant,
}

/// Why a refresh brought no keys. Logged; clients only learn that keys are missing.
#[derive(Debug, thiserror::Error)]
pub(crate) enum RefreshError {
    #[error(transparent)]
    Fetch(#[from] FetchError),
    #[error("{url} is not authorization server metadata")]
    Metadata {
        url: Url,
        #[source]
        source: serde_json::Error,
    },
    #[error("the metadata is of the issuer {actual:?}, expected {expected:?}")]
    OtherIssuer { expected: String, actual: String },
    #[error("the metadata's jwks_uri {jwks_uri:?} is not an address")]
    JwksUri { jwks_uri: String },
    #[error("{url} is not a usable JWK Set")]
    Keys {
        url: Url,
        #[source]
        source: KeyError,
    },
    #[error("{url} has no key that can verify signatures")]
    NoKeys { url: Url },
}

/// No refresh follows the last one sooner: the issuer is asked by many.
const SHORTEST_INTERVAL: Duration = Duration::from_secs(1);

impl RemoteSettings {
    /// Returns the same with times that can be added to the present one. If that failed in the task, the keys of that moment would be
    /// believed for as long as the process runs.
    fn within_reach(self) -> Self {
        Self {
            refresh_interval: self.refresh_interval.clamp(SHORTEST_INTERVAL, FOR_EVER),
            cooldown: self.cooldown.min(FOR_EVER),
            timeout: self.timeout.min(FOR_EVER),
            ..self
        }
    }
}

impl RemoteKeys {
    /// Starts fetching at once, in the background of the current tokio runtime.
    pub(crate) fn spawn(
        issuer: Url,
        expected_issuer: String,
        client: HttpClient,
        settings: RemoteSettings,
        entropy: Arc<dyn Entropy>,
        keys: SharedKeys,
    ) -> Self {
        let wanted = Arc::new(Notify::new());
        let settings = settings.within_reach();
        let start =
            Progress { finished: 0, fetching: true, succeeded: false, began: None, next: Instant::now() };
        let (report, progress) = watch::channel(start);
        let source = refresh::Source { issuer, expected_issuer, client, jwks_uri: settings.jwks_uri.clone() };
        let refresher = refresh::Refresher::new(source, settings.clone(), entropy, keys, report);
        let task = tokio::spawn(refresher.run(Arc::clone(&wanted)));
        Self { wanted, progress, settings, task }
    }

    /// Asks for fresh keys because a token names an unknown one, and waits for them if a fetch is due or on its way.
    ///
    /// However many tokens ask, one fetch serves them all, and none begins within the cooldown of the last.
    pub(crate) async fn ask(&self) {
        let mut progress = self.progress.clone();
        let seen = *progress.borrow_and_update();
        if !seen.fetching {
            if seen.began.is_some_and(|began| began.elapsed() < self.settings.cooldown) {
                return;
            }
            self.wanted.notify_one();
        }
        let deadline = Instant::now() + self.settings.timeout;
        let ended = progress.wait_for(|now| now.finished > seen.finished);
        // An error means time-out or the end of the task: either way there is nothing to wait for.
        let _ = timeout_at(deadline, ended).await;
    }

    /// Returns whether the last fetch failed, so that an unknown key may yet be a good one.
    pub(crate) fn is_failing(&self) -> bool {
        !self.progress.borrow().succeeded
    }

    /// Returns when the next fetch begins by itself: that is when asking again may help.
    pub(crate) fn retry_after(&self) -> Duration {
        let progress = *self.progress.borrow();
        let wait = if progress.fetching { self.settings.timeout } else { progress.next - Instant::now() };
        wait.clamp(Duration::from_secs(1), Duration::from_mins(1))
    }
}

impl Drop for RemoteKeys {
    fn drop(&mut self) {
        self.task.abort();
    }
}
