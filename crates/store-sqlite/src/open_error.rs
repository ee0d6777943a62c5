use std::error::Error;
use std::io;
use std::path::{Path, PathBuf};

use rusqlite::ErrorCode;

use crate::failure::{Kind, kind};

/// The database could not be opened. Nothing in it was changed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// The data folder is missing and cannot be made, or is no folder.
    #[error("cannot use {} as the data folder", folder.display())]
    Folder {
        /// Which folder.
        folder: PathBuf,
        /// The system's word.
        #[source]
        source: io::Error,
    },
    /// Another service has the folder.
    #[error(
        "the data folder {} is already served by {by}: stop it first, or give this one a folder of its own",
        folder.display()
    )]
    AlreadyServed {
        /// Which folder.
        folder: PathBuf,
        /// Who has it: `process 123`, or `another process` where it left no number.
        by: String,
    },
    /// The lock file of the folder cannot be made or locked.
    #[error("cannot lock the data folder {}", folder.display())]
    Lock {
        /// Which folder.
        folder: PathBuf,
        /// The system's word.
        #[source]
        source: io::Error,
    },
    /// The file cannot be opened or made, or its rights cannot be narrowed.
    #[error("cannot open the database {}", file.display())]
    File {
        /// Which file.
        file: PathBuf,
        /// The system's word.
        #[source]
        source: io::Error,
    },
    /// The file or its folder is read-only for us.
    #[error("the database {} cannot be written: it or its folder is read-only for this user", file.display())]
    ReadOnly {
        /// Which file.
        file: PathBuf,
    },
    /// No room.
    #[error("the database {} cannot be written: the disk is full or failing", file.display())]
    NotWritable {
        /// Which file.
        file: PathBuf,
        /// SQLite's word.
        #[source]
        source: Box<dyn Error + Send + Sync>,
    },
    /// The file holds something else than a SQLite database.
    #[error("{} is not a database: it was overwritten, or is something else; restore it from a backup", file.display())]
    NotADatabase {
        /// Which file.
        file: PathBuf,
    },
    /// Beside the file lies the log of another database.
    #[error(
        "{} is the log of another database than the one in {}, which it would be mixed into: a restored backup goes into a folder \
         without the old files, so move the log away first",
        log.display(),
        file.display()
    )]
    StrayLog {
        /// Which file.
        file: PathBuf,
        /// The log.
        log: PathBuf,
    },
    /// The file is a SQLite database with the tables of another program.
    #[error("{} is a database of another program", file.display())]
    Foreign {
        /// Which file.
        file: PathBuf,
    },
    /// The file was written by a newer program than this one.
    #[error(
        "the database {} has schema version {found}, and this program knows up to {known}: run a newer one",
        file.display()
    )]
    Newer {
        /// Which file.
        file: PathBuf,
        /// The version in the file.
        found: usize,
        /// The newest version this program knows.
        known: usize,
    },
    /// The file was cut off or damaged.
    #[error("the database {} is damaged: restore it from a backup", file.display())]
    Damaged {
        /// Which file.
        file: PathBuf,
        /// SQLite's word.
        #[source]
        source: Box<dyn Error + Send + Sync>,
    },
    /// Somebody else holds the database's own lock for seconds on end.
    #[error("the database {} is locked by another program", file.display())]
    Locked {
        /// Which file.
        file: PathBuf,
        /// SQLite's word.
        #[source]
        source: Box<dyn Error + Send + Sync>,
    },
    /// The file system is not one that SQLite can share between processes.
    #[error(
        "the database {} cannot be shared between processes on this file system: use a local disk",
        file.display()
    )]
    NoSharedMemory {
        /// Which file.
        file: PathBuf,
    },
    /// A thread could not be started.
    #[error("cannot start a thread for the database {}", file.display())]
    Thread {
        /// Which file.
        file: PathBuf,
        /// The system's word.
        #[source]
        source: io::Error,
    },
    /// SQLite refused for another reason.
    #[error("cannot use the database {}", file.display())]
    Sqlite {
        /// Which file.
        file: PathBuf,
        /// SQLite's word.
        #[source]
        source: Box<dyn Error + Send + Sync>,
    },
}

impl OpenError {
    /// Sorts SQLite's errors by what an operator can do about them.
    pub(crate) fn of(file: &Path, error: rusqlite::Error) -> Self {
        let file = file.to_owned();
        match (error.sqlite_error_code(), kind(&error)) {
            (Some(ErrorCode::NotADatabase), _) => Self::NotADatabase { file },
            (Some(ErrorCode::ReadOnly | ErrorCode::PermissionDenied | ErrorCode::CannotOpen), _) => {
                Self::ReadOnly { file }
            }
            (Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked), _) => {
                Self::Locked { file, source: Box::new(error) }
            }
            (_, Kind::NotWritable) => Self::NotWritable { file, source: Box::new(error) },
            (_, Kind::Damaged) => Self::Damaged { file, source: Box::new(error) },
            (_, Kind::Away | Kind::Defect) => Self::Sqlite { file, source: Box::new(error) },
        }
    }
}
