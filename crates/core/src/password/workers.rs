use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Arc, Mutex, OnceLock, PoisonError, mpsc},
    thread,
};

type Job = Box<dyn FnOnce() + Send>;

/// Threads that do nothing but hash, and step aside for everybody else.
///
/// A hash keeps a core busy for longer than any other request takes altogether. On threads like all others a flood of sign-ins
/// would take its share of the processor from each refresh; at a low priority it gets what is left, which on a machine that
/// has nothing else to do is everything.
pub(super) struct Workers {
    number: usize,
    jobs: OnceLock<mpsc::Sender<Job>>,
}

impl Workers {
    /// Prepares so many. They are started by the first job: most commands hash nothing.
    pub(super) fn new(number: usize) -> Self {
        Self { number, jobs: OnceLock::new() }
    }

    /// Hands over a job. It begins at once where no more of them are under way than there are threads.
    pub(super) fn run(&self, job: impl FnOnce() + Send + 'static) {
        let jobs = self.jobs.get_or_init(|| start(self.number));
        // Threads end with the sender, and no sooner; were they gone, the job is dropped, and whoever waits for it told so.
        let _ = jobs.send(Box::new(job));
    }
}

fn start(number: usize) -> mpsc::Sender<Job> {
    let (jobs, queue) = mpsc::channel::<Job>();
    let queue = Arc::new(Mutex::new(queue));
    for _ in 0..number {
        let queue = Arc::clone(&queue);
        let thread = thread::Builder::new().name("hash".to_owned());
        let started = thread.spawn(move || {
            step_aside();
            work(&queue);
        });
        if let Err(error) = started {
            tracing::error!(%error, "a thread for hashing passwords could not be started");
        }
    }
    jobs
}

fn work(queue: &Mutex<mpsc::Receiver<Job>>) {
    loop {
        // One thread waits for the next job, the others wait for their turn to wait.
        let next = queue.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok(job) = next else { return };
        // What it was to answer goes with it, so that nobody waits; the thread lives on.
        if catch_unwind(AssertUnwindSafe(job)).is_err() {
            tracing::error!("hashing a password has panicked");
        }
    }
}

/// On Linux each thread has a priority of its own. Where that cannot be had, hashing competes with everything else.
#[cfg(target_os = "linux")]
fn step_aside() {
    /// A third of the weight of a thread with the usual one: also where turning a flood away takes all there is, those who may sign in
    /// get there.
    const NICE: i32 = 5;
    if let Err(error) = rustix::process::setpriority_process(Some(rustix::thread::gettid()), NICE) {
        tracing::debug!(%error, "passwords are hashed at the usual priority");
    }
}

#[cfg(not(target_os = "linux"))]
fn step_aside() {}

#[cfg(test)]
mod tests {
    use std::{sync::mpsc, time::Duration};

    use super::Workers;

    #[test]
    fn a_job_that_panics_takes_no_thread_with_it() {
        let workers = Workers::new(1);
        workers.run(|| panic!("as a test of what happens then"));
        let (done, is_done) = mpsc::channel();

        workers.run(move || done.send(()).expect("the test waits"));

        assert_eq!(is_done.recv_timeout(Duration::from_secs(20)), Ok(()));
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn whoever_hashes_steps_aside() {
        let nice = || rustix::process::getpriority_process(Some(rustix::thread::gettid()));
        let (say, said) = mpsc::channel();
        let before = nice().expect("it has one");

        Workers::new(1).run(move || say.send(nice()).expect("the test waits"));

        assert_eq!(said.recv_timeout(Duration::from_secs(20)), Ok(Ok(5)));
        assert_eq!(nice(), Ok(before), "this thread has nothing to do with it");
    }
}
