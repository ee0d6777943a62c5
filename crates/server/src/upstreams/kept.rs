use std::{sync::Arc, time::Duration};

use tokio::{sync::Mutex, time::Instant};

/// How long what was fetched is good without another look.
const FRESH_FOR: Duration = Duration::from_hours(1);
/// How long it is good while nobody answers.
const STALE_FOR: Duration = Duration::from_hours(24);
/// After a failure nobody is asked for this long, however many would like to know.
const PAUSE: Duration = Duration::from_secs(5);

/// Something that is fetched when it is first needed, and kept. However many need it, one fetches.
#[derive(Debug)]
pub(crate) struct Kept<T, E>(Mutex<State<T, E>>);

#[derive(Debug)]
struct State<T, E> {
    value: Option<(Arc<T>, Instant)>,
    failure: Option<(Arc<E>, Instant)>,
}

impl<T, E> Default for Kept<T, E> {
    fn default() -> Self {
        Self(Mutex::new(State { value: None, failure: None }))
    }
}

impl<T, E: std::error::Error> Kept<T, E> {
    /// Returns what is kept. Fetches it where it is missing or old; otherwise the fetching is dropped before it begins.
    pub(crate) async fn latest(&self, fetch: impl Future<Output = Result<T, E>>) -> Result<Arc<T>, Arc<E>> {
        let mut state = self.0.lock().await;
        if let Some(value) = state.value_within(FRESH_FOR) {
            return Ok(value);
        }
        if let Some((failure, at)) = &state.failure
            && at.elapsed() < PAUSE
        {
            let failure = Arc::clone(failure);
            return state.value_within(STALE_FOR).ok_or(failure);
        }
        match fetch.await {
            Ok(value) => {
                let value = Arc::new(value);
                *state = State { value: Some((Arc::clone(&value), Instant::now())), failure: None };
                Ok(value)
            }
            Err(error) => {
                let failure = Arc::new(error);
                state.failure = Some((Arc::clone(&failure), Instant::now()));
                state.value_within(STALE_FOR).ok_or(failure)
            }
        }
    }
}

impl<T, E> State<T, E> {
    fn value_within(&self, age: Duration) -> Option<Arc<T>> {
        self.value.as_ref().filter(|(_, at)| at.elapsed() < age).map(|(value, _)| Arc::clone(value))
    }
}

#[cfg(test)]
mod tests {
    use std::{
        sync::atomic::{AtomicUsize, Ordering},
        time::Duration,
    };

    use super::{FRESH_FOR, Kept, PAUSE, STALE_FOR};

    /// A source that counts how often it is asked, and may be away.
    #[derive(Default)]
    struct Source {
        asked: AtomicUsize,
        away: bool,
    }

    impl Source {
        async fn fetch(&self) -> Result<usize, std::fmt::Error> {
            tokio::time::sleep(Duration::from_millis(10)).await;
            let asked = self.asked.fetch_add(1, Ordering::SeqCst) + 1;
            if self.away { Err(std::fmt::Error) } else { Ok(asked) }
        }

        fn asked(&self) -> usize {
            self.asked.load(Ordering::SeqCst)
        }
    }

    #[tokio::test(start_paused = true)]
    async fn many_who_need_it_at_once_cause_one_fetch() {
        let (kept, source) = (Kept::default(), Source::default());

        let all = futures_util::future::join_all((0..50).map(|_| kept.latest(source.fetch())));

        assert!(all.await.into_iter().all(|value| *value.unwrap() == 1));
        assert_eq!(source.asked(), 1);
    }

    #[tokio::test(start_paused = true)]
    async fn it_is_fetched_again_when_it_is_old() {
        let (kept, source) = (Kept::default(), Source::default());
        let latest = async || *kept.latest(source.fetch()).await.unwrap();
        assert_eq!(latest().await, 1);

        tokio::time::advance(FRESH_FOR / 2).await;
        assert_eq!(latest().await, 1);
        tokio::time::advance(FRESH_FOR / 2).await;
        assert_eq!(latest().await, 2);
    }

    #[tokio::test(start_paused = true)]
    async fn many_who_ask_in_vain_do_not_wear_the_source_out() {
        let (kept, source) = (Kept::default(), Source { away: true, ..Source::default() });
        for _ in 0..50 {
            assert!(kept.latest(source.fetch()).await.is_err());
        }
        assert_eq!(source.asked(), 1);

        tokio::time::advance(PAUSE).await;
        assert!(kept.latest(source.fetch()).await.is_err());
        assert_eq!(source.asked(), 2);
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_kept_outlives_an_outage_but_not_for_ever() {
        let kept = Kept::default();
        let (here, away) = (Source::default(), Source { away: true, ..Source::default() });
        kept.latest(here.fetch()).await.unwrap();

        tokio::time::advance(FRESH_FOR).await;
        assert_eq!(*kept.latest(away.fetch()).await.unwrap(), 1);
        assert_eq!(*kept.latest(away.fetch()).await.unwrap(), 1);
        assert_eq!(away.asked(), 1);
        tokio::time::advance(STALE_FOR).await;
        assert!(kept.latest(away.fetch()).await.is_err());
    }
}
