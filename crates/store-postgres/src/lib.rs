//! Handstamp's store for several machines, on PostgreSQL.
//!
//! It holds no rules: what may happen is decided in `handstamp-core`, and a change that rests on something that is no longer so is
//! refused here as a conflict. Any number of services and commands may have one database open at the same time; they need nothing
//! else from each other.
//!
//! ```no_run
//! use std::sync::Arc;
//!
//! use handstamp_core::store::Store;
//! use handstamp_store_postgres::{PostgresOptions, PostgresStore};
//! use handstamp_token::SystemEntropy;
//!
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! let options = PostgresOptions::new("postgres://handstamp@db.internal/handstamp")?;
//! let store = PostgresStore::open(&options, Arc::new(SystemEntropy)).await?;
//! let somebody_can_sign_in = store.has_users().await?;
//! store.close().await?;
//! # let _ = somebody_can_sign_in;
//! # Ok(())
//! # }
//! ```

mod apply;
mod at_once;
mod batches;
mod clean_up;
mod connection;
mod direct;
mod failure;
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
mod row;
mod sql;
mod store;
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
