use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, MissedTickBehavior, interval, sleep};
use url::Url;

use super::{
    connection::{Connection, ConnectionError},
    report::{HeldKids, Reporter},
};
use crate::jitter;
use crate::revocation::{Follower, SilencePolicy};

/// Keeps the list up to date for ever: a stream, and polls whenever the stream does not bring what is needed.
pub(super) struct Task {
    pub(super) connection: Arc<Connection>,
    /// The issuer's replicas. Each failure goes on to the next.
    pub(super) bases: Vec<Url>,
    pub(super) held_kids: HeldKids,
    pub(super) longest_wait: Duration,
    pub(super) poll_interval: Duration,
}

/// A stream that was open this long was a good one: the next attempt is made at once.
const GOOD_STREAM: Duration = Duration::from_secs(10);

const SHORTEST_WAIT: Duration = Duration::from_millis(100);

impl Task {
    pub(super) async fn run(self) {
        tokio::join!(self.keep_streaming(), self.keep_polling(), self.keep_house());
    }

    async fn keep_streaming(&self) {
        let mut wait = SHORTEST_WAIT;
        for base in self.bases.iter().cycle() {
            let began = Instant::now();
            let error = self.connection.stream(base).await;
            let was_good = began.elapsed() >= GOOD_STREAM;
            if is_planned_end(&error, began.elapsed()) {
                tracing::debug!(%base, "the revocation stream has ended, and is opened again");
            } else {
                note("stream", base, &error);
            }
            if was_good || error.is_gap() {
                wait = SHORTEST_WAIT;
            }
            // A whole fleet loses its streams at the same moment: nobody comes back at the same.
            sleep(jitter::below(wait, &*self.connection.entropy)).await;
            wait = (wait * 2).min(self.longest_wait);
        }
    }

    /// Asks for a snapshot while the stream has brought nothing lately, and when a token knows of more than we do.
    async fn keep_polling(&self) {
        // Starts with another replica than the stream, if there is one.
        let mut bases = self.bases.iter().cycle().skip(1);
        let mut last_poll = Instant::now();
        let mut ticks = interval(self.poll_interval / 8);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            let wanted = self.connection.shared.pulse.wants_more();
            let quiet = self.is_quiet();
            let pause = if quiet { self.poll_interval } else { self.poll_interval / 2 };
            if !(wanted || quiet) || last_poll.elapsed() < jitter::spread(pause, &*self.connection.entropy) {
                continue;
            }
            let Some(base) = bases.next() else { return };
            match self.connection.poll(base).await {
                Ok(()) => self.connection.shared.pulse.settle(),
                Err(error) => note("snapshot", base, &error),
            }
            last_poll = Instant::now();
        }
    }

    fn is_quiet(&self) -> bool {
        // At the start every request waits for the first snapshot.
        let patience = if self.connection.shared.is_ready() {
            self.connection.heartbeat_timeout
        } else {
            self.poll_interval / 2
        };
        self.connection.with_follower(|follower, now| follower.quiet_for(now)) > patience
    }

    /// Once a second: the age of the news moves, old events are forgotten, the issuer hears from us.
    async fn keep_house(&self) {
        let mut reporter = Reporter::new(&self.connection, Arc::clone(&self.held_kids));
        let mut bases = self.bases.iter().cycle();
        let mut base = bases.next();
        let mut was_silent = false;
        let mut ticks = interval(Duration::from_secs(1));
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            self.connection.with_follower(Follower::tick);
            let pulse = &self.connection.shared.pulse;
            let silent = pulse.is_silent(self.connection.clock.now(), SilencePolicy::MAX_STALE);
            if silent && !was_silent && self.connection.shared.is_ready() {
                tracing::warn!("the revocation feed is silent: each route does what its policy says");
            } else if was_silent && !silent {
                tracing::info!("the revocation feed is back");
            }
            was_silent = silent;
            if let Some(at) = base.filter(|_| !silent)
                && !reporter.tell(&self.connection, at).await
            {
                base = bases.next();
            }
        }
    }
}

/// The issuer ends each stream after some time, and when it stops. Nothing is missed: the next one goes on from there.
fn is_planned_end(error: &ConnectionError, open_for: Duration) -> bool {
    matches!(error, ConnectionError::Ended) && open_for >= GOOD_STREAM
}

fn note(what: &'static str, base: &Url, error: &ConnectionError) {
    let cause = std::error::Error::source(error).map(ToString::to_string);
    if error.is_gap() {
        tracing::debug!(%base, what, %error, "revocations were missed, and are fetched");
    } else {
        tracing::warn!(%base, what, %error, cause, "the revocation feed broke off");
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use http::StatusCode;
    use url::Url;

    use super::{ConnectionError, GOOD_STREAM, is_planned_end};
    use crate::http_client::FetchError;

    #[test]
    fn the_clean_end_of_a_long_stream_is_planned() {
        assert!(is_planned_end(&ConnectionError::Ended, GOOD_STREAM));
    }

    #[test]
    fn a_stream_that_ends_at_once_is_not() {
        assert!(!is_planned_end(&ConnectionError::Ended, GOOD_STREAM / 2));
    }

    #[test]
    fn a_long_stream_that_breaks_is_not() {
        assert!(!is_planned_end(&ConnectionError::NotAStream, Duration::MAX));
    }

    #[test]
    fn whoever_the_feed_turns_away_is_told_whom_it_takes() {
        let turned_away = |status| {
            let url = Url::parse("https://auth.example/revocations").unwrap();
            ConnectionError::from(FetchError::Status { url, status }).to_string()
        };
        assert!(turned_away(StatusCode::UNAUTHORIZED).contains("clients with the scope `revocations`"));
        assert!(turned_away(StatusCode::FORBIDDEN).contains("clients with the scope `revocations`"));
        assert!(!turned_away(StatusCode::SERVICE_UNAVAILABLE).contains("scope"));
    }
}
