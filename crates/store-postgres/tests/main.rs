//! One binary for all tests: the files mirror `src`.

#![expect(
    clippy::unwrap_used,
    reason = "the helpers of a story are part of it: what fails there fails the test"
)]

mod at_once;
mod contract;
mod damage;
mod durability;
mod faults;
mod history;
mod kit;
mod limits;
mod open;
mod replicas;
mod rights;
mod samples;
mod text;
mod tls;
mod transfer;
