use std::sync::Arc;
use std::time::Duration;

use handstamp_token::{Entropy, KeySet};
use tokio::sync::{Notify, watch};
use tokio::time::{Instant, sleep_until};
use url::Url;

use super::{Progress, RefreshError, RemoteSettings, discovery};
use crate::http_client::HttpClient;
use crate::jitter;
use crate::keys::SharedKeys;

/// While the issuer cannot be reached: one try after this, then after twice this, …
const FIRST_RETRY: Duration = Duration::from_secs(1);
/// … up to this.
const LAST_RETRY: Duration = Duration::from_mins(1);

/// Where the keys are.
pub(super) struct Source {
    pub(super) issuer: Url,
    pub(super) expected_issuer: String,
    pub(super) client: HttpClient,
    /// Given by the builder, or discovered.
    pub(super) jwks_uri: Option<Url>,
}

/// The task that fetches. It alone does, so two fetches never run at once.
pub(super) struct Refresher {
    source: Source,
    discovered: Option<Url>,
    settings: RemoteSettings,
    entropy: Arc<dyn Entropy>,
    keys: SharedKeys,
    published: Option<KeySet>,
    last_success: Option<Instant>,
    failures: u32,
    report: watch::Sender<Progress>,
}

impl Refresher {
    pub(super) fn new(
        source: Source,
        settings: RemoteSettings,
        entropy: Arc<dyn Entropy>,
        keys: SharedKeys,
        report: watch::Sender<Progress>,
    ) -> Self {
        Self {
            source,
            discovered: None,
            settings,
            entropy,
            keys,
            published: None,
            last_success: None,
            failures: 0,
            report,
        }
    }

    pub(super) async fn run(mut self, wanted: Arc<Notify>) {
        loop {
            let began = Instant::now();
            self.report.send_modify(|progress| {
                progress.fetching = true;
                progress.began = Some(began);
            });
            let succeeded = self.refresh().await;
            let next = Instant::now() + self.pause(succeeded);
            self.report.send_modify(|progress| {
                progress.finished += 1;
                progress.fetching = false;
                progress.succeeded = succeeded;
                progress.next = next;
            });
            let earliest = began + self.settings.cooldown;
            tokio::select! {
                () = sleep_until(next) => {}
                // A wish that was left over from before this fetch must not cause another one within the cooldown.
                () = wished(&wanted, earliest) => {}
            }
        }
    }

    async fn refresh(&mut self) -> bool {
        match self.fetch().await {
            Ok(fresh) => {
                self.last_success = Some(Instant::now());
                self.failures = 0;
                self.publish(fresh);
                true
            }
            Err(error) => {
                self.failures = self.failures.saturating_add(1);
                // The address may have moved: look it up again.
                self.discovered = None;
                let cause = std::error::Error::source(&error).map(ToString::to_string).unwrap_or_default();
                tracing::warn!(
                    issuer = self.source.expected_issuer,
                    cause,
                    "cannot refresh the issuer's keys: {error}"
                );
                self.give_up_stale_keys();
                false
            }
        }
    }

    async fn fetch(&mut self) -> Result<KeySet, RefreshError> {
        let url = self.jwks_uri().await?;
        let document = self.source.client.document(&url).await?;
        let (keys, skipped) = KeySet::from_jwks_json(&document)
            .map_err(|source| RefreshError::Keys { url: url.clone(), source })?;
        for key in skipped {
            let reason = key.reason.to_string();
            tracing::debug!(%url, index = key.index, kid = key.kid, reason, "skipped a key of the issuer");
        }
        if keys.is_empty() { Err(RefreshError::NoKeys { url }) } else { Ok(keys) }
    }

    async fn jwks_uri(&mut self) -> Result<Url, RefreshError> {
        if let Some(known) = self.source.jwks_uri.as_ref().or(self.discovered.as_ref()) {
            return Ok(known.clone());
        }
        let Source { client, issuer, expected_issuer, .. } = &self.source;
        let metadata = discovery::discover(client, issuer, expected_issuer).await?;
        let url: Url = metadata
            .jwks_uri
            .parse()
            .map_err(|_| RefreshError::JwksUri { jwks_uri: metadata.jwks_uri.clone() })?;
        self.discovered = Some(url.clone());
        Ok(url)
    }

    /// Unchanged keys are not published anew: that would throw away every verified token that is remembered.
    fn publish(&mut self, fresh: KeySet) {
        if self.published.as_ref().is_some_and(|published| published.to_jwks() == fresh.to_jwks()) {
            return;
        }
        let kids: Vec<&str> = fresh.iter().map(|key| key.key_id().as_str()).collect();
        tracing::info!(issuer = self.source.expected_issuer, ?kids, "the issuer's keys are in");
        self.keys.replace(fresh.clone());
        self.published = Some(fresh);
    }

    fn give_up_stale_keys(&mut self) {
        let too_old = self.last_success.is_some_and(|at| at.elapsed() > self.settings.max_stale);
        if too_old && self.published.take().is_some() {
            tracing::error!(
                issuer = self.source.expected_issuer,
                "the issuer's keys are too old to be believed any longer"
            );
            self.keys.replace(KeySet::default());
        }
    }

    /// Spread, so that a hundred services that were started together do not ask together for ever.
    fn pause(&self, succeeded: bool) -> Duration {
        if succeeded {
            return jitter::spread(self.settings.refresh_interval, &*self.entropy);
        }
        let doublings = self.failures.saturating_sub(1).min(6);
        jitter::spread((FIRST_RETRY * 2_u32.pow(doublings)).min(LAST_RETRY), &*self.entropy)
    }
}

async fn wished(wanted: &Notify, earliest: Instant) {
    loop {
        wanted.notified().await;
        if Instant::now() >= earliest {
            return;
        }
    }
}
