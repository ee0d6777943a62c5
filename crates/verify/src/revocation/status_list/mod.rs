//! Token Status List ([draft-ietf-oauth-status-list](https://datatracker.ietf.org/doc/draft-ietf-oauth-status-list/)): the
//! standard's answer to tokens that can be taken back, for issuers that do not speak our feed.
//!
//! A token names a list and its place in it; the list is a signed document with a bit or a few for each token, fetched once
//! in a while. It is slower to tell than our [feed](super::Feed): news waits until the list is fetched again.

mod checker;
mod list;
mod statuses;

pub(crate) use checker::RETRY_AFTER;
pub use checker::{StatusError, StatusListChecker, StatusListOptions};
pub use list::{ListError, Status, StatusList, StatusListReference, StatusReference};
pub(crate) use statuses::Statuses;
pub use statuses::WhenUnknown;
