//! A copy of the database while it is in use.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};

use handstamp_core::model::LogPosition;
use rusqlite::backup::{Backup, StepResult};
use rusqlite::{Connection, ffi};

use crate::failure::{Failure, Kind, kind};
use crate::folder::DATABASE_FILE;
use crate::migrations::{self, Schema};
use crate::open_error::OpenError;
use crate::{apply, connection, read, stray_log};

/// Pages that are copied between two words about how far it is: four megabytes.
const STEP: i32 = 1_000;

/// What a backup came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BackupDone {
    /// How large the copy is.
    pub bytes: u64,
    /// Where the revocation log stands in it.
    pub head: LogPosition,
}

/// No backup was made, and nothing is left of the attempt.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BackupError {
    /// The database cannot be used.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// It was written by an older program than this one.
    #[error(
        "the database has schema version {found}, and this program makes {known} of it: back it up with the program that \
         serves it, or run `handstamp migrate` first"
    )]
    Older {
        /// The version in the file.
        found: usize,
        /// The newest version this program knows.
        known: usize,
    },
    /// The copy cannot be written.
    #[error("cannot write {}", file.display())]
    Write {
        /// Where.
        file: PathBuf,
        /// The system's word.
        #[source]
        source: io::Error,
    },
    /// SQLite could not read the database, or not write the copy.
    #[error("cannot copy the database to {}", file.display())]
    Copy {
        /// Where.
        file: PathBuf,
        /// SQLite's word.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The copy was read, and is not sound: the database it was made of is damaged, or the disk it is on.
    #[error(
        "the copy is not sound ({verdict}): the database is damaged, or the disk that the copy was written to"
    )]
    Unsound {
        /// SQLite's word.
        verdict: String,
    },
}

/// Copies the database of a data folder into a new file, for its owner alone, as of one moment: the service goes on reading and writing.
/// The copy was read again, and is on the disk, when this returns. `progress` hears how many pages of how many are copied.
///
/// The copy knows that it is one. Whoever serves it begins a new epoch of the revocation log: the original has gone on, and gives out
/// the numbers that come next in the copy.
pub fn backup(
    folder: &Path,
    into: &Path,
    mut progress: impl FnMut(u64, u64),
) -> Result<BackupDone, BackupError> {
    let draft = Draft::new(into)?;
    let copied = copy(&folder.join(DATABASE_FILE), into, &mut progress)?;
    let written = File::open(into).and_then(|file| {
        file.sync_all()?;
        file.metadata()
    });
    let metadata = written.map_err(|source| BackupError::Write { file: into.to_owned(), source })?;
    draft.keep();
    Ok(BackupDone { bytes: metadata.len(), head: copied })
}

fn copy(file: &Path, into: &Path, progress: &mut dyn FnMut(u64, u64)) -> Result<LogPosition, BackupError> {
    let failed =
        |source: rusqlite::Error| BackupError::Copy { file: into.to_owned(), source: Box::new(source) };
    stray_log::refuse(file)?;
    let original = connection::reader(file).map_err(|error| OpenError::of(file, error))?;
    // One moment, whatever others commit from here on. Without it SQLite would begin again at each of their commits.
    original.execute_batch("BEGIN").map_err(failed)?;
    refuse(migrations::schema(&original).map_err(|error| OpenError::of(file, error))?, file)?;

    let mut copy = connection::copy(into).map_err(failed)?;
    let steps = Backup::new(&original, &mut copy).map_err(failed)?;
    loop {
        let step = steps.step(STEP).map_err(failed)?;
        let done = steps.progress();
        let (all, left) =
            (u64::try_from(done.pagecount).unwrap_or(0), u64::try_from(done.remaining).unwrap_or(0));
        progress(all.saturating_sub(left), all);
        match step {
            StepResult::Done => break,
            StepResult::More => {}
            // Nobody else has the copy open, and a reader of the original is never locked out.
            _ => return Err(failed(rusqlite::Error::SqliteFailure(ffi::Error::new(ffi::SQLITE_BUSY), None))),
        }
    }
    drop(steps);
    let head = finish(&copy).map_err(|failure| told(failure, into))?;
    check(&copy).map_err(failed)?.map_or(Ok(head), |verdict| Err(BackupError::Unsound { verdict }))
}

fn refuse(found: Schema, file: &Path) -> Result<(), BackupError> {
    let known = migrations::newest();
    match found {
        Schema::Version(found) if found == known => Ok(()),
        Schema::Version(found) if found < known => Err(BackupError::Older { found, known }),
        Schema::Version(found) => Err(OpenError::Newer { file: file.to_owned(), found, known }.into()),
        Schema::Empty | Schema::Foreign => Err(OpenError::Foreign { file: file.to_owned() }.into()),
    }
}

/// Makes one file of it that needs no log beside it, and says in it that it is a copy.
fn finish(copy: &Connection) -> Result<LogPosition, Failure> {
    // Read before anything is switched: SQLite notices only now that the copy, too, is one with a log beside it.
    let head = read::log::head(copy)?;
    copy.pragma_update_and_check(None, "journal_mode", "delete", |row| row.get::<_, String>(0))?;
    apply::events::mark_as_copy(copy)?;
    Ok(head)
}

/// Reads the whole copy. Returns what is wrong with it.
fn check(copy: &Connection) -> rusqlite::Result<Option<String>> {
    let verdict: String = copy.query_row("PRAGMA quick_check(1)", [], |row| row.get(0))?;
    Ok((verdict != "ok").then_some(verdict))
}

fn told(failure: Failure, into: &Path) -> BackupError {
    match failure {
        Failure::Sqlite(error) if kind(&error) != Kind::Damaged => {
            BackupError::Copy { file: into.to_owned(), source: Box::new(error) }
        }
        Failure::Sqlite(error) => BackupError::Unsound { verdict: error.to_string() },
        Failure::Corrupt(verdict) => BackupError::Unsound { verdict },
    }
}

/// A file that goes away again unless it is kept.
struct Draft<'a> {
    file: &'a Path,
    is_kept: bool,
}

impl<'a> Draft<'a> {
    /// Makes the file. One that is there is not written into, wherever it may lead.
    fn new(file: &'a Path) -> Result<Self, BackupError> {
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        options.open(file).map_err(|source| BackupError::Write { file: file.to_owned(), source })?;
        Ok(Self { file, is_kept: false })
    }

    fn keep(mut self) {
        self.is_kept = true;
    }
}

impl Drop for Draft<'_> {
    fn drop(&mut self) {
        if !self.is_kept {
            // What cannot be removed is told by whoever finds it there the next time.
            let _ = fs::remove_file(self.file);
        }
    }
}
