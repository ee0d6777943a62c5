//! What many ask at the same time is asked once.
//!
//! A refresh is one look-up and one conditional update. Each as a statement of its own costs the database a way there and back, a
//! plan, a snapshot and a commit; together with those that came while the ones before were on their way, it costs a fraction. Who is
//! alone waits for nobody.
//!
//! What a statement costs before its first row is many times what a row costs, so few large batches carry more than many small
//! ones. Two set out without waiting: one is worked on by the database while the next is made. Others are there for the moment when
//! those two are held up, by a lock or a lost connection.

use std::collections::HashMap;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use tokio::sync::{Mutex, Semaphore, mpsc, oneshot};
use tokio::time::timeout;

use crate::failure::{Closed, Failure};

/// So many are asked together at most.
const MOST: usize = 128;

/// So many batches are on their way before the next one hesitates.
const EAGER: usize = 2;

/// So long it waits for one of those to come back, and takes along who comes meanwhile: longer than a batch of good days takes,
/// shorter than a person or a timeout notices.
const HESITATION: Duration = Duration::from_millis(3);

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

struct Queue<B: Batch> {
    jobs: Mutex<mpsc::UnboundedReceiver<Job<B>>>,
    eager: Semaphore,
}

impl<B: Batch> Batches<B> {
    /// Starts as many who ask as may be on their way at the same time. They end when the queue is dropped and empty.
    pub(crate) fn start(batch: B, at_once: usize, patience: Duration) -> Self {
        let (queue, jobs) = mpsc::unbounded_channel();
        let jobs = Arc::new(Queue { jobs: Mutex::new(jobs), eager: Semaphore::new(EAGER) });
        let batch = Arc::new(batch);
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
        match timeout(self.patience, answered).await {
            Ok(answer) => answer.map_err(|_| closed())?,
            Err(_) => Err(Failure::Silence(self.patience)),
        }
    }
}

async fn work<B: Batch>(batch: Arc<B>, queue: Arc<Queue<B>>) {
    let mut taken = Vec::with_capacity(MOST);
    loop {
        // Whoever waits first takes all that is there; the others wait for what comes next.
        let mut jobs = queue.jobs.lock().await;
        if jobs.recv_many(&mut taken, MOST).await == 0 {
            return;
        }
        let eager = timeout(HESITATION, queue.eager.acquire()).await;
        while taken.len() < MOST
            && let Ok(job) = jobs.try_recv()
        {
            taken.push(job);
        }
        drop(jobs);
        taken.retain(|job: &Job<B>| !job.answer.is_closed());
        if taken.is_empty() {
            continue;
        }
        let (questions, waiting): (Vec<_>, Vec<_>) =
            taken.drain(..).map(|job| (job.question, job.answer)).unzip();
        let answers = AssertUnwindSafe(batch.ask(&questions)).catch_unwind().await;
        drop(eager);
        // A panic has told of itself. It costs those of its batch their answer, and not all who come later theirs.
        if let Ok(answers) = answers {
            tell(waiting, answers);
        }
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

    use tokio::task::JoinHandle;
    use tokio::time::Instant;

    use super::*;

    const UNLUCKY: usize = 1313;
    const DEADLY: usize = 9_999;

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
            assert!(!questions.contains(&DEADLY), "a defect");
            if questions.contains(&UNLUCKY) {
                return Err(Failure::Corrupt("unlucky".to_owned()));
            }
            Ok(questions.iter().map(|number| number * 2).collect())
        }
    }

    fn doubling(may: usize) -> (Arc<Batches<Doubling>>, Arc<AtomicUsize>, Arc<Semaphore>) {
        doubling_with(1, may)
    }

    fn doubling_with(
        at_once: usize,
        may: usize,
    ) -> (Arc<Batches<Doubling>>, Arc<AtomicUsize>, Arc<Semaphore>) {
        let (asked, may) = (Arc::new(AtomicUsize::new(0)), Arc::new(Semaphore::new(may)));
        let batch = Doubling { asked: Arc::clone(&asked), may: Arc::clone(&may) };
        let batches = Batches::start(batch, at_once, Duration::from_secs(5));
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

    /// Two that are on their way and do not come back before they may, and a third that waits.
    async fn held_up(batches: &Arc<Batches<Doubling>>, asked: &AtomicUsize) -> [JoinHandle<usize>; 3] {
        let ask = |number| {
            let batches = Arc::clone(batches);
            tokio::spawn(async move { batches.ask(number).await.unwrap() })
        };
        let mut asking = Vec::new();
        for number in 1..=3 {
            asking.push(ask(number));
            // The clock stands still as long as anything runs.
            for _ in 0..100 {
                tokio::task::yield_now().await;
            }
        }
        assert_eq!(asked.load(Ordering::SeqCst), EAGER);
        asking.try_into().unwrap()
    }

    #[tokio::test(start_paused = true)]
    async fn a_third_batch_sets_out_when_one_comes_back_with_all_that_came_meanwhile() {
        let (batches, asked, may) = doubling_with(4, 0);
        let [first, second, third] = held_up(&batches, &asked).await;
        let began = Instant::now();
        let fourth = batches.ask(4);
        may.add_permits(1);
        let (third, fourth) = tokio::join!(third, fourth);
        assert_eq!((third.unwrap(), fourth.unwrap()), (6, 8));
        assert_eq!((first.await.unwrap(), second.await.unwrap()), (2, 4));
        assert_eq!(asked.load(Ordering::SeqCst), 3);
        assert_eq!(began.elapsed(), Duration::ZERO);
    }

    #[tokio::test(start_paused = true)]
    async fn two_batches_that_are_held_up_hold_up_a_third_for_a_moment_only() {
        let (batches, asked, may) = doubling_with(4, 0);
        let _under_way = held_up(&batches, &asked).await;
        tokio::time::sleep(HESITATION).await;
        tokio::task::yield_now().await;
        assert_eq!(asked.load(Ordering::SeqCst), 3);
        may.add_permits(1);
    }

    #[tokio::test]
    async fn a_failure_is_told_to_everybody_in_the_batch() {
        let (batches, ..) = doubling(1);
        let (one, other) = tokio::join!(batches.ask(UNLUCKY), batches.ask(1));
        assert!(matches!((one, other), (Err(Failure::Corrupt(_)), Err(Failure::Corrupt(_)))));
        assert_eq!(batches.ask(2).await.unwrap(), 4);
    }

    #[tokio::test]
    async fn a_defect_costs_nobody_who_comes_later() {
        let (batches, ..) = doubling(1);
        let (deadly, beside) = tokio::join!(batches.ask(DEADLY), batches.ask(1));
        assert!(matches!((deadly, beside), (Err(Failure::NoConnection(_)), Err(Failure::NoConnection(_)))));
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
