//! Tokens that can be taken back: the revocation list of this process, and the feed that keeps it up to date.
//!
//! A revocation is an event in one numbered log: tokens that match its selector and were minted before it are dead, or stale.
//! [`Revocations`] holds the events that still matter and is asked for every token, in nanoseconds, without a network call. A
//! [`Feed`] brings the news from an auth service elsewhere; a [`Follower`] takes it within one process.
//!
//! What to do while there is no news is a choice that nobody makes for you: see [`SilencePolicy`].
//!
//! It refuses to pass a token before the list was complete once (unless told [`SilencePolicy::ServeStale`]), to un-revoke
//! anything for lack of memory, and to take a recording for news.

#[cfg(feature = "remote")]
mod feed;
mod filter;
mod follower;
mod gate;
mod handle;
mod identity;
mod ledger;
#[cfg(feature = "remote")]
mod link;
mod marks;
mod metrics;
mod policy;
mod pulse;
mod selector;
mod snapshot;
mod status;
#[cfg(feature = "remote")]
pub mod status_list;
mod stretch;
mod table;
#[cfg(test)]
#[cfg(feature = "remote")]
mod tests;
#[cfg(feature = "remote")]
mod watch;

#[cfg(feature = "remote")]
pub use feed::{ClientSecret, Feed, FeedAccess, FeedBuilder, FeedError, FeedTask};
pub use follower::{FollowError, Follower, Moment, Progress};
pub use handle::{FollowOptions, Revocations};
pub use identity::{Memo, TokenIdentity};
pub use policy::{SilencePolicy, Verdict};
pub use selector::SelectorKey;
pub use status::FeedStatus;
pub use stretch::MalformedBatch;
#[cfg(feature = "remote")]
pub use watch::{Ended, Watch};
