use std::{
    fmt,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use argon2::{Block, Params};
use handstamp_token::Entropy;
use subtle::ConstantTimeEq;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};

use super::{
    Password,
    phc::{HASH_LEN, Phc, SALT_LEN},
    workers::Workers,
};
use crate::{
    model::PasswordHash,
    settings::{PasswordSettings, SettingsError},
};

/// Hashes and verifies passwords, a bounded number at a time.
///
/// Each hash wants its megabytes: they are allocated once for each permit and reused, so that a flood of sign-ins costs no
/// more memory than a trickle. Whoever finds the queue full, or waits past the deadline, is turned away before any work. What
/// is worked on steps aside for all other requests: a refresh does not wait for sign-ins.
#[derive(Clone)]
pub struct PasswordHasher {
    shared: Arc<Shared>,
}

struct Shared {
    params: Params,
    permits: Arc<Semaphore>,
    waiting: AtomicUsize,
    queue_length: usize,
    queue_deadline: Duration,
    memories: Mutex<Vec<Vec<Block>>>,
    workers: Workers,
}

/// Proof that a password was verified. Only [`PasswordHasher::verify`] makes one, and starting a session asks for it.
#[derive(Debug)]
pub struct PasswordProof {
    needs_rehash: bool,
}

impl PasswordProof {
    /// Returns whether the stored hash was made with other parameters than those of today.
    pub fn needs_rehash(&self) -> bool {
        self.needs_rehash
    }
}

/// A password could not be hashed or verified.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum HashError {
    /// Too many are waiting already. Try again after that time.
    #[error("too many passwords are waiting to be checked; try again in {} s", retry_after.as_secs())]
    Busy {
        /// When it is worth while to try again.
        retry_after: Duration,
    },
    /// The stored hash is none of ours: the row is damaged.
    #[error("the stored password hash cannot be read")]
    Unreadable,
    /// The hash function refused: a defect.
    #[error("the password could not be hashed: {0}")]
    Failed(String),
}

impl PasswordHasher {
    /// Prepares a hasher.
    pub fn new(settings: &PasswordSettings) -> Result<Self, SettingsError> {
        let params =
            Params::new(settings.memory_kib, settings.iterations, settings.parallelism, Some(HASH_LEN))
                .map_err(|error| {
                    SettingsError::new("passwords.memory_kib", format!("does not fit: {error}"))
                })?;
        Ok(Self {
            shared: Arc::new(Shared {
                params,
                permits: Arc::new(Semaphore::new(settings.concurrent_hashes)),
                waiting: AtomicUsize::new(0),
                queue_length: settings.queue_length,
                queue_deadline: settings.queue_deadline,
                memories: Mutex::new(Vec::new()),
                workers: Workers::new(settings.concurrent_hashes),
            }),
        })
    }

    /// Returns when to come back, if whoever asks for a hash now would be turned away: so that nothing else is done for them either.
    pub fn busy(&self) -> Option<Duration> {
        let shared = &self.shared;
        let is_full = shared.permits.available_permits() == 0
            && shared.waiting.load(Ordering::Acquire) >= shared.queue_length;
        is_full.then(|| shared.retry_after())
    }

    /// Hashes a password with a salt of its own.
    pub async fn hash(&self, password: &Password, entropy: &dyn Entropy) -> Result<PasswordHash, HashError> {
        let mut salt = vec![0; SALT_LEN];
        entropy.fill(&mut salt);
        let params = self.shared.params.clone();
        let hash = self.compute(password, params.clone(), salt.clone()).await?;
        Ok(Phc { params, salt, hash }.to_hash())
    }

    /// Verifies a password against a stored hash.
    ///
    /// Without a hash (unknown user, or one who only signs in through an upstream) it costs the same and never succeeds.
    pub async fn verify(
        &self,
        password: &Password,
        stored: Option<&PasswordHash>,
    ) -> Result<Option<PasswordProof>, HashError> {
        let Some(stored) = stored else {
            self.compute(password, self.shared.params.clone(), vec![0; SALT_LEN]).await?;
            return Ok(None);
        };
        let Phc { params, salt, hash: expected } = Phc::parse(stored).ok_or(HashError::Unreadable)?;
        let needs_rehash = costs(&params) != costs(&self.shared.params);
        let hash = self.compute(password, params, salt).await?;
        let is_right: bool = hash.ct_eq(&expected).into();
        Ok(is_right.then_some(PasswordProof { needs_rehash }))
    }

    async fn compute(
        &self,
        password: &Password,
        params: Params,
        salt: Vec<u8>,
    ) -> Result<Vec<u8>, HashError> {
        let permit = self.turn().await?;
        let (shared, password) = (Arc::clone(&self.shared), password.clone());
        let (answer, answered) = oneshot::channel();
        self.shared.workers.run(move || {
            // The permit goes along: when the caller hangs up, the work still counts until it is done.
            let _permit: OwnedSemaphorePermit = permit;
            // Who has hung up before it has begun does not wait for the hash any more: somebody else has the turn.
            if !answer.is_closed() {
                let _ = answer.send(shared.compute(&password, &params, &salt));
            }
        });
        answered.await.map_err(|_| HashError::Failed("the thread that hashed it has panicked".to_owned()))?
    }

    async fn turn(&self) -> Result<OwnedSemaphorePermit, HashError> {
        let permits = Arc::clone(&self.shared.permits);
        if let Ok(permit) = Arc::clone(&permits).try_acquire_owned() {
            return Ok(permit);
        }
        let busy = || HashError::Busy { retry_after: self.shared.retry_after() };
        let _place = self.shared.queue().ok_or_else(busy)?;
        match tokio::time::timeout(self.shared.queue_deadline, permits.acquire_owned()).await {
            Ok(Ok(permit)) => Ok(permit),
            _ => Err(busy()),
        }
    }
}

impl fmt::Debug for PasswordHasher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PasswordHasher").field("params", &self.shared.params).finish_non_exhaustive()
    }
}

impl Shared {
    fn compute(&self, password: &Password, params: &Params, salt: &[u8]) -> Result<Vec<u8>, HashError> {
        let mut memory = self.take_memory(params.block_count());
        let mut hash = vec![0; HASH_LEN];
        let result = Phc::argon2(params).hash_password_into_with_memory(
            password.reveal().as_bytes(),
            salt,
            &mut hash,
            memory.as_mut_slice(),
        );
        self.keep(memory);
        result.map_err(|error| HashError::Failed(error.to_string()))?;
        Ok(hash)
    }

    fn take_memory(&self, blocks: usize) -> Vec<Block> {
        let mut memory = self.lock_memories().pop().unwrap_or_default();
        if memory.len() < blocks {
            memory.resize(blocks, Block::new());
        }
        memory
    }

    /// Hashes of an older, larger setting are rare: what they needed more is not kept.
    fn keep(&self, mut memory: Vec<Block>) {
        memory.truncate(self.params.block_count());
        memory.shrink_to_fit();
        self.lock_memories().push(memory);
    }

    fn lock_memories(&self) -> std::sync::MutexGuard<'_, Vec<Vec<Block>>> {
        self.memories.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn retry_after(&self) -> Duration {
        self.queue_deadline.max(Duration::from_secs(1))
    }

    fn queue(&self) -> Option<Place<'_>> {
        let join = |waiting| (waiting < self.queue_length).then_some(waiting + 1);
        self.waiting.fetch_update(Ordering::AcqRel, Ordering::Acquire, join).ok()?;
        Some(Place(&self.waiting))
    }
}

/// A place in the queue, given back when the caller goes on or hangs up.
struct Place<'a>(&'a AtomicUsize);

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::AcqRel);
    }
}

fn costs(params: &Params) -> (u32, u32, u32) {
    (params.m_cost(), params.t_cost(), params.p_cost())
}

#[cfg(test)]
mod tests {
    use super::{Password, PasswordHasher};
    use crate::{settings::PasswordSettings, test_support::SeededEntropy};

    fn hasher(memory_kib: u32) -> PasswordHasher {
        let settings = PasswordSettings { memory_kib, iterations: 1, ..PasswordSettings::default() };
        PasswordHasher::new(&settings).expect("the settings fit")
    }

    #[tokio::test]
    async fn what_an_older_and_larger_hash_needed_is_not_kept() {
        let (password, hasher, older) = (Password::new("any"), hasher(64), hasher(4096));
        let stored = older.hash(&password, &SeededEntropy::new(1)).await.expect("nobody is waiting");

        let proof = hasher.verify(&password, Some(&stored)).await.expect("nobody is waiting");

        assert!(proof.is_some_and(|proof| proof.needs_rehash()));
        let kept = hasher.shared.lock_memories().iter().map(Vec::capacity).collect::<Vec<_>>();
        assert_eq!(kept, [64]);
    }
}
