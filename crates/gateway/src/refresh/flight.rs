use tokio::sync::watch;

use super::{Outcome, PAUSE};

/// One refresh, and everybody who waits for it.
#[derive(Debug, Clone)]
pub(super) struct Flight {
    outcome: watch::Sender<Option<Outcome>>,
}

/// The side that brings the outcome. When it goes away without one, those who wait are told to come back.
#[derive(Debug)]
pub(super) struct Landing {
    flight: Flight,
}

impl Flight {
    pub(super) fn new() -> Self {
        Self { outcome: watch::Sender::new(None) }
    }

    pub(super) fn landing(self) -> Landing {
        Landing { flight: self }
    }

    /// Waits for the outcome.
    pub(super) async fn landed(&self) -> Outcome {
        let mut outcome = self.outcome.subscribe();
        let landed = outcome.wait_for(Option::is_some).await.ok().and_then(|outcome| outcome.clone());
        // The sender is ours, so that there always is one.
        landed.unwrap_or(Outcome::Unavailable { retry_after: PAUSE })
    }
}

impl Landing {
    pub(super) fn land(self, outcome: Outcome) {
        self.flight.outcome.send_replace(Some(outcome));
    }
}

impl Drop for Landing {
    fn drop(&mut self) {
        self.flight.outcome.send_if_modified(|outcome| {
            let is_missing = outcome.is_none();
            outcome.get_or_insert(Outcome::Unavailable { retry_after: PAUSE });
            is_missing
        });
    }
}

#[cfg(test)]
mod tests {
    use super::{Flight, Outcome};

    #[tokio::test]
    async fn who_waits_for_a_refresh_that_broke_down_is_told_to_come_back() {
        let flight = Flight::new();
        let landing = flight.clone().landing();

        drop(landing);

        assert!(matches!(flight.landed().await, Outcome::Unavailable { .. }));
    }
}
