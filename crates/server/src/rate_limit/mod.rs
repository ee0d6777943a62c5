//! How often somebody may try to prove who they are.
//!
//! Two limits at once. The one per account stops guessing from many addresses; the one per address stops guessing at
//! many accounts. Neither locks anybody out for long: attempts come back one by one, and a device that has signed in
//! before counts for itself, so that a stranger cannot use up its attempts.

mod bucket;
mod headers;
mod sign_in;

pub(crate) use sign_in::{Attempt, Claim, Refused, SignInLimits};
