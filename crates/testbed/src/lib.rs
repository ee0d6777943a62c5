//! The servers that others run, for tests that must not pretend: PostgreSQL and Redis from the machine's own packages, each test
//! process with its own, on loopback ports nobody else has.
//!
//! ```no_run
//! use handstamp_testbed::{Postgres, Wire};
//!
//! let url = Postgres::shared().database(); // an empty database on the server of this test process
//!
//! let mine = Postgres::start(); // a server for a test that hurts it
//! let url = mine.database();
//! mine.pause(); // as if the machine had stopped answering
//! mine.resume();
//!
//! let wire = Wire::to(mine.port()); // a network for a test that cuts it
//! let url = wire.through(&url, mine.port());
//! ```
//!
//! What is started here ends with the test process, however that ends: a watchdog holds the other end of a pipe and kills what is left.
//! Only tests lean on this crate; a server that cannot be started is a panic that says why.

mod admin;
mod data;
mod postgres;
mod redis;
mod server;
mod watchdog;
mod wire;

pub use admin::Admin;
pub use postgres::Postgres;
pub use redis::Redis;
pub use server::Server;
pub use wire::Wire;
