use std::sync::Arc;

use axum::http::HeaderValue;
use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use handstamp_api_types::ErrorCode;
use handstamp_core::{
    Context,
    flows::{
        keys::{self, KeysError},
        sessions,
    },
    root_key::{RootKey, RootKeyError},
    shared::{FanOut, SharedKeys},
    store::StoreError,
};
use handstamp_verify::forward_auth::ForwardAuth;
use jiff::Timestamp;
use tokio::sync::{Notify, watch};

use crate::{
    Clock,
    access::Gate,
    config::{Config, PublicUrl},
    cookies::{CookieNames, Cookies},
    layers::RequestIds,
    metrics::Metrics,
    pages::Pages,
    problem::ApiError,
    rate_limit::{Limit, Refused, SignInLimits, Together},
    revocation::RevocationFeed,
    right_time::RightTime,
    shared::{Breaker, ProfileShelf, ProfileShelfParts},
    sites::Sites,
    status_list::StatusLists,
    tasks::Seen,
    upstreams::Upstreams,
};

/// So many sessions are noted as seen at the same time: one after the other would be as slow as the way to the database, and those who
/// wait for an answer need its connections.
const SEEN_AT_ONCE: usize = 4;

/// Everything the routes need. Built once, in `cli`; cloning is cheap.
#[derive(Clone)]
pub struct AppState(Arc<Shared>);

/// What an [`AppState`] is built from.
pub struct Parts {
    /// The rules, with their store and keys.
    pub context: Arc<Context>,
    /// The configuration.
    pub config: Config,
    /// Where the world reaches the service: see [`Config::public_url`].
    pub public_url: PublicUrl,
    /// What time it is.
    pub clock: Arc<dyn Clock>,
    /// Its setup secret is what proves the operator while there is no user.
    pub root_key: RootKey,
    /// What it shares with other replicas.
    pub shared: crate::Shared,
}

struct Shared {
    core: Arc<Context>,
    config: Config,
    public_url: PublicUrl,
    clock: Arc<dyn Clock>,
    right_time: RightTime,
    root_key: RootKey,
    strict_transport_security: Option<HeaderValue>,
    cookies: Cookies,
    limits: SignInLimits,
    profile_shelf: Option<ProfileShelf>,
    fan_out: Option<Arc<dyn FanOut>>,
    metrics: Metrics,
    gate: Gate,
    forward_auth: ForwardAuth,
    feed: RevocationFeed,
    seen: Seen,
    request_ids: RequestIds,
    status_lists: StatusLists,
    pages: Pages,
    upstreams: Upstreams,
    sites: Sites,
    stopping: watch::Sender<bool>,
    /// This replica has made or switched a key.
    keys_moved: watch::Sender<()>,
    /// Another one has, or may have.
    look_at_keys: Notify,
}

/// The service cannot start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// The issuer that tokens name is not the URL under which the service is reached.
    #[error("tokens name the issuer {issuer}, but the service is reached at {public_url}")]
    IssuerMismatch {
        /// The issuer in the settings of the rules.
        issuer: String,
        /// The public URL.
        public_url: String,
    },
    /// No key could be derived from the root key.
    #[error(transparent)]
    RootKey(RootKeyError),
    /// An upstream cannot be used as it is configured.
    #[error("the upstream {name} cannot be used")]
    Upstream {
        /// Its name.
        name: String,
        /// Why.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The verifier of the service's own routes could not be built.
    #[error("the verifier of the service's own tokens cannot be built")]
    Verifier(#[source] Box<dyn std::error::Error + Send + Sync>),
}

impl AppState {
    /// Puts the parts together.
    pub fn new(parts: Parts) -> Result<Self, StartError> {
        let Parts { context, config, public_url, clock, root_key, shared } = parts;
        if context.settings.issuer != public_url.as_str() {
            let (issuer, public_url) = (context.settings.issuer.clone(), public_url.to_string());
            return Err(StartError::IssuerMismatch { issuer, public_url });
        }
        let cookies = Cookies::new(&config.cookies, &public_url);
        let feed = RevocationFeed::new(public_url.as_str(), &root_key, config.revocation.max_subscribers)
            .map_err(StartError::RootKey)?;
        let gate = Gate::new(&context, &config, &public_url, cookies.names(), &clock, feed.revocations())?;
        let forward_auth = ForwardAuth::new(gate.verifier().clone())
            .sign_in_page(&format!("{public_url}/auth/sign-in"), config.cookies.domain.as_deref());
        let upstreams = Upstreams::new(&config, &public_url, &context.entropy)
            .map_err(|(name, source)| StartError::Upstream { name, source: source.into() })?;
        let metrics = Metrics::new();
        let keys = Arc::new(SharedKeys::new(&root_key).map_err(StartError::RootKey)?);
        let breaker = |what| Breaker::new(what, shared.timeout, metrics.shared.failures(what));
        let together = shared.limits.map(|limits| Together::new(limits, breaker("limits")));
        let profile_shelf = shared.shelf.map(|shelf| {
            ProfileShelf::new(ProfileShelfParts {
                shelf,
                breaker: breaker("profiles"),
                keys: Arc::clone(&keys),
                root: root_key.clone(),
                entropy: Arc::clone(&context.entropy),
                keep: context.settings.tokens.lifetime,
            })
        });
        Ok(Self(Arc::new(Shared {
            strict_transport_security: strict_transport_security(&config, &public_url),
            limits: SignInLimits::new(&config.rate_limits, keys, together),
            profile_shelf,
            fan_out: shared.fan_out,
            pages: Pages::new(&config.pages, &upstreams),
            upstreams,
            sites: Sites::new(&config),
            status_lists: StatusLists::new(config.status_lists.ttl),
            core: context,
            config,
            public_url,
            clock,
            right_time: RightTime::default(),
            root_key,
            cookies,
            metrics,
            gate,
            forward_auth,
            feed,
            seen: Seen::default(),
            request_ids: RequestIds::default(),
            stopping: watch::Sender::new(false),
            keys_moved: watch::Sender::new(()),
            look_at_keys: Notify::new(),
        })))
    }

    /// Returns what the cookies are called: services that verify for themselves read the first of them.
    pub fn cookie_names(&self) -> &CookieNames {
        self.0.cookies.names()
    }

    /// Returns where the world reaches the service.
    pub fn public_url(&self) -> &PublicUrl {
        &self.0.public_url
    }

    /// Returns the configuration.
    pub fn config(&self) -> &Config {
        &self.0.config
    }

    /// Loads the keys again, and does what is due about them: publishes the next ones, lets them take over, forgets old ones.
    ///
    /// The service does this once a second. Any number of replicas may do it at the same time.
    pub async fn keep_keys(&self) -> Result<(), KeysError> {
        let kept = keys::housekeep(self.core(), self.now()).await;
        if let Ok(true) = kept {
            self.0.keys_moved.send_replace(());
        }
        // What was loaded before something failed is good all the same.
        self.gate().take_keys(self.core());
        kept.map(|_| ())
    }

    /// Writes down what verifiers have reported since the last time.
    pub async fn write_reports(&self) {
        let reports = self.feed().reports();
        if let Err(error) = reports.write(&*self.core().store).await {
            // They are kept, and tried again with whatever is reported until then.
            tracing::warn!(error = &error as &dyn std::error::Error, "noting what verifiers report failed");
        }
    }

    /// Reads the revocation log to its end: before a service begins, and before it answers what has revoked something, so
    /// that the same replica refuses the next request already.
    ///
    /// When the store fails, the publisher goes on trying; what was committed is not lost.
    pub async fn follow_revocations(&self) {
        if let Err(error) = self.feed().catch_up(self.core(), self.now()).await {
            tracing::warn!(error = &error as &dyn std::error::Error, "the revocation log cannot be read");
            self.feed().wake();
        }
        // A leaked key may have been among the news.
        self.gate().take_keys(self.core());
    }

    /// Makes the status lists anew that services ask for and that something has happened to.
    pub async fn refresh_status_lists(&self) {
        self.status_lists().refresh(self.core(), self.now()).await;
    }

    /// Writes down which sessions were seen since the last time.
    pub async fn write_seen(&self) {
        let taken = stream::iter(self.seen().take()).map(Ok);
        let written = taken.try_for_each_concurrent(SEEN_AT_ONCE, |(session, (step, at))| {
            sessions::seen(self.core(), session, step, at)
        });
        // Nothing rests on this write: the next request of the session notes it again.
        if let Err(error) = written.await {
            tracing::warn!(error = &error as &dyn std::error::Error, "noting a session as seen failed");
        }
    }

    pub(crate) fn core(&self) -> &Context {
        &self.0.core
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.0.clock.now()
    }

    /// Compares this machine's clock with the database's.
    pub(crate) async fn compare_clocks(&self) -> Result<(), StoreError> {
        self.right_time().compare(&*self.core().store, &*self.0.clock).await
    }

    pub(crate) fn right_time(&self) -> &RightTime {
        &self.0.right_time
    }

    pub(crate) fn root_key(&self) -> &RootKey {
        &self.0.root_key
    }

    /// Returns what browsers are told about https; `None` where they come by plain http.
    pub(crate) fn strict_transport_security(&self) -> Option<&HeaderValue> {
        self.0.strict_transport_security.as_ref()
    }

    pub(crate) fn cookies(&self) -> &Cookies {
        &self.0.cookies
    }

    pub(crate) fn limits(&self) -> &SignInLimits {
        &self.0.limits
    }

    /// Returns where profiles lie that another replica has read, if there is such a place.
    pub(crate) fn profile_shelf(&self) -> Option<&ProfileShelf> {
        self.0.profile_shelf.as_ref()
    }

    /// Returns what carries news between replicas, if there is anything.
    pub(crate) fn fan_out(&self) -> Option<&Arc<dyn FanOut>> {
        self.0.fan_out.as_ref()
    }

    /// Tells each time this replica has made or switched a key.
    pub(crate) fn keys_moved(&self) -> watch::Receiver<()> {
        self.0.keys_moved.subscribe()
    }

    /// Asks for the keys to be loaded again at once.
    pub(crate) fn look_at_keys(&self) {
        self.0.look_at_keys.notify_one();
    }

    /// Returns when somebody has asked.
    pub(crate) async fn keys_asked_for(&self) {
        self.0.look_at_keys.notified().await;
    }

    /// Returns what replicas are to share, and whether this one goes on without it just now.
    pub(crate) fn shared_standing(&self) -> Vec<(&'static str, bool)> {
        let breakers = [self.limits().breaker(), self.profile_shelf().map(|shelf| &shelf.breaker)];
        let breakers = breakers.into_iter().flatten().map(|breaker| (breaker.what(), breaker.is_open()));
        breakers.chain(self.fan_out().map(|fan_out| ("news", !fan_out.is_listening()))).collect()
    }

    /// Finds out whether what replicas share can be shared just now.
    pub(crate) async fn probe_shared(&self) {
        self.limits().probe(self.now()).await;
        if let Some(shelf) = self.profile_shelf() {
            shelf.probe().await;
        }
    }

    pub(crate) fn metrics(&self) -> &Metrics {
        &self.0.metrics
    }

    pub(crate) fn gate(&self) -> &Gate {
        &self.0.gate
    }

    /// Answers proxies that ask whether a request may pass.
    pub(crate) fn forward_auth(&self) -> &ForwardAuth {
        &self.0.forward_auth
    }

    pub(crate) fn feed(&self) -> &RevocationFeed {
        &self.0.feed
    }

    pub(crate) fn status_lists(&self) -> &StatusLists {
        &self.0.status_lists
    }

    pub(crate) fn request_ids(&self) -> &RequestIds {
        &self.0.request_ids
    }

    pub(crate) fn seen(&self) -> &Seen {
        &self.0.seen
    }

    pub(crate) fn pages(&self) -> &Pages {
        &self.0.pages
    }

    pub(crate) fn upstreams(&self) -> &Upstreams {
        &self.0.upstreams
    }

    pub(crate) fn sites(&self) -> &Sites {
        &self.0.sites
    }

    /// Answers an attempt that came too soon.
    pub(crate) fn rate_limited(&self, refused: Refused) -> ApiError {
        self.metrics().events.rate_limited(refused.limit.as_str());
        // There are too many altogether: it is not the doing of this one.
        let code = match refused.limit {
            Limit::Strangers => ErrorCode::Unavailable,
            Limit::Account | Limit::Address => ErrorCode::RateLimited,
        };
        ApiError::new(code).retry_after(refused.wait).headers(refused.headers)
    }

    /// Tells long-running replies and tasks that the service stops.
    pub(crate) fn stop(&self) {
        self.0.stopping.send_replace(true);
    }

    /// Returns when the service was told to stop.
    pub(crate) async fn stopped(&self) {
        let mut stopping = self.0.stopping.subscribe();
        // The sender lives in `self`: waiting can only end by the word.
        let _ = stopping.wait_for(|stop| *stop).await;
    }
}

fn strict_transport_security(config: &Config, public_url: &PublicUrl) -> Option<HeaderValue> {
    // A number and a word are a header value.
    public_url
        .is_https()
        .then(|| HeaderValue::try_from(config.server.tls.strict_transport_security()).ok())
        .flatten()
}
