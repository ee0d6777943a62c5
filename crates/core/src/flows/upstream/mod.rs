//! Sign-in through an upstream: another server says who somebody is, and the rules here say who they are.
//!
//! The protocol is the server's part. It hands over an [`UpstreamIdentity`]: what an upstream has said, checked and mapped.

mod account;
mod exchanged;
mod identity;
mod links;
mod logout;
mod names;
mod recheck;
mod rule;
mod sessions;
mod sign_in;

pub use exchanged::exchanged_before;
pub use identity::{Membership, RecheckSecret, UpstreamIdentity};
pub use links::{
    LINK_WITHIN, LinkError, LinkUpstream, UnlinkError, UnlinkUpstream, link_upstream, links, may_link,
    unlink_upstream,
};
pub use logout::{UpstreamLogout, UpstreamLogoutError, end_upstream_sessions};
pub use recheck::{Due, Recheck, RecheckOutcome, RecheckVerdict, recheck_due, rechecked};
pub use sessions::of_session;
pub use sign_in::{Attempt, UpstreamSignIn, UpstreamSignInError, sign_in_through_upstream};
