//! Handstamp's store for several machines, on PostgreSQL.
//!
//! It holds no rules: what may happen is decided in `handstamp-core`, and a change that rests on something that is no longer so is
//! refused here as a conflict.

mod apply;
mod at_once;
mod batches;
mod clean_up;
mod connection;
mod direct;
mod failure;
mod fields;
mod history;
mod jitter;
mod limits;
mod listen;
pub mod migrations;
mod news;
mod open_error;
mod options;
#[cfg(test)]
mod plans;
mod pool;
mod read;
mod room;
mod sql;
mod store;
mod times;
mod tls;
mod transfer;
mod units;
mod url;

pub use limits::PostgresLimits;
pub use open_error::OpenError;
pub use options::PostgresOptions;
pub use room::Room;
pub use store::PostgresStore;
pub use tls::TlsError;
pub use url::DatabaseUrlError;
