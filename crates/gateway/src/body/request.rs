use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::{Buf as _, Bytes};
use http_body::{Body, Frame, SizeHint};
use hyper::body::Incoming;
use tokio::time::Instant;

use super::BodyError;
use super::idle::Idle;
use crate::headers;

/// What a service is sent: nothing, a few bytes of ours, or what the client sends, as it comes.
#[derive(Debug)]
pub(crate) enum RequestBody {
    /// Nothing.
    Empty,
    /// What a client sends, within limits.
    Client(Box<Limited>),
}

/// A client's body within limits.
#[derive(Debug)]
pub(crate) struct Limited {
    inner: Incoming,
    limit: u64,
    left: u64,
    idle: Idle,
    moved: Moved,
}

/// When a byte of a request's body was passed on last. Clones share it.
#[derive(Debug, Clone)]
pub(crate) struct Moved {
    began: Instant,
    /// In milliseconds since the beginning.
    last: Arc<AtomicU64>,
}

/// The service could take more, and the client has not sent it.
const AWAITED: u64 = u64::MAX;

impl Moved {
    fn new() -> Self {
        Self { began: Instant::now(), last: Arc::default() }
    }

    fn note(&self) {
        let millis = u64::try_from(self.began.elapsed().as_millis()).unwrap_or(AWAITED - 1);
        self.last.store(millis, Ordering::Relaxed);
    }

    fn note_awaited(&self) {
        self.last.store(AWAITED, Ordering::Relaxed);
    }

    /// Returns since when the service may have all that there is to answer. While the client is waited for, that is not before now:
    /// how long may be, the body says itself.
    pub(crate) fn last(&self) -> Instant {
        match self.last.load(Ordering::Relaxed) {
            AWAITED => Instant::now(),
            millis => self.began + Duration::from_millis(millis),
        }
    }
}

impl RequestBody {
    /// Passes a client's body on: at most `limit` bytes, and never without a byte for longer than `idle`.
    pub(crate) fn of_client(inner: Incoming, limit: u64, idle: Duration) -> Self {
        if inner.is_end_stream() {
            return Self::Empty;
        }
        Self::Client(Box::new(Limited {
            inner,
            limit,
            left: limit,
            idle: Idle::new(idle),
            moved: Moved::new(),
        }))
    }
}

impl RequestBody {
    /// Returns whether there is something to pass on, and nobody has said how much.
    pub(crate) fn has_unsaid_length(&self) -> bool {
        matches!(self, Self::Client(body) if body.inner.size_hint().exact().is_none())
    }

    /// Returns when a byte of it was passed on last, where there is something to pass on.
    pub(crate) fn moved(&self) -> Option<Moved> {
        match self {
            Self::Empty => None,
            Self::Client(body) => Some(body.moved.clone()),
        }
    }
}

impl Body for RequestBody {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        let Self::Client(body) = self.get_mut() else { return Poll::Ready(None) };
        match Pin::new(&mut body.inner).poll_frame(cx) {
            Poll::Ready(Some(Ok(mut frame))) => {
                body.idle.moved();
                if let Some(trailers) = frame.trailers_mut() {
                    headers::clear_trailers(trailers);
                }
                let length = frame.data_ref().map_or(0, |data| data.remaining() as u64);
                let Some(left) = body.left.checked_sub(length) else {
                    return Poll::Ready(Some(Err(BodyError::TooLarge { limit: body.limit })));
                };
                body.left = left;
                body.moved.note();
                Poll::Ready(Some(Ok(frame)))
            }
            Poll::Ready(Some(Err(error))) => Poll::Ready(Some(Err(BodyError::Broken(error)))),
            Poll::Ready(None) => {
                body.moved.note();
                Poll::Ready(None)
            }
            Poll::Pending => {
                body.moved.note_awaited();
                ready!(body.idle.poll(cx));
                Poll::Ready(Some(Err(BodyError::Idle(body.idle.patience()))))
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Self::Empty => true,
            Self::Client(body) => body.inner.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Empty => SizeHint::with_exact(0),
            Self::Client(body) => body.inner.size_hint(),
        }
    }
}
