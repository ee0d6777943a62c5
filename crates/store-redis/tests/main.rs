//! One binary for all tests: the files mirror `src`. They run against a real server.

#![expect(
    clippy::unwrap_used,
    reason = "the helpers of a story are part of it: what fails there fails the test"
)]

mod fan_out;
mod faults;
mod limits;
mod rights;
mod shelf;
mod tls;
mod world;
