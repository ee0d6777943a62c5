use std::{
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use handstamp_core::shared::{SharedError, in_time};
use prometheus_client::metrics::counter::Counter;
use tokio::time::Instant;

/// So many calls in a row have to fail before nobody is made to wait any more. One slow answer is everyday.
const MOST_FAILURES: u32 = 3;

/// Stands between requests and a server that they can do without.
///
/// Each call is given up after a time. When some in a row have failed, nobody calls any more: requests go on without, and a task
/// that asks every now and then finds out when it is there again.
#[derive(Debug)]
pub(crate) struct Breaker {
    what: &'static str,
    timeout: Duration,
    failures: Counter,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    failures: u32,
    open_since: Option<Instant>,
}

impl Breaker {
    /// Returns a breaker before `what`, a name for logs and figures.
    pub(crate) fn new(what: &'static str, timeout: Duration, failures: Counter) -> Self {
        Self { what, timeout, failures, state: Mutex::default() }
    }

    /// Returns the name of what is behind it.
    pub(crate) fn what(&self) -> &'static str {
        self.what
    }

    /// Returns whether requests go on without.
    pub(crate) fn is_open(&self) -> bool {
        self.state().open_since.is_some()
    }

    /// Calls, unless it is known not to help. `None`: go on without.
    pub(crate) async fn call<T>(&self, work: impl Future<Output = Result<T, SharedError>>) -> Option<T> {
        if self.is_open() { None } else { self.watch(work).await }
    }

    /// Calls in the place of requests: to find out whether they may again, and where there are none, whether they might.
    pub(crate) async fn probe(&self, work: impl Future<Output = Result<(), SharedError>>) {
        self.watch(work).await;
    }

    async fn watch<T>(&self, work: impl Future<Output = Result<T, SharedError>>) -> Option<T> {
        match in_time(self.timeout, work).await.flatten() {
            Ok(answer) => {
                self.worked();
                Some(answer)
            }
            Err(error) => {
                self.failed(&error);
                None
            }
        }
    }

    fn worked(&self) {
        let mut state = self.state();
        state.failures = 0;
        if let Some(since) = state.open_since.take() {
            tracing::info!(what = self.what, seconds = since.elapsed().as_secs(), "replicas share it again");
        }
    }

    fn failed(&self, error: &SharedError) {
        self.failures.inc();
        let mut state = self.state();
        state.failures = state.failures.saturating_add(1);
        if state.failures >= MOST_FAILURES && state.open_since.is_none() {
            state.open_since = Some(Instant::now());
            tracing::warn!(
                what = self.what,
                error = error as &dyn std::error::Error,
                "replicas cannot share it: this one goes on by itself until they can"
            );
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::{
        future::{pending, ready},
        time::Duration,
    };

    use handstamp_core::shared::SharedError;
    use prometheus_client::metrics::counter::Counter;
    use tokio::time::Instant;

    use super::{Breaker, MOST_FAILURES};

    const TIMEOUT: Duration = Duration::from_millis(50);

    fn breaker() -> Breaker {
        Breaker::new("limits", TIMEOUT, Counter::default())
    }

    async fn fail(breaker: &Breaker) {
        assert_eq!(breaker.call(ready(Err::<(), _>(SharedError::away("test")))).await, None);
    }

    #[tokio::test(start_paused = true)]
    async fn a_call_that_takes_too_long_is_given_up() {
        let (breaker, began) = (breaker(), Instant::now());

        assert_eq!(breaker.call(pending::<Result<(), _>>()).await, None);

        assert_eq!(began.elapsed(), TIMEOUT);
        assert_eq!(breaker.failures.get(), 1);
    }

    #[tokio::test]
    async fn after_some_failures_in_a_row_nobody_calls() {
        let breaker = breaker();
        for _ in 0..MOST_FAILURES {
            assert!(!breaker.is_open());
            fail(&breaker).await;
        }

        assert!(breaker.is_open());
        let called = async { panic!("nobody is made to wait") };
        assert_eq!(breaker.call::<()>(called).await, None);
    }

    #[tokio::test]
    async fn a_failure_now_and_then_changes_nothing() {
        let breaker = breaker();
        for _ in 0..10 {
            fail(&breaker).await;
            assert_eq!(breaker.call(ready(Ok(7))).await, Some(7));
        }

        assert!(!breaker.is_open());
    }

    #[tokio::test]
    async fn a_probe_that_works_lets_requests_call_again() {
        let breaker = breaker();
        for _ in 0..MOST_FAILURES {
            fail(&breaker).await;
        }
        breaker.probe(ready(Err(SharedError::away("test")))).await;
        assert!(breaker.is_open());

        breaker.probe(ready(Ok(()))).await;

        assert_eq!(breaker.call(ready(Ok(7))).await, Some(7));
    }

    #[tokio::test]
    async fn what_is_away_is_noticed_without_any_request() {
        let breaker = breaker();
        for _ in 0..MOST_FAILURES {
            breaker.probe(ready(Err(SharedError::away("test")))).await;
        }

        assert!(breaker.is_open());
    }
}
