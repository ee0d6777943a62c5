use std::{
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};

use http::{Request, Response};
use hyper::{
    body::{Body, Frame, SizeHint},
    service::Service,
};
use pin_project_lite::pin_project;

use crate::{Peer, activity::Activity, redirect::Redirect, version::Version};

/// What answers the requests of one connection, and tells the connection how far they are.
#[derive(Debug, Clone)]
pub(crate) struct Exchanges<S> {
    pub(crate) service: S,
    pub(crate) peer: Peer,
    pub(crate) activity: Arc<Activity>,
    pub(crate) version: Version,
    /// Where everybody is sent instead of being served.
    pub(crate) redirect: Option<Redirect>,
}

impl<S, A, B> Service<Request<A>> for Exchanges<S>
where
    S: Service<Request<A>, Response = Response<B>>,
{
    type Response = Response<Reply<B>>;
    type Error = S::Error;
    type Future = Answer<S::Future, B>;

    fn call(&self, mut request: Request<A>) -> Self::Future {
        let open = Open::new(&self.activity, self.version);
        if let Some(redirect) = &self.redirect {
            return Answer::Redirected { reply: Some(redirect.answer(&request)), open };
        }
        request.extensions_mut().insert(self.peer);
        Answer::Served { answering: self.service.call(request), open: Some(open) }
    }
}

pin_project! {
    /// An answer on its way.
    #[project = AnswerProjection]
    pub(crate) enum Answer<F, B> {
        Served { #[pin] answering: F, open: Option<Open> },
        Redirected { reply: Option<Response<Reply<B>>>, open: Open },
    }
}

impl<F, B, E> Future for Answer<F, B>
where
    F: Future<Output = Result<Response<B>, E>>,
{
    type Output = Result<Response<Reply<B>>, E>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        match self.project() {
            AnswerProjection::Served { answering, open } => {
                let reply = ready!(answering.poll(cx))?;
                // From here on the client is waited for.
                let open = open.take().map(Open::into_waiting);
                Poll::Ready(Ok(reply.map(|body| Reply { body: Some(body), open })))
            }
            // Polled after its end, it says nothing more.
            AnswerProjection::Redirected { reply, .. } => {
                reply.take().map_or(Poll::Pending, |reply| Poll::Ready(Ok(reply)))
            }
        }
    }
}

pin_project! {
    /// The body of a reply.
    #[derive(Debug)]
    pub(crate) struct Reply<B> {
        #[pin]
        body: Option<B>,
        open: Option<Open>,
    }
}

impl<B> Default for Reply<B> {
    fn default() -> Self {
        Self { body: None, open: None }
    }
}

impl<B: Body> Body for Reply<B> {
    type Data = B::Data;
    type Error = B::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Self::Data>, Self::Error>>> {
        let this = self.project();
        let Some(body) = this.body.as_pin_mut() else { return Poll::Ready(None) };
        let frame = body.poll_frame(cx);
        if let Some(open) = this.open {
            open.moved(frame.is_ready());
        }
        frame
    }

    fn is_end_stream(&self) -> bool {
        self.body.as_ref().is_none_or(Body::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        self.body.as_ref().map_or(SizeHint::with_exact(0), Body::size_hint)
    }
}

/// A request that is being answered, until this is dropped.
#[derive(Debug)]
pub(crate) struct Open {
    activity: Arc<Activity>,
    version: Version,
    /// Whether a part of the reply waits for the client.
    waiting: bool,
}

impl Open {
    fn new(activity: &Arc<Activity>, version: Version) -> Self {
        activity.begin();
        Self { activity: Arc::clone(activity), version, waiting: false }
    }

    fn into_waiting(mut self) -> Self {
        self.moved(true);
        self
    }

    /// Notes that somebody asked for the next part of the reply, and whether there was one: that one waits now.
    ///
    /// In HTTP/1.1 the socket knows whether the client reads.
    fn moved(&mut self, waiting: bool) {
        if self.version == Version::Http1 {
            return;
        }
        self.activity.progress();
        if self.waiting != waiting {
            self.waiting = waiting;
            self.activity.wait(waiting);
        }
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        if self.waiting {
            self.activity.wait(false);
        }
        self.activity.end();
    }
}
