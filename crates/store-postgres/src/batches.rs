//! What many ask at the same time is asked once.
//!
//! A refresh is one look-up and one conditional update. Each as a statement of its own costs the database a way there and back, a
//! plan, a snapshot and a commit; together with those that came while the ones before were on their way, it costs a fraction. Who is
//! alone waits for nobody.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Mutex, mpsc, oneshot};

use crate::failure::{Closed, Failure};

/// So many are asked together at most.
const MOST: usize = 128;

/// What can be asked for many at once.
pub(crate) trait Batch: Send + Sync + 'static {
    type Question: Send + Sync + 'static;
    type Answer: Send + 'static;

    /// Answers all of them, in order.
    fn ask(
        &self,
        questions: &[Self::Question],
    ) -> impl Future<Output = Result<Vec<Self::Answer>, Failure>> + Send;
}

/// The queue before those who ask.
pub(crate) struct Batches<B: Batch> {
    queue: mpsc::UnboundedSender<Job<B>>,
    patience: Duration,
}

struct Job<B: Batch> {
    question: B::Question,
    answer: oneshot::Sender<Result<B::Answer, Failure>>,
}

type Queue<B> = Arc<Mutex<mpsc::UnboundedReceiver<Job<B>>>>;

impl<B: Batch> Batches<B> {
    /// Starts as many who ask as may be on their way at the same time. They end when the queue is dropped and empty.
    pub(crate) fn start(batch: B, at_once: usize, patience: Duration) -> Self {
        let (queue, jobs) = mpsc::unbounded_channel();
        let (batch, jobs) = (Arc::new(batch), Arc::new(Mutex::new(jobs)));
        for _ in 0..at_once {
            tokio::spawn(work(Arc::clone(&batch), Arc::clone(&jobs)));
        }
        Self { queue, patience }
    }

    /// Asks. A question that nobody waits for any more when its turn comes is not asked: a refresh that its client has given up
    /// moves nothing.
    pub(crate) async fn ask(&self, question: B::Question) -> Result<B::Answer, Failure> {
        let (answer, answered) = oneshot::channel();
        let closed = || Failure::NoConnection(Arc::new(Closed));
        self.queue.send(Job { question, answer }).map_err(|_| closed())?;
        match tokio::time::timeout(self.patience, answered).await {
            Ok(answer) => answer.map_err(|_| closed())?,
            Err(_) => Err(Failure::Silence(self.patience)),
        }
    }
}

async fn work<B: Batch>(batch: Arc<B>, jobs: Queue<B>) {
    let mut taken = Vec::with_capacity(MOST);
    loop {
        // Whoever waits first takes all that is there; the others wait for what comes next.
        if jobs.lock().await.recv_many(&mut taken, MOST).await == 0 {
            return;
        }
        taken.retain(|job: &Job<B>| !job.answer.is_closed());
        if taken.is_empty() {
            continue;
        }
        let (questions, waiting): (Vec<_>, Vec<_>) =
            taken.drain(..).map(|job| (job.question, job.answer)).unzip();
        let answers = batch.ask(&questions).await;
        tell(waiting, answers);
    }
}

fn tell<A>(waiting: Vec<oneshot::Sender<Result<A, Failure>>>, answers: Result<Vec<A>, Failure>) {
    // Refused only when somebody went away meanwhile.
    match answers {
        Ok(answers) => waiting.into_iter().zip(answers).for_each(|(to, answer)| drop(to.send(Ok(answer)))),
        Err(failure) => waiting.into_iter().for_each(|to| drop(to.send(Err(failure.clone())))),
    }
}

/// Returns the places of questions, in rounds within which no session stands twice: one statement changes a row once.
pub(crate) fn rounds<K: std::hash::Hash + Eq>(keys: impl Iterator<Item = K>) -> Vec<Vec<usize>> {
    let mut seen: HashMap<K, usize> = HashMap::new();
    let mut rounds: Vec<Vec<usize>> = Vec::new();
    for (place, key) in keys.enumerate() {
        let round = seen.entry(key).and_modify(|round| *round += 1).or_insert(0);
        if rounds.len() <= *round {
            rounds.push(Vec::new());
        }
        rounds[*round].push(place);
    }
    rounds
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use tokio::sync::Semaphore;

    use super::*;

    const UNLUCKY: usize = 1313;

    /// Doubles numbers but one, as soon as it may.
    struct Doubling {
        asked: Arc<AtomicUsize>,
        may: Arc<Semaphore>,
    }

    impl Batch for Doubling {
        type Question = usize;
        type Answer = usize;

        async fn ask(&self, questions: &[usize]) -> Result<Vec<usize>, Failure> {
            self.asked.fetch_add(1, Ordering::SeqCst);
            drop(self.may.acquire().await);
            if questions.contains(&UNLUCKY) {
                return Err(Failure::Corrupt("unlucky".to_owned()));
            }
            Ok(questions.iter().map(|number| number * 2).collect())
        }
    }

    fn doubling(may: usize) -> (Arc<Batches<Doubling>>, Arc<AtomicUsize>, Arc<Semaphore>) {
        let (asked, may) = (Arc::new(AtomicUsize::new(0)), Arc::new(Semaphore::new(may)));
        let batch = Doubling { asked: Arc::clone(&asked), may: Arc::clone(&may) };
        let batches = Batches::start(batch, 1, Duration::from_secs(5));
        (Arc::new(batches), asked, may)
    }

    #[tokio::test]
    async fn what_comes_while_others_are_on_their_way_goes_together() {
        let (batches, asked, may) = doubling(0);
        let ask = |number| {
            let batches = Arc::clone(&batches);
            tokio::spawn(async move { batches.ask(number).await.unwrap() })
        };
        let first = ask(1);
        while asked.load(Ordering::SeqCst) == 0 {
            tokio::task::yield_now().await;
        }
        let others: Vec<_> = (2..40).map(ask).collect();
        tokio::task::yield_now().await;
        may.add_permits(1);
        assert_eq!(first.await.unwrap(), 2);
        for (number, other) in (2..40).zip(others) {
            assert_eq!(other.await.unwrap(), number * 2);
        }
        assert_eq!(asked.load(Ordering::SeqCst), 2);
    }

    #[tokio::test]
    async fn a_failure_is_told_to_everybody_in_the_batch() {
        let (batches, ..) = doubling(1);
        let (one, other) = tokio::join!(batches.ask(UNLUCKY), batches.ask(1));
        assert!(matches!((one, other), (Err(Failure::Corrupt(_)), Err(Failure::Corrupt(_)))));
        assert_eq!(batches.ask(2).await.unwrap(), 4);
    }

    #[tokio::test]
    async fn what_nobody_waits_for_is_not_asked() {
        let (batches, asked, may) = doubling(0);
        let (one, other) = (Arc::clone(&batches), Arc::clone(&batches));
        let busy = tokio::spawn(async move { one.ask(1).await });
        while asked.load(Ordering::SeqCst) == 0 {
            tokio::task::yield_now().await;
        }
        assert!(tokio::time::timeout(Duration::from_millis(10), other.ask(2)).await.is_err());
        may.add_permits(1);
        busy.await.unwrap().unwrap();
        assert_eq!(batches.ask(3).await.unwrap(), 6);
        assert_eq!(asked.load(Ordering::SeqCst), 2);
    }

    #[test]
    fn no_round_has_a_key_twice() {
        assert_eq!(rounds([1, 2, 1, 3, 1, 2].into_iter()), [vec![0, 1, 3], vec![2, 5], vec![4]]);
        assert!(rounds(std::iter::empty::<u8>()).is_empty());
    }
}
