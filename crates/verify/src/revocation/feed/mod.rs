//! Brings the news from an auth service elsewhere: an event stream, a snapshot while there is no stream, and a word back.
//!
//! The rules are in [`Follower`](super::Follower); here is IO.

mod access;
mod batches;
mod builder;
mod connection;
mod report;
mod sse;
mod task;

pub use access::{ClientSecret, FeedAccess};
pub use builder::{Feed, FeedBuilder, FeedError, FeedTask};
