use std::sync::Arc;
use std::time::Duration;

use handstamp_api_types::revocation::RevocationReport;
use tokio::time::Instant;
use url::Url;

use super::connection::{Connection, random_text};

/// What the service verifies with, to be told to the issuer.
pub(super) type HeldKids = Arc<dyn Fn() -> Vec<String> + Send + Sync>;

/// Tells the issuer how far this process is: after a change at most once a second, else once a minute.
pub(super) struct Reporter {
    instance: String,
    held_kids: HeldKids,
    last: Option<(Instant, RevocationReport)>,
}

const AT_LEAST: Duration = Duration::from_mins(1);

impl Reporter {
    pub(super) fn new(connection: &Connection, held_kids: HeldKids) -> Self {
        Self { instance: random_text(&*connection.entropy), held_kids, last: None }
    }

    /// To be called once a second. Returns false if the issuer did not take the report.
    pub(super) async fn tell(&mut self, connection: &Connection, base: &Url) -> bool {
        let Some(report) = self.due(connection).await else { return true };
        let taken = connection.report(base, &report).await;
        if let Err(error) = &taken {
            // Nothing depends on it here, and the next one says the same.
            tracing::debug!(%error, "the issuer did not take the revocation report");
        }
        self.last = Some((Instant::now(), report));
        taken.is_ok()
    }

    async fn due(&self, connection: &Connection) -> Option<RevocationReport> {
        let position = connection.position()?;
        let age = connection.shared.pulse.age(connection.clock.now())?;
        let mut kids = (self.held_kids)();
        // The feed's own keys change as well, and must not change before everybody holds the new one.
        kids.extend(connection.verifier.lock().await.kids());
        kids.sort_unstable();
        kids.dedup();
        let report = RevocationReport {
            instance: self.instance.clone(),
            epoch: position.epoch,
            seq: position.seq,
            lag_ms: u64::try_from(age.as_millis()).unwrap_or(u64::MAX),
            kids,
        };
        let is_due = self.last.as_ref().is_none_or(|(at, last)| {
            at.elapsed() >= AT_LEAST || RevocationReport { lag_ms: report.lag_ms, ..last.clone() } != report
        });
        is_due.then_some(report)
    }
}
