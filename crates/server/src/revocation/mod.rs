//! The revocation feed's sending side: the log of the store, read in order, signed, and told to everybody who follows.
//!
//! The log is the truth. Whatever is lost on the way costs time, never correctness: readers see a gap and ask.

mod batch;
mod coalesce;
mod feed;
mod log;
mod loss;
mod publish;
mod reports;
mod signed;
mod stream;
mod wire;

pub(crate) use feed::RevocationFeed;
pub(crate) use stream::Subscription;
