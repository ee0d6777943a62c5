//! Headers on their way through: which end here, which were made up, which say who forwarded what.

pub(crate) mod forwarded;
pub(crate) mod hop_by_hop;
pub(crate) mod spoofable;
