//! Where the outside world comes in: environment, clock, files, network. Nothing else in the house touches them.

pub(crate) mod clock;
pub(crate) mod duration;
pub(crate) mod environment;
pub(crate) mod fetch;
pub(crate) mod input;
