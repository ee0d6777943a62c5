//! Values that are right but for what a story changes, in units of work of their own.

use handstamp_core::model::Session;
use handstamp_core::store::{Change, Changes};
use handstamp_core::test_support::samples;
pub(crate) use handstamp_core::test_support::samples::{event, now, session, user};

/// Starts a session of a user of this version.
pub(crate) fn starting(session: &Session, user_version: u64) -> Changes {
    Changes::one(Change::StartSession { session: session.clone(), user_version, at_most: None })
}

/// Rotates a session from where it was read.
pub(crate) fn rotating(session: &Session) -> Changes {
    Changes::one(samples::rotating(session)).relaxed()
}
