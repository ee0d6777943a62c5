//! One binary for all tests: the files mirror `src`.

#![expect(
    clippy::unwrap_used,
    reason = "the helpers of a story are part of it: what fails there fails the test"
)]

mod contract;
mod kit;
mod limits;
mod open;
mod transfer;
