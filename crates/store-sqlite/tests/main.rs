//! One binary for all tests: the files mirror `src`, and what several of its files do together has a name of its own.

#![expect(
    clippy::unwrap_used,
    reason = "the helpers of a story are part of it: what fails there fails the test"
)]

mod backup;
mod clean_up;
mod contract;
mod crash;
mod kit;
mod lock;
mod log_order;
mod open;
mod power_cut;
mod processes;
mod read;
mod transfer;
mod upstreams;
mod writer;
