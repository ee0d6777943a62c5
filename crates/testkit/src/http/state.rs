use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use axum::body::Bytes;
use handstamp_token::{Algorithm, SigningKey};
use tokio::sync::mpsc::{self, UnboundedReceiver, UnboundedSender};

use super::feed;
use crate::TestIssuer;

/// What an issuer that listens has beside the issuer.
pub(crate) struct State {
    is_served: AtomicBool,
    pub(super) feed_key: SigningKey,
    streams: Mutex<Streams>,
    requests: Mutex<BTreeMap<String, u64>>,
}

#[derive(Default)]
struct Streams {
    open: Vec<UnboundedSender<Bytes>>,
    /// The streams have been told everything up to here.
    told: u64,
    are_closed: bool,
}

/// So many paths are counted. A test asks for a few; whatever scans the listener asks for any number.
const PATHS_COUNTED: usize = 1000;

impl State {
    pub(crate) fn new() -> Self {
        Self {
            is_served: AtomicBool::new(false),
            // The feed has a key of its own, as the auth service's has.
            feed_key: SigningKey::generate(Algorithm::Es256).expect("the system draws a key"),
            streams: Mutex::default(),
            requests: Mutex::default(),
        }
    }

    pub(super) fn serve(&self) {
        self.is_served.store(true, Ordering::Relaxed);
    }

    pub(crate) fn is_served(&self) -> bool {
        self.is_served.load(Ordering::Relaxed)
    }

    /// Tells every stream what has happened up to `seq`.
    pub(crate) fn announce(&self, issuer: &TestIssuer, seq: u64) {
        let mut streams = self.streams();
        if !self.is_served() || seq <= streams.told {
            return;
        }
        let batch = feed::signed(issuer, streams.told, seq);
        streams.told = seq;
        streams.send(&feed::frame(&batch));
    }

    /// Tells every stream that nothing else has happened.
    pub(super) fn heartbeat(&self, issuer: &TestIssuer) {
        let mut streams = self.streams();
        if !streams.open.is_empty() {
            let told = streams.told;
            streams.send(&feed::frame(&feed::signed(issuer, told, told)));
        }
    }

    /// Opens a stream that begins with these batches. `begin` is called while nothing can be announced, so nothing is missed.
    pub(super) fn open_stream(&self, begin: impl FnOnce() -> Vec<String>) -> UnboundedReceiver<Bytes> {
        let (sender, receiver) = mpsc::unbounded_channel();
        let mut streams = self.streams();
        for batch in begin() {
            // The other end is in our hand.
            let _ = sender.send(feed::frame(&batch));
        }
        if !streams.are_closed {
            streams.open.push(sender);
        }
        receiver
    }

    pub(super) fn close_streams(&self) {
        let mut streams = self.streams();
        streams.are_closed = true;
        streams.open.clear();
    }

    pub(super) fn count(&self, path: &str) {
        let mut requests = self.requests.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = requests.get_mut(path) {
            *count += 1;
        } else if requests.len() < PATHS_COUNTED {
            requests.insert(path.to_owned(), 1);
        }
    }

    pub(super) fn requests(&self) -> BTreeMap<String, u64> {
        self.requests.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn streams(&self) -> MutexGuard<'_, Streams> {
        self.streams.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Streams {
    fn send(&mut self, frame: &Bytes) {
        self.open.retain(|stream| stream.send(frame.clone()).is_ok());
    }
}
