//! Token Status Lists: the signed documents that services fetch which do not follow the revocation feed
//! ([draft-ietf-oauth-status-list](https://datatracker.ietf.org/doc/draft-ietf-oauth-status-list/)).

mod document;
mod lists;
mod packed;

pub(crate) use document::Document;
pub(crate) use lists::{BuildError, LOOK, StatusLists};
