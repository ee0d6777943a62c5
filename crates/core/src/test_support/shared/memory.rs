use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};
use tokio::sync::broadcast;

use super::{fan_out, shelf};
use crate::{
    shared::{FanOut, News, SharedError, SharedKey, Shelf},
    test_support::FixedClock,
};

/// News between replicas of one test.
#[derive(Debug)]
pub struct MemoryFanOut(broadcast::Sender<News>);

impl Default for MemoryFanOut {
    fn default() -> Self {
        Self(broadcast::Sender::new(256))
    }
}

#[async_trait]
impl FanOut for MemoryFanOut {
    async fn tell(&self, news: News) -> Result<(), SharedError> {
        // Nobody listens: as good.
        let _ = self.0.send(news);
        Ok(())
    }

    fn news(&self) -> broadcast::Receiver<News> {
        self.0.subscribe()
    }

    fn is_listening(&self) -> bool {
        true
    }
}

impl fan_out::World for Arc<MemoryFanOut> {
    fn one(&self) -> Arc<dyn FanOut> {
        Arc::clone(self) as Arc<dyn FanOut>
    }

    fn another(&self) -> Arc<dyn FanOut> {
        self.one()
    }
}

/// A shelf of one test, which can be taken away.
#[derive(Debug, Default)]
pub struct MemoryShelf {
    places: Mutex<HashMap<SharedKey, (Vec<u8>, Timestamp)>>,
    clock: FixedClock,
    is_away: AtomicBool,
}

impl MemoryShelf {
    /// Returns an empty shelf.
    pub fn new(clock: FixedClock) -> Self {
        Self { clock, ..Self::default() }
    }

    /// Takes it away, or brings it back.
    pub fn set_away(&self, is_away: bool) {
        self.is_away.store(is_away, Ordering::SeqCst);
    }

    /// Returns all that lies there.
    pub fn values(&self) -> Vec<Vec<u8>> {
        self.lock().values().map(|(value, _)| value.clone()).collect()
    }

    /// Changes all that lies there.
    pub fn change(&self, change: impl Fn(&mut Vec<u8>)) {
        self.lock().values_mut().for_each(|(value, _)| change(value));
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<SharedKey, (Vec<u8>, Timestamp)>> {
        self.places.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn answer<T>(&self, answer: T) -> Result<T, SharedError> {
        if self.is_away.load(Ordering::SeqCst) {
            Err(SharedError::away("it was taken away"))
        } else {
            Ok(answer)
        }
    }
}

#[async_trait]
impl Shelf for MemoryShelf {
    async fn find(&self, key: SharedKey) -> Result<Option<Vec<u8>>, SharedError> {
        let now = self.clock.now();
        let found = self.lock().get(&key).filter(|(_, until)| *until > now).map(|(value, _)| value.clone());
        self.answer(found)
    }

    async fn put(&self, key: SharedKey, value: &[u8], keep: Duration) -> Result<(), SharedError> {
        self.answer(())?;
        let keep = SignedDuration::try_from(keep).unwrap_or(SignedDuration::MAX);
        let until = self.clock.now().checked_add(keep).unwrap_or(Timestamp::MAX);
        self.lock().insert(key, (value.to_vec(), until));
        Ok(())
    }
}

#[async_trait]
impl shelf::World for Arc<MemoryShelf> {
    fn one(&self) -> Arc<dyn Shelf> {
        Arc::clone(self) as Arc<dyn Shelf>
    }

    fn another(&self) -> Arc<dyn Shelf> {
        self.one()
    }

    async fn pass(&self, time: Duration) {
        self.clock.advance(time);
    }
}
