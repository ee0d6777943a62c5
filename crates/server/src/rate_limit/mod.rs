//! How often somebody may try to prove who they are.
//!
//! Three limits at once. The one per account stops guessing from many addresses; the one per address stops guessing at many
//! accounts; and all strangers together get no more passwords checked than the operator wants to pay for. None of them locks
//! anybody out for long: attempts come back one by one, and a device that has signed in before counts for itself, so that a
//! stranger cannot use up its attempts.
//!
//! Replicas count together where they share something to count on, and each for itself where they do not.

mod counters;
mod headers;
mod sign_in;

pub(crate) use counters::Together;
pub(crate) use sign_in::{Attempt, Claim, Limit, Refused, SignInLimits};
