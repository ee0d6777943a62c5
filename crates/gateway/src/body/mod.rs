//! Bodies on their way through: never held as a whole, never longer than allowed, never silent for ever.

mod idle;
mod reply;
mod request;

pub(crate) use idle::FIRST_LOOK;
pub(crate) use reply::{ReplyBody, ServiceBody};
pub(crate) use request::{Moved, RequestBody};

/// Why a body ended before its end.
#[derive(Debug, thiserror::Error)]
pub(crate) enum BodyError {
    /// The client sends more than the route takes.
    #[error("the request body is larger than {limit} bytes")]
    TooLarge {
        /// How much it takes.
        limit: u64,
    },
    /// Not a byte in all the time.
    #[error("no byte of the body came for {} s", .0.as_secs())]
    Idle(std::time::Duration),
    /// The session behind the request has ended.
    #[error("the session has ended")]
    SessionEnded,
    /// The connection broke.
    #[error("the connection broke within the body")]
    Broken(#[source] hyper::Error),
}
