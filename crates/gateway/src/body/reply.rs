use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use hyper::body::Incoming;

use super::BodyError;
use super::idle::Idle;
use crate::session_end::SessionEnd;
use crate::target::InFlight;

/// What a client gets: a few bytes of ours, or what a service answers, as it comes.
#[derive(Debug)]
pub(crate) enum ReplyBody {
    /// All of it, until it was taken.
    Ours(Option<Bytes>),
    /// What a service answers.
    Service(Box<ServiceBody>),
}

/// What a service answers. It ends early with the session behind the request.
#[derive(Debug)]
pub(crate) struct ServiceBody {
    pub(crate) inner: Incoming,
    /// How long it may stand still; event streams may for as long as they like.
    idle: Option<Idle>,
    session: Option<SessionEnd>,
    /// An event stream ends as if the service had ended it: its reader comes back by itself. Whatever else is cut off must not look whole.
    ends_cleanly: bool,
    /// Counted until the last byte is out.
    _in_flight: InFlight,
}

impl ServiceBody {
    pub(crate) fn new(inner: Incoming, in_flight: InFlight) -> Self {
        Self { inner, idle: None, session: None, ends_cleanly: false, _in_flight: in_flight }
    }

    /// Gives up on the body when no byte of it came for this long.
    pub(crate) fn idle_after(mut self, patience: Duration) -> Self {
        self.idle = Some(Idle::new(patience));
        self
    }

    /// Ends the body with the session.
    pub(crate) fn with_session(mut self, session: SessionEnd, ends_cleanly: bool) -> Self {
        self.session = Some(session);
        self.ends_cleanly = ends_cleanly;
        self
    }
}

impl From<Bytes> for ReplyBody {
    fn from(bytes: Bytes) -> Self {
        Self::Ours(Some(bytes).filter(|bytes| !bytes.is_empty()))
    }
}

impl Body for ReplyBody {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        match self.get_mut() {
            Self::Ours(bytes) => Poll::Ready(bytes.take().map(|bytes| Ok(Frame::data(bytes)))),
            Self::Service(body) => body.poll_frame(cx),
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Self::Ours(bytes) => bytes.is_none(),
            Self::Service(body) => body.inner.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Ours(bytes) => SizeHint::with_exact(bytes.as_ref().map_or(0, |bytes| bytes.len() as u64)),
            Self::Service(body) => body.inner.size_hint(),
        }
    }
}

impl ServiceBody {
    fn poll_frame(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        if self.session.as_mut().is_some_and(|session| session.poll(cx).is_ready()) {
            self.session = None;
            let end = if self.ends_cleanly { None } else { Some(Err(BodyError::SessionEnded)) };
            return Poll::Ready(end);
        }
        match Pin::new(&mut self.inner).poll_frame(cx) {
            Poll::Ready(Some(Ok(frame))) => {
                if let Some(idle) = &mut self.idle {
                    idle.moved();
                }
                Poll::Ready(Some(Ok(frame)))
            }
            Poll::Ready(Some(Err(error))) => {
                tracing::debug!(%error, "a service broke off within its reply");
                Poll::Ready(Some(Err(BodyError::Broken(error))))
            }
            Poll::Ready(None) => Poll::Ready(None),
            Poll::Pending => {
                let Some(idle) = &mut self.idle else { return Poll::Pending };
                ready!(idle.poll(cx));
                Poll::Ready(Some(Err(BodyError::Idle(idle.patience()))))
            }
        }
    }
}
