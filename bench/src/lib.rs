//! What the benchmarks share: measuring side by side, printing tables, key material, and the peers.
//!
//! A figure of one run says little about another machine, so everything here is a ratio: the contestants of a race take
//! turns round by round, each round yields its own ratio to the floor, and the median of those is printed.

pub mod command_line;
pub mod fixture;
pub mod load;
pub mod machine;
pub mod peers;
pub mod race;
pub mod remembered;
pub mod report;
pub mod revoking;
pub mod service;
pub mod statistics;

/// A benchmark stops with a sentence for the person who started it.
pub type Outcome<T = ()> = Result<T, String>;

/// Turns any error into that sentence, with what was being done.
pub fn failed<E: std::fmt::Display>(doing: &str) -> impl FnOnce(E) -> String {
    move |error| format!("{doing}: {error}")
}
