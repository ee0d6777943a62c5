use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::{sync::Mutex as Turns, task::JoinError, time::Instant};
use tracing::Instrument as _;

/// How long what was fetched is good without another look.
const FRESH_FOR: Duration = Duration::from_hours(1);
/// How long it is good while nobody answers.
const STALE_FOR: Duration = Duration::from_hours(24);
/// After a failure nobody is asked for this long, however many would like to know.
const PAUSE: Duration = Duration::from_secs(5);

/// Something that is fetched when it is first needed, and kept. However many need it, one fetches.
#[derive(Debug)]
pub(crate) struct Kept<T, E> {
    state: Arc<Mutex<State<T, E>>>,
    /// Whoever fetches has it.
    turn: Arc<Turns<()>>,
}

#[derive(Debug)]
struct State<T, E> {
    value: Option<(Arc<T>, Instant)>,
    failure: Option<(Arc<E>, Instant)>,
}

impl<T, E> Default for Kept<T, E> {
    fn default() -> Self {
        let state = State { value: None, failure: None };
        Self { state: Arc::new(Mutex::new(state)), turn: Arc::default() }
    }
}

impl<T, E> Kept<T, E>
where
    T: Send + Sync + 'static,
    E: std::error::Error + From<JoinError> + Send + Sync + 'static,
{
    /// Returns what is kept. Fetches it where it is missing or old: who needs it at that time waits only if there is none.
    ///
    /// The fetch goes on when nobody waits for it any more. Otherwise whoever hangs up in time could have it begun again and again.
    pub(crate) async fn latest<F>(&self, fetch: impl FnOnce() -> F) -> Result<Arc<T>, Arc<E>>
    where
        F: Future<Output = Result<T, E>> + Send + 'static,
    {
        if let Some(known) = lock(&self.state).known() {
            return known;
        }
        let turn = if let Ok(turn) = Arc::clone(&self.turn).try_lock_owned() {
            turn
        } else {
            if let Some(old) = lock(&self.state).value_within(STALE_FOR) {
                return Ok(old);
            }
            Arc::clone(&self.turn).lock_owned().await
        };
        if let Some(known) = lock(&self.state).known() {
            return known;
        }
        let (state, fetch) = (Arc::clone(&self.state), fetch());
        let fetching = async move {
            let _turn = turn;
            let fetched = fetch.await;
            lock(&state).note(fetched)
        };
        match tokio::spawn(fetching.in_current_span()).await {
            Ok(noted) => noted,
            Err(error) => Err(Arc::new(error.into())),
        }
    }
}

impl<T, E: std::error::Error> State<T, E> {
    /// Returns what makes a fetch needless: a fresh value, or a failure of this moment.
    fn known(&self) -> Option<Result<Arc<T>, Arc<E>>> {
        if let Some(value) = self.value_within(FRESH_FOR) {
            return Some(Ok(value));
        }
        let (failure, _) = self.failure.as_ref().filter(|(_, at)| at.elapsed() < PAUSE)?;
        Some(self.value_within(STALE_FOR).ok_or_else(|| Arc::clone(failure)))
    }

    /// Takes what a fetch has brought, and returns what holds now.
    fn note(&mut self, fetched: Result<T, E>) -> Result<Arc<T>, Arc<E>> {
        match fetched {
            Ok(value) => {
                let value = Arc::new(value);
                *self = Self { value: Some((Arc::clone(&value), Instant::now())), failure: None };
                Ok(value)
            }
            Err(error) => {
                let failure = Arc::new(error);
                self.failure = Some((Arc::clone(&failure), Instant::now()));
                self.value_within(STALE_FOR).ok_or(failure)
            }
        }
    }

    fn value_within(&self, age: Duration) -> Option<Arc<T>> {
        self.value.as_ref().filter(|(_, at)| at.elapsed() < age).map(|(value, _)| Arc::clone(value))
    }
}

fn lock<S>(state: &Mutex<S>) -> MutexGuard<'_, S> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::{
        sync::{
            Arc,
            atomic::{AtomicUsize, Ordering},
        },
        time::Duration,
    };

    use tokio::{task::JoinError, time::timeout};

    use super::{FRESH_FOR, PAUSE, STALE_FOR};

    type Kept = super::Kept<usize, Away>;

    #[derive(Debug, thiserror::Error)]
    #[error("it is away")]
    struct Away;

    impl From<JoinError> for Away {
        fn from(_: JoinError) -> Self {
            Self
        }
    }

    /// A source that counts how often it is asked, takes its time, and may be away.
    #[derive(Default)]
    struct Source {
        asked: AtomicUsize,
        away: bool,
    }

    const SLOW: Duration = Duration::from_millis(10);

    impl Source {
        fn new(away: bool) -> Arc<Self> {
            Arc::new(Self { away, ..Self::default() })
        }

        async fn fetch(self: Arc<Self>) -> Result<usize, Away> {
            let asked = self.asked.fetch_add(1, Ordering::SeqCst) + 1;
            tokio::time::sleep(SLOW).await;
            if self.away { Err(Away) } else { Ok(asked) }
        }

        fn asked(&self) -> usize {
            self.asked.load(Ordering::SeqCst)
        }
    }

    async fn latest(kept: &Kept, source: &Arc<Source>) -> Result<usize, Arc<Away>> {
        kept.latest(|| Arc::clone(source).fetch()).await.map(|value| *value)
    }

    #[tokio::test(start_paused = true)]
    async fn many_who_need_it_at_once_cause_one_fetch() {
        let (kept, source) = (Kept::default(), Source::new(false));

        let all = futures_util::future::join_all((0..50).map(|_| latest(&kept, &source)));

        assert!(all.await.into_iter().all(|value| value.unwrap() == 1));
        assert_eq!(source.asked(), 1);
    }

    #[tokio::test(start_paused = true)]
    async fn it_is_fetched_again_when_it_is_old() {
        let (kept, source) = (Kept::default(), Source::new(false));
        assert_eq!(latest(&kept, &source).await.unwrap(), 1);

        tokio::time::advance(FRESH_FOR / 2).await;
        assert_eq!(latest(&kept, &source).await.unwrap(), 1);
        tokio::time::advance(FRESH_FOR / 2).await;
        assert_eq!(latest(&kept, &source).await.unwrap(), 2);
    }

    #[tokio::test(start_paused = true)]
    async fn while_one_fetches_the_others_go_on_with_what_is_old() {
        let (kept, source) = (Kept::default(), Source::new(false));
        latest(&kept, &source).await.unwrap();
        tokio::time::advance(FRESH_FOR).await;

        let at_once = async {
            tokio::task::yield_now().await;
            timeout(SLOW / 2, latest(&kept, &source)).await
        };
        let (newest, old) = tokio::join!(latest(&kept, &source), at_once);

        assert_eq!((newest.unwrap(), old.expect("it does not wait").unwrap()), (2, 1));
    }

    #[tokio::test(start_paused = true)]
    async fn many_who_ask_in_vain_do_not_wear_the_source_out() {
        let (kept, source) = (Kept::default(), Source::new(true));
        for _ in 0..50 {
            assert!(latest(&kept, &source).await.is_err());
        }
        assert_eq!(source.asked(), 1);

        tokio::time::advance(PAUSE).await;
        assert!(latest(&kept, &source).await.is_err());
        assert_eq!(source.asked(), 2);
    }

    #[tokio::test(start_paused = true)]
    async fn many_who_hang_up_do_not_wear_the_source_out() {
        let (kept, source) = (Kept::default(), Source::new(true));
        for _ in 0..50 {
            drop(timeout(SLOW / 5, latest(&kept, &source)).await);
        }
        assert_eq!(source.asked(), 1);
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_kept_outlives_an_outage_but_not_for_ever() {
        let kept = Kept::default();
        let (here, away) = (Source::new(false), Source::new(true));
        latest(&kept, &here).await.unwrap();

        tokio::time::advance(FRESH_FOR).await;
        assert_eq!(latest(&kept, &away).await.unwrap(), 1);
        assert_eq!(latest(&kept, &away).await.unwrap(), 1);
        assert_eq!(away.asked(), 1);
        tokio::time::advance(STALE_FOR).await;
        assert!(latest(&kept, &away).await.is_err());
    }
}
