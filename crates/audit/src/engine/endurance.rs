use std::fmt;
use std::future::Future;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use tokio::time::{Instant, timeout_at};

use crate::wire::Answer;

/// After so many requests in a row that the service said nothing to, the rest of an operation is left.
const OF_AN_OPERATION: u32 = 4;

/// After so many the run is given up: by then other operations were asked too.
const OF_A_RUN: u32 = 10;

/// How long a run goes on: until its time is over, or its target says nothing any more.
#[derive(Debug)]
pub(crate) struct Endurance {
    max_time: Duration,
    /// None where it is further away than clocks reach.
    deadline: Option<Instant>,
    unanswered: AtomicU32,
    over: OnceLock<Over>,
}

/// Why a run ended before everything was tried.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Over {
    /// Its time was over.
    TimeUp(Duration),
    /// Nobody listens any more.
    Nobody,
    /// Request after request got no answer.
    Silent,
    /// Request after request was asked to come back later.
    Impatient,
    /// There are no good tokens any more.
    NoToken(String),
}

impl Endurance {
    pub(crate) fn new(start: Instant, max_time: Duration) -> Self {
        let deadline = start.checked_add(max_time);
        Self { max_time, deadline, unanswered: AtomicU32::new(0), over: OnceLock::new() }
    }

    /// Waits for an answer, but not beyond the end of the run.
    pub(crate) async fn bound(&self, answer: impl Future<Output = Answer>) -> Answer {
        if self.over().is_some() {
            return Answer::Late;
        }
        let answer = match self.deadline {
            Some(deadline) => timeout_at(deadline, answer).await.unwrap_or(Answer::Late),
            None => answer.await,
        };
        self.note(&answer);
        answer
    }

    /// Returns why the run is over, where it is.
    pub(crate) fn over(&self) -> Option<&Over> {
        if self.deadline.is_some_and(|deadline| deadline <= Instant::now()) {
            self.end(Over::TimeUp(self.max_time));
        }
        self.over.get()
    }

    /// Returns why the rest of an operation should be left, where it should: that of the run, or that the service says nothing just now.
    pub(crate) fn why_leave(&self) -> Option<String> {
        if let Some(over) = self.over() {
            return Some(over.to_string());
        }
        let unanswered = self.unanswered.load(Ordering::Relaxed);
        (unanswered >= OF_AN_OPERATION).then(|| {
            format!("the service said nothing to {unanswered} requests in a row, or to come back later")
        })
    }

    /// Ends the run. The first reason is the one that counts.
    pub(crate) fn end(&self, because: Over) {
        let _ = self.over.set(because);
    }

    /// Returns the time that is left, if it is not more than this.
    pub(crate) fn at_most(&self, wanted: Instant) -> Instant {
        self.deadline.map_or(wanted, |deadline| deadline.min(wanted))
    }

    fn note(&self, answer: &Answer) {
        match answer {
            Answer::Nobody => self.end(Over::Nobody),
            _ if answer.says_nothing() => {
                let before = self.unanswered.fetch_add(1, Ordering::Relaxed);
                if before + 1 >= OF_A_RUN {
                    self.end(if answer.reply().is_some() { Over::Impatient } else { Over::Silent });
                }
            }
            // Not sent: that says nothing either way.
            Answer::Late | Answer::Unsendable => {}
            Answer::Reply(_) | Answer::Cut | Answer::Silent => self.unanswered.store(0, Ordering::Relaxed),
        }
    }
}

impl fmt::Display for Over {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TimeUp(time) => {
                write!(f, "the time of the run was over, {} s: --max-time gives it more", time.as_secs_f64())
            }
            Self::Nobody => f.write_str("nobody listened any more"),
            Self::Silent => write!(f, "the service gave no answer to {OF_A_RUN} requests in a row"),
            Self::Impatient => {
                write!(
                    f,
                    "the service asked {OF_A_RUN} requests in a row to come back later: --rate sends fewer"
                )
            }
            Self::NoToken(problem) => write!(f, "there was no good token any more: {problem}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::future::{pending, ready};
    use std::time::Duration;

    use bytes::Bytes;
    use http::{HeaderMap, StatusCode};
    use tokio::time::Instant;

    use super::{Endurance, OF_A_RUN, OF_AN_OPERATION, Over};
    use crate::wire::{Answer, Reply};

    fn reply(status: StatusCode) -> Answer {
        Answer::Reply(Reply { status, headers: HeaderMap::new(), body: Bytes::new() })
    }

    fn endurance(seconds: u64) -> Endurance {
        Endurance::new(Instant::now(), Duration::from_secs(seconds))
    }

    #[tokio::test(start_paused = true)]
    async fn an_answer_is_waited_for_until_the_time_of_the_run_is_over() {
        let endurance = endurance(60);
        assert_eq!(endurance.over(), None);

        let answer = endurance.bound(pending()).await;

        assert!(matches!(answer, Answer::Late));
        assert_eq!(endurance.over(), Some(&Over::TimeUp(Duration::from_mins(1))));
    }

    #[tokio::test]
    async fn nothing_is_sent_when_the_run_is_over() {
        let endurance = endurance(0);

        let answer = endurance.bound(async { panic!("it was sent") }).await;

        assert!(matches!(answer, Answer::Late));
    }

    #[tokio::test]
    async fn a_time_that_no_clock_reaches_never_comes() {
        let endurance = Endurance::new(Instant::now(), Duration::MAX);

        assert!(endurance.bound(ready(reply(StatusCode::OK))).await.is_success());
    }

    #[tokio::test]
    async fn a_service_that_says_nothing_is_left_and_then_given_up() {
        for (answer, over) in
            [(Answer::Silent, Over::Silent), (reply(StatusCode::TOO_MANY_REQUESTS), Over::Impatient)]
        {
            let endurance = endurance(60);
            for sent in 1..=OF_A_RUN {
                assert_eq!(endurance.over(), None);
                endurance.bound(ready(answer.clone())).await;
                assert_eq!(endurance.why_leave().is_some(), sent >= OF_AN_OPERATION, "{sent}");
            }
            assert_eq!(endurance.over(), Some(&over));
        }
    }

    #[tokio::test]
    async fn one_answer_and_the_service_is_asked_on() {
        let endurance = endurance(60);
        for _ in 0..3 {
            for _ in 0..OF_A_RUN - 1 {
                endurance.bound(ready(Answer::Silent)).await;
            }
            endurance.bound(ready(reply(StatusCode::UNAUTHORIZED))).await;
        }

        assert_eq!((endurance.over(), endurance.why_leave()), (None, None));
    }
}
