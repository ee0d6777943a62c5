use std::sync::Arc;
use std::time::Duration;

use handstamp_api_types::Rev;
use handstamp_api_types::revocation::{
    LAST_BATCH_HEADER, MAX_BATCHES_PER_SNAPSHOT, MAX_LAST_BATCH, RevocationReport, RevocationSnapshot,
};
use handstamp_token::{Entropy, MAX_DOCUMENT_LEN};
use http::{Method, StatusCode, header};
use tokio::sync::Mutex;
use tokio::time::{Instant, error::Elapsed, timeout};
use url::Url;

use super::{
    access::FeedAccess,
    batches::{BatchError, BatchVerifier},
    sse::{EventReader, TooLong},
};
use crate::Clock;
use crate::http_client::{FetchError, HttpClient, body_of, send};
use crate::revocation::{
    follower::{FollowError, Follower, Moment, Progress},
    handle::Shared,
    link::Link,
};

/// What the stream and the polls have in common: one follower, fed by whichever has news.
pub(super) struct Connection {
    pub(super) shared: Arc<Shared>,
    pub(super) follower: std::sync::Mutex<Follower>,
    pub(super) verifier: Mutex<BatchVerifier>,
    /// The newest batch, as it came: the issuer's own word for how far its log was.
    pub(super) last_batch: std::sync::Mutex<Option<String>>,
    pub(super) client: HttpClient,
    pub(super) access: FeedAccess,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) entropy: Arc<dyn Entropy>,
    /// No news within this means that the connection is dead, whatever TCP says.
    pub(super) heartbeat_timeout: Duration,
    pub(super) started: Instant,
}

/// Why a connection ended.
#[derive(Debug, thiserror::Error)]
pub(super) enum ConnectionError {
    #[error(transparent)]
    Fetch(FetchError),
    #[error("the feed is for clients with the scope `revocations`, and took this one for none of them")]
    Refused(#[source] FetchError),
    #[error(transparent)]
    Batch(#[from] BatchError),
    #[error(transparent)]
    Follow(#[from] FollowError),
    #[error(transparent)]
    Stream(#[from] TooLong),
    #[error("nothing was heard for too long")]
    Silent(#[from] Elapsed),
    #[error("the answer is not an event stream")]
    NotAStream,
    #[error("the stream ended")]
    Ended,
    #[error("the snapshot is not what a snapshot looks like")]
    Snapshot(#[from] serde_json::Error),
}

impl From<FetchError> for ConnectionError {
    fn from(error: FetchError) -> Self {
        match error {
            FetchError::Status { status: StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN, .. } => {
                Self::Refused(error)
            }
            _ => Self::Fetch(error),
        }
    }
}

impl ConnectionError {
    /// Returns whether events were lost on the way, which asking again will mend.
    pub(super) fn is_gap(&self) -> bool {
        matches!(self, Self::Follow(FollowError::Gap { .. }))
    }
}

/// A snapshot reply: as many batches as may be in it, and a little for the JSON around them.
const MAX_SNAPSHOT: usize = (MAX_BATCHES_PER_SNAPSHOT + 1) * (MAX_DOCUMENT_LEN / 4);

impl Connection {
    /// Follows the event stream until it ends.
    pub(super) async fn stream(&self, base: &Url) -> ConnectionError {
        let opened = self.stream_until_error(base).await;
        self.shared.counters.set_connected(false);
        opened.err().unwrap_or(ConnectionError::Ended)
    }

    async fn stream_until_error(&self, base: &Url) -> Result<(), ConnectionError> {
        let mut link = self.new_link();
        let mut url = base.clone();
        url.query_pairs_mut().append_pair("nonce", link.nonce());
        // A stream has no end, so the client's limit for a whole answer must not apply.
        let mut request = self
            .showing_last_batch(self.request(Method::GET, &url)?)
            .timeout(Duration::MAX)
            .header(header::ACCEPT, "text/event-stream");
        if let Some(position) = self.position() {
            request = request.header("last-event-id", position.to_string());
        }
        let mut response = timeout(self.heartbeat_timeout, send(request, &url)).await??;
        let content_type =
            response.headers().get(header::CONTENT_TYPE).map(|value| value.as_bytes().to_vec());
        if !content_type.is_some_and(|found| found.starts_with(b"text/event-stream")) {
            return Err(ConnectionError::NotAStream);
        }
        let mut events = EventReader::default();
        // What arrives and does not pass must not keep the connection alive.
        let mut deadline = Instant::now() + self.heartbeat_timeout;
        loop {
            let chunk = tokio::time::timeout_at(deadline, response.chunk()).await?;
            let Some(chunk) = chunk.map_err(|source| FetchError::transport(base, source))? else {
                return Err(ConnectionError::Ended);
            };
            for batch in events.push(&chunk)? {
                let is_first = !link.is_answered();
                self.take(&mut link, base, &batch).await?;
                if is_first {
                    self.shared.counters.set_connected(true);
                }
                deadline = Instant::now() + self.heartbeat_timeout;
            }
        }
    }

    /// Asks for what happened since, once or as often as it takes to get to the head.
    pub(super) async fn poll(&self, base: &Url) -> Result<(), ConnectionError> {
        loop {
            let mut link = self.new_link();
            let mut url = below(base, "snapshot");
            url.query_pairs_mut().append_pair("nonce", link.nonce());
            let before = self.position();
            if let Some(position) = before {
                url.query_pairs_mut().append_pair("after", &position.to_string());
            }
            let request = self.showing_last_batch(self.request(Method::GET, &url)?);
            let response = send(request, &url).await?;
            let body = body_of(response, &url, MAX_SNAPSHOT).await?;
            let snapshot: RevocationSnapshot = serde_json::from_slice(&body)?;
            let mut progress = Progress::Behind;
            for batch in snapshot.batches {
                progress = self.take(&mut link, base, &batch).await?;
            }
            if progress == Progress::Current || self.position() == before {
                return Ok(());
            }
        }
    }

    pub(super) async fn report(&self, base: &Url, report: &RevocationReport) -> Result<(), FetchError> {
        let url = below(base, "report");
        send(self.request(Method::POST, &url)?.json(report), &url).await.map(drop)
    }

    /// Verifies and applies a batch.
    async fn take(&self, link: &mut Link, base: &Url, jwt: &str) -> Result<Progress, ConnectionError> {
        let jwks = below(base, "jwks.json");
        let mut verifier = self.verifier.lock().await;
        let batch = verifier.verify(jwt, &self.client, &jwks, self.clock.now()).await;
        drop(verifier);
        let batch = batch.inspect_err(|_| self.shared.counters.count_refused())?;
        let (progress, position) = self.with_follower(|follower, now| {
            follower.apply(link, &batch, now).map(|progress| (progress, follower.position()))
        })?;
        // A long one does not fit into a header, and a greeting holds the selector key, which belongs into no log of a proxy. A
        // heartbeat that says the same follows within two seconds.
        if jwt.len() <= MAX_LAST_BATCH
            && batch.selector_key.is_none()
            && position == Some(Rev { epoch: batch.epoch, seq: batch.through })
        {
            *self.last_batch.lock().unwrap_or_else(std::sync::PoisonError::into_inner) = Some(jwt.to_owned());
        }
        Ok(progress)
    }

    fn showing_last_batch(&self, request: reqwest::RequestBuilder) -> reqwest::RequestBuilder {
        match &*self.last_batch.lock().unwrap_or_else(std::sync::PoisonError::into_inner) {
            Some(batch) => request.header(LAST_BATCH_HEADER, batch),
            None => request,
        }
    }

    /// Does something with the follower, at the present moment. It never waits: whoever has it does no IO.
    pub(super) fn with_follower<T>(&self, act: impl FnOnce(&mut Follower, Moment) -> T) -> T {
        let now = Moment { elapsed: self.started.elapsed(), wall: self.clock.now() };
        // A follower that panicked half-way still holds every event it was given.
        let mut follower = self.follower.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        act(&mut follower, now)
    }

    pub(super) fn position(&self) -> Option<Rev> {
        self.with_follower(|follower, _| follower.position())
    }

    fn new_link(&self) -> Link {
        Link::new(
            random_text(&*self.entropy),
            Moment { elapsed: self.started.elapsed(), wall: self.clock.now() },
        )
    }

    fn request(&self, method: Method, url: &Url) -> Result<reqwest::RequestBuilder, FetchError> {
        Ok(self.access.authenticate(self.client.request(method, url)?))
    }
}

/// Returns 128 random bits as text.
pub(super) fn random_text(entropy: &dyn Entropy) -> String {
    let mut bytes = [0; 16];
    entropy.fill(&mut bytes);
    base64_simd::URL_SAFE_NO_PAD.encode_to_string(bytes)
}

fn below(base: &Url, name: &str) -> Url {
    let mut url = base.clone();
    if let Ok(mut path) = url.path_segments_mut() {
        path.pop_if_empty().push(name);
    }
    url
}
