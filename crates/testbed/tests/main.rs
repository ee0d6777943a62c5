//! The servers are real, their faults are too, and nothing is left of them.

mod end;
mod postgres;
mod redis;
mod wire;
