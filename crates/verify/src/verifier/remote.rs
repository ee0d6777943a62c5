use std::sync::Arc;
use std::time::Duration;

use handstamp_token::{Entropy, KeySet, SystemEntropy};
use url::Url;

use super::{BuildError, Verifier, VerifierBuilder};
use crate::http_client::{HttpClient, PlainHttp};
use crate::keys::SharedKeys;
use crate::keys::remote::{RemoteKeys, RemoteSettings};
use crate::revocation::{FeedBuilder, FeedTask, SilencePolicy, status_list::Statuses};

/// What a builder was told about fetching keys.
pub(super) struct RemoteOptions {
    jwks_uri: Option<String>,
    plain_http: PlainHttp,
    refresh_interval: Duration,
    cooldown: Duration,
    timeout: Duration,
    max_stale: Duration,
    entropy: Arc<dyn Entropy>,
    feed: Option<(FeedBuilder, SilencePolicy)>,
}

impl Default for RemoteOptions {
    fn default() -> Self {
        Self {
            jwks_uri: None,
            plain_http: PlainHttp::Loopback,
            refresh_interval: Duration::from_mins(5),
            cooldown: Duration::from_secs(30),
            timeout: Duration::from_secs(5),
            max_stale: Duration::from_hours(24),
            entropy: Arc::new(SystemEntropy),
            feed: None,
        }
    }
}

/// Keys of an issuer elsewhere.
impl VerifierBuilder {
    /// Sets where the issuer's keys are. Default: discovered by
    /// [RFC 8414](https://www.rfc-editor.org/rfc/rfc8414), or by OpenID Connect Discovery.
    #[must_use]
    pub fn jwks_uri(mut self, address: impl Into<String>) -> Self {
        self.remote.jwks_uri = Some(address.into());
        self
    }

    /// Sets the time between two refreshes of the keys. Default: 5 minutes.
    #[must_use]
    pub fn refresh_interval(mut self, interval: Duration) -> Self {
        self.remote.refresh_interval = interval;
        self
    }

    /// Sets how often tokens that name unknown keys may cause a fetch, however many come. Default: every 30 seconds.
    #[must_use]
    pub fn unknown_key_cooldown(mut self, cooldown: Duration) -> Self {
        self.remote.cooldown = cooldown;
        self
    }

    /// Sets how long one request to the issuer may take. Default: 5 seconds.
    #[must_use]
    pub fn http_timeout(mut self, timeout: Duration) -> Self {
        self.remote.timeout = timeout;
        self
    }

    /// Sets how long keys are believed while the issuer cannot be reached. Default: 24 hours.
    #[must_use]
    pub fn keys_max_stale(mut self, limit: Duration) -> Self {
        self.remote.max_stale = limit;
        self
    }

    /// Sets where randomness for spreading requests comes from. Default: the system's.
    #[must_use]
    pub fn entropy(mut self, entropy: Arc<dyn Entropy>) -> Self {
        self.remote.entropy = entropy;
        self
    }

    /// Follows the issuer's revocations, for as long as there is a verifier. What happens while there is no news has no
    /// default: see [`SilencePolicy`].
    ///
    /// The feed reports to the issuer which of its keys this service holds, so that keys can be rotated without breaking it.
    #[must_use]
    pub fn follow_revocations(mut self, feed: FeedBuilder, when_silent: SilencePolicy) -> Self {
        self.remote.feed = Some((feed, when_silent));
        self.revocation_choices += 1;
        self
    }

    /// Asks an issuer on another machine over plain http.
    ///
    /// Whoever stands between can hand this service keys of their own, and with them any identity. For closed networks alone.
    #[must_use]
    pub fn dangerous_plain_http(mut self) -> Self {
        self.remote.plain_http = PlainHttp::Anywhere;
        self
    }

    /// Starts to follow the issuer's revocations, and to report which of these keys are held.
    fn follow(
        &mut self,
        (feed, when_silent): (FeedBuilder, SilencePolicy),
        keys: &SharedKeys,
        entropy: &Arc<dyn Entropy>,
    ) -> Result<FeedTask, BuildError> {
        let held = keys.clone();
        let (revocations, task) = feed
            .held_kids(move || held.keys().iter().map(|key| key.key_id().to_string()).collect())
            .spawn(self.clock_handle(), Arc::clone(entropy))
            .map_err(|problem| BuildError::Feed { problem: problem.to_string() })?;
        self.revocations = Some((revocations, when_silent));
        Ok(task)
    }

    /// Starts what was asked for of feed and status lists, with keys that are not fetched.
    pub(super) fn follow_with_keys(
        &mut self,
        keys: &SharedKeys,
    ) -> Result<(Option<FeedTask>, Option<Statuses>), BuildError> {
        let options = std::mem::take(&mut self.remote);
        let statuses = match &self.status_lists {
            Some(_) => self.statuses(keys, &client(&options)?)?,
            None => None,
        };
        if options.feed.is_some() && tokio::runtime::Handle::try_current().is_err() {
            return Err(BuildError::NoRuntime);
        }
        let feed = options.feed.map(|feed| self.follow(feed, keys, &options.entropy)).transpose()?;
        Ok((feed, statuses))
    }

    /// Builds a verifier that fetches the issuer's keys, in the background and ahead of the first request.
    ///
    /// It is there at once, also when the issuer is down: until there are keys, requests with a token get a 503 with
    /// `Retry-After`. Must be called inside a tokio runtime. Fetching ends when the last clone of the verifier is dropped.
    pub fn build_remote(mut self) -> Result<Verifier, BuildError> {
        if tokio::runtime::Handle::try_current().is_err() {
            return Err(BuildError::NoRuntime);
        }
        let options = std::mem::take(&mut self.remote);
        let client = client(&options)?;
        let issuer = self.issuer().to_owned();
        let issuer_url = address(&client, &issuer)?;
        let jwks_uri = options.jwks_uri.as_deref().map(|text| address(&client, text)).transpose()?;
        let keys = SharedKeys::new(KeySet::default());
        let feed_task = options.feed.map(|feed| self.follow(feed, &keys, &options.entropy)).transpose()?;
        let statuses = self.statuses(&keys, &client)?;
        let (mut inner, when_silent) = self.into_inner(keys.clone())?;
        inner.feed = feed_task;
        inner.statuses = statuses;
        let settings = RemoteSettings {
            refresh_interval: options.refresh_interval,
            cooldown: options.cooldown,
            timeout: options.timeout,
            max_stale: options.max_stale,
            jwks_uri,
        };
        inner.remote = Some(RemoteKeys::spawn(issuer_url, issuer, client, settings, options.entropy, keys));
        Ok(Verifier { inner: Arc::new(inner), when_silent })
    }
}

fn client(options: &RemoteOptions) -> Result<HttpClient, BuildError> {
    HttpClient::new(options.timeout, options.plain_http)
        .map_err(|problem| BuildError::HttpClient { problem: problem.to_string() })
}

fn address(client: &HttpClient, text: &str) -> Result<Url, BuildError> {
    let url = Url::parse(text).ok().filter(|url| client.may_ask(url));
    url.ok_or_else(|| BuildError::Address { given: text.to_owned() })
}
