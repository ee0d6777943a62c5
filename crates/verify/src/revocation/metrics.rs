use std::fmt::Write as _;

use super::FeedStatus;

impl FeedStatus {
    /// Returns the figures in Prometheus' text form, to be added to what the service shows at `/metrics`.
    ///
    /// Worth an alarm: `handstamp_revocation_age_seconds` near the bound of a route's policy.
    ///
    /// ```
    /// # use handstamp_verify::revocation::{FollowOptions, Revocations};
    /// # let (revocations, _follower) = Revocations::follow(FollowOptions::default());
    /// # let now = handstamp_verify::UnixTime::from_secs(1_800_000_000);
    /// let text = revocations.status(now).to_prometheus();
    /// assert!(text.contains("handstamp_revocation_ready 0\n"));
    /// ```
    pub fn to_prometheus(&self) -> String {
        let mut text = String::new();
        let mut add = |name: &str, kind: &str, help: &str, value: u64| {
            // Writing to a string cannot fail.
            let _ = write!(
                text,
                "# HELP handstamp_revocation_{name} {help}\n# TYPE handstamp_revocation_{name} {kind}\nhandstamp_revocation_{name} {value}\n"
            );
        };
        let position = |part: fn(handstamp_api_types::Rev) -> u64| self.position.map_or(0, part);
        add(
            "ready",
            "gauge",
            "Whether the list of revocations was complete at some time.",
            u64::from(self.ready),
        );
        add("connected", "gauge", "Whether an event stream is open.", u64::from(self.connected));
        if let Some(age) = self.age {
            add("age_seconds", "gauge", "How long ago the list was known to be complete.", age.as_secs());
        }
        add("epoch", "gauge", "The epoch of the log.", position(|rev| u64::from(rev.epoch)));
        add("seq", "gauge", "How far the log was followed.", position(|rev| rev.seq));
        add("events", "gauge", "Selectors held.", self.events as u64);
        add("bytes", "gauge", "The memory they take.", self.bytes as u64);
        add("reconnects_total", "counter", "Streams opened after the first one.", self.reconnects);
        add("gaps_total", "counter", "Missing events noticed and fetched.", self.gaps);
        add("refused_total", "counter", "Batches refused.", self.refused);
        add("coarsened_total", "counter", "Events widened for lack of room.", self.coarsened);
        add("served_silent_total", "counter", "Tokens let through without news.", self.served_silent);
        text
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn every_figure_has_help_type_and_value() {
        let status = FeedStatus { age: Some(Duration::from_secs(3)), gaps: 7, ..FeedStatus::off() };

        let text = status.to_prometheus();

        assert!(text.contains(
            "# HELP handstamp_revocation_gaps_total Missing events noticed and fetched.\n\
             # TYPE handstamp_revocation_gaps_total counter\n\
             handstamp_revocation_gaps_total 7\n"
        ));
        assert!(text.contains("handstamp_revocation_age_seconds 3\n"));
        assert!(text.lines().all(|line| line.starts_with("# ") || line.starts_with("handstamp_revocation_")));
    }

    #[test]
    fn an_age_that_nobody_knows_is_not_zero() {
        assert!(!FeedStatus::off().to_prometheus().contains("age_seconds"));
    }
}
