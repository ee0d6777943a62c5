//! Handstamp's embedded store: everything in one SQLite file in the data folder.
//!
//! Writes go through one thread, which commits many units of work in one transaction (group commit); reads go through a
//! few threads with a connection of their own and never wait for the writer (WAL). Several processes may have one folder
//! open: the command line while the service runs, and a second service where that is wanted.
//!
//! It holds no rules: what may happen is decided in `handstamp-core`, and a change that rests on something that is no
//! longer so is refused here as a conflict.
//!
//! ```no_run
//! use std::path::Path;
//!
//! use handstamp_core::store::Store;
//! use handstamp_store_sqlite::{OpenMode, ShareMode, SqliteStore};
//!
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! let store = SqliteStore::open(Path::new("data"), OpenMode::Serve(ShareMode::Exclusive))?;
//! let somebody_can_sign_in = store.has_users().await?;
//! store.close().await?;
//! # let _ = somebody_can_sign_in;
//! # Ok(())
//! # }
//! ```

mod apply;
mod backup;
mod batch;
mod clean_up;
mod connection;
mod failure;
mod folder;
mod lock;
mod log_news;
mod migrations;
mod open;
mod open_error;
#[cfg(test)]
mod plans;
mod query;
mod read;
mod readers;
mod room;
mod row;
mod store;
mod stray_log;
mod transfer;
mod turns;
mod writer;

pub use backup::{BackupDone, BackupError, backup};
pub use folder::DATABASE_FILE;
pub use lock::ShareMode;
pub use open::{OpenMode, SchemaVersion, schema_version};
pub use open_error::OpenError;
pub use store::SqliteStore;
