//! For tests: a clock moved by hand, seeded randomness, a store in memory, and the rules that every store passes.

mod clock;
pub mod contract;
mod entropy;
mod kit;
mod memory_store;
pub mod samples;
pub mod shared;

pub use clock::FixedClock;
pub use entropy::{SeededEntropy, Sevens};
pub use kit::{Kit, PASSWORD};
pub use memory_store::{Backup, MemoryStore};
