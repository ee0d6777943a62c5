use std::sync::Arc;

use handstamp_core::store::rows::Unreadable;
use handstamp_core::store::{self, StoreError};
use rusqlite::ErrorCode;
use rusqlite::ffi::{SQLITE_IOERR_DIR_FSYNC, SQLITE_IOERR_FSYNC, SQLITE_IOERR_TRUNCATE, SQLITE_IOERR_WRITE};

/// Why a statement or a row could not be used. Cheap to clone: when a transaction fails, every unit of work in it hears.
#[derive(Debug, Clone)]
pub(crate) enum Failure {
    /// SQLite's word.
    Sqlite(Arc<rusqlite::Error>),
    /// A column holds what we cannot have written.
    Corrupt(String),
}

/// Why a unit of work does not hold.
pub(crate) type Refusal = store::Refusal<Failure>;

/// The thread that would have answered is gone: the store was closed, or a defect ended it.
#[derive(Debug, thiserror::Error)]
#[error("the store was closed or its thread ended")]
pub(crate) struct ThreadGone;

impl Failure {
    /// Tells the flow, which knows nothing of SQLite.
    pub(crate) fn into_store_error(self, doing: &'static str) -> StoreError {
        let error = match self {
            Self::Corrupt(what) => return StoreError::Corrupt { what },
            Self::Sqlite(error) => error,
        };
        match kind(&error) {
            Kind::Away => StoreError::Unavailable { doing, source: Box::new(error) },
            Kind::NotWritable => StoreError::NotWritable { doing, source: Box::new(error) },
            Kind::Damaged => StoreError::Corrupt { what: format!("the database file ({doing}): {error}") },
            Kind::Defect => StoreError::Defect { doing, source: Box::new(error) },
        }
    }
}

/// Returns the error for an answer that will never come.
pub(crate) fn thread_gone(doing: &'static str) -> StoreError {
    StoreError::Unavailable { doing, source: Box::new(ThreadGone) }
}

/// What an error of SQLite's means for who waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Locked, or out of memory or file handles: it may pass.
    Away,
    /// Read-only, or no room.
    NotWritable,
    /// The file is not what SQLite wrote.
    Damaged,
    /// We asked for something wrong.
    Defect,
}

/// Sorts SQLite's errors.
pub(crate) fn kind(error: &rusqlite::Error) -> Kind {
    let rusqlite::Error::SqliteFailure(code, _) = error else { return Kind::Defect };
    match code.code {
        ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase => Kind::Damaged,
        ErrorCode::ReadOnly | ErrorCode::DiskFull | ErrorCode::PermissionDenied => Kind::NotWritable,
        ErrorCode::SystemIoFailure if is_write(code.extended_code) => Kind::NotWritable,
        ErrorCode::SystemIoFailure
        | ErrorCode::DatabaseBusy
        | ErrorCode::DatabaseLocked
        | ErrorCode::CannotOpen
        | ErrorCode::FileLockingProtocolFailed
        | ErrorCode::OutOfMemory
        | ErrorCode::OperationInterrupted => Kind::Away,
        _ => Kind::Defect,
    }
}

fn is_write(extended_code: i32) -> bool {
    [SQLITE_IOERR_WRITE, SQLITE_IOERR_FSYNC, SQLITE_IOERR_DIR_FSYNC, SQLITE_IOERR_TRUNCATE]
        .contains(&extended_code)
}

impl From<rusqlite::Error> for Failure {
    fn from(error: rusqlite::Error) -> Self {
        Self::Sqlite(Arc::new(error))
    }
}

impl From<Unreadable> for Failure {
    fn from(column: Unreadable) -> Self {
        Self::Corrupt(column.to_string())
    }
}

impl From<Failure> for Refusal {
    fn from(failure: Failure) -> Self {
        Self::Failure(failure)
    }
}

#[cfg(test)]
mod tests {
    use rusqlite::ffi;

    use super::*;

    fn store_error(code: i32) -> StoreError {
        Failure::from(rusqlite::Error::SqliteFailure(ffi::Error::new(code), None)).into_store_error("testing")
    }

    #[test]
    fn a_lock_held_too_long_is_unavailable() {
        assert!(matches!(store_error(ffi::SQLITE_BUSY), StoreError::Unavailable { doing: "testing", .. }));
    }

    #[test]
    fn a_full_disk_is_not_writable_however_the_system_says_it() {
        for code in [ffi::SQLITE_FULL, ffi::SQLITE_IOERR_WRITE, ffi::SQLITE_IOERR_FSYNC, ffi::SQLITE_READONLY]
        {
            assert!(matches!(store_error(code), StoreError::NotWritable { .. }), "{code}");
        }
    }

    #[test]
    fn a_read_that_fails_may_pass() {
        assert!(matches!(store_error(ffi::SQLITE_IOERR_READ), StoreError::Unavailable { .. }));
    }

    #[test]
    fn a_malformed_file_is_corrupt() {
        for code in [ffi::SQLITE_CORRUPT, ffi::SQLITE_NOTADB] {
            assert!(matches!(store_error(code), StoreError::Corrupt { .. }), "{code}");
        }
    }

    #[test]
    fn a_broken_constraint_is_our_defect() {
        assert!(matches!(store_error(ffi::SQLITE_CONSTRAINT_UNIQUE), StoreError::Defect { .. }));
    }
}
