use std::{
    future::{Future as _, poll_fn},
    pin::pin,
    sync::{
        Arc,
        atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed},
    },
    task::{Poll, ready},
    time::Duration,
};

use tokio::time::{Instant, sleep_until};

use crate::{Limits, places::Place, version::Version};

/// No time yet.
const NEVER: u64 = u64::MAX;

/// What a connection is busy with, told by its socket and its requests, and read by whoever decides when to give it up.
///
/// Times are milliseconds since the connection began. They are read and written without order: to be wrong by one event is to
/// be late by one look.
#[derive(Debug)]
pub(crate) struct Activity {
    began: Instant,
    /// Requests that are being answered.
    open: AtomicUsize,
    /// Replies whose next part waits until the client takes the one before it.
    waiting: AtomicUsize,
    /// When a request or a part of a reply last moved.
    moved: AtomicU64,
    /// When the first byte came of what is not a request yet.
    heard: AtomicU64,
    /// The place that the connection takes: until nobody holds it any more, upgraded or not.
    _place: Place,
}

/// Why a connection is given up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Overdue {
    /// Nothing was asked for a long time.
    Idle,
    /// A header began and does not end.
    Header,
    /// The client asks and does not read.
    Reading,
}

impl Activity {
    pub(crate) fn new(place: Place) -> Arc<Self> {
        Arc::new(Self {
            began: Instant::now(),
            open: AtomicUsize::new(0),
            waiting: AtomicUsize::new(0),
            moved: AtomicU64::new(0),
            // The first header has no pause before it.
            heard: AtomicU64::new(0),
            _place: place,
        })
    }

    /// Notes that bytes came. Only the first of a header count: what drips must not buy time.
    pub(crate) fn hear(&self) {
        if self.heard.load(Relaxed) == NEVER && self.open.load(Relaxed) == 0 {
            self.heard.store(self.now(), Relaxed);
        }
    }

    /// Notes that a header is complete.
    pub(crate) fn begin(&self) {
        self.open.fetch_add(1, Relaxed);
        self.heard.store(NEVER, Relaxed);
    }

    /// Notes that a request is over, whichever way.
    pub(crate) fn end(&self) {
        self.open.fetch_sub(1, Relaxed);
        self.progress();
    }

    /// Notes that a part of a reply moved.
    pub(crate) fn progress(&self) {
        self.moved.store(self.now(), Relaxed);
    }

    /// Notes that a reply begins or ceases to wait for its client.
    pub(crate) fn wait(&self, begins: bool) {
        if begins {
            self.waiting.fetch_add(1, Relaxed);
        } else {
            self.waiting.fetch_sub(1, Relaxed);
        }
    }

    /// Waits until the connection has earned to be given up.
    ///
    /// It looks whenever it is polled, and its one timer is set anew only when it must ring sooner, or has rung.
    pub(crate) async fn overdue(&self, version: Version, limits: &Limits) -> Overdue {
        let at = |time: u64| self.began + Duration::from_millis(time);
        let mut timer = pin!(sleep_until(at(millis(look_again(limits)))));
        poll_fn(|cx| {
            loop {
                let due = self.due(version, limits);
                if let Some((due, _)) = due
                    && at(due) < timer.deadline()
                {
                    timer.as_mut().reset(at(due));
                }
                ready!(timer.as_mut().poll(cx));
                match due {
                    Some((due, reason)) if due <= self.now() => return Poll::Ready(reason),
                    Some((due, _)) => timer.as_mut().reset(at(due)),
                    None => timer.as_mut().reset(Instant::now() + look_again(limits)),
                }
            }
        })
        .await
    }

    /// Says when the connection is given up, and why, if nothing moves until then. `None` while somebody is being answered.
    fn due(&self, version: Version, limits: &Limits) -> Option<(u64, Overdue)> {
        let moved = self.moved.load(Relaxed);
        let heard = self.heard.load(Relaxed);
        let (since, limit, reason) = match (self.open.load(Relaxed), version) {
            (0, Version::Http1) if heard != NEVER => (heard, limits.header_timeout, Overdue::Header),
            // What comes over HTTP/2 between requests may be a ping: it buys no time.
            (0, _) => (moved, limits.idle_timeout, Overdue::Idle),
            // Of no reply the next part is taken. In HTTP/1.1 it is the socket that tells.
            (_, Version::Http2) if self.waiting.load(Relaxed) > 0 => {
                (moved, limits.write_timeout, Overdue::Reading)
            }
            _ => return None,
        };
        Some((since.saturating_add(millis(limit)), reason))
    }

    fn now(&self) -> u64 {
        millis(self.began.elapsed())
    }
}

/// How soon to look again at a connection that is busy: another task may have changed what is due.
fn look_again(limits: &Limits) -> Duration {
    limits.header_timeout.min(limits.idle_timeout).min(limits.write_timeout)
}

fn millis(duration: Duration) -> u64 {
    // A connection of half a billion years may be given up.
    u64::try_from(duration.as_millis()).unwrap_or(NEVER - 1)
}
