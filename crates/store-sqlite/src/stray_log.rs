//! The log of another database.
//!
//! SQLite reads whatever log lies beside a database into it, and asks nobody whose it is. Where the service was killed, its log stays;
//! a backup that is then put in the place of the database would become a mixture of both, without a word.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{self, ErrorKind, Read};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use crate::open_error::OpenError;

/// How every database begins ([the file format](https://www.sqlite.org/fileformat.html#the_database_header)), up to the two bytes that say
/// how it is written and read: 1 by a rollback journal, 2 with a log beside it.
const HEADER: usize = 20;
const BEGINNING: &[u8] = b"SQLite format 3\0";
const WITHOUT_LOG: [u8; 2] = [1, 1];

/// The databases that this process has looked at. It may have them open by now, and must not open them past SQLite: to close a file is to
/// let go of all locks that the process has on it.
static LOOKED_AT: Mutex<BTreeSet<PathBuf>> = Mutex::new(BTreeSet::new());

/// Refuses a database that has no log by its own word, and beside which there lies one. A backup is such a database, and ours becomes
/// another one before anything is written beside it.
pub(crate) fn refuse(file: &Path) -> Result<(), OpenError> {
    match look(file) {
        Ok(None) => Ok(()),
        Ok(Some(log)) => Err(OpenError::StrayLog { file: file.to_owned(), log }),
        Err(source) => Err(OpenError::File { file: file.to_owned(), source }),
    }
}

fn look(file: &Path) -> io::Result<Option<PathBuf>> {
    // Where a link leads, as SQLite goes.
    let Some(file) = found(fs::canonicalize(file))? else { return Ok(None) };
    let mut looked_at = LOOKED_AT.lock().unwrap_or_else(PoisonError::into_inner);
    if looked_at.contains(&file) {
        return Ok(None);
    }
    let stray = stray_log(&file)?;
    if stray.is_none() {
        looked_at.insert(file);
    }
    Ok(stray)
}

fn stray_log(file: &Path) -> io::Result<Option<PathBuf>> {
    let mut log = file.as_os_str().to_owned();
    log.push("-wal");
    let log = PathBuf::from(log);
    // The log first: whoever writes one has said so in the database before.
    if found(fs::metadata(&log))?.is_none_or(|log| log.len() == 0) {
        return Ok(None);
    }
    let mut header = [0; HEADER];
    match File::open(file)?.read_exact(&mut header) {
        // What it is instead SQLite will say.
        Err(cause) if cause.kind() == ErrorKind::UnexpectedEof => return Ok(None),
        read => read?,
    }
    Ok((header.starts_with(BEGINNING) && header.ends_with(&WITHOUT_LOG)).then_some(log))
}

fn found<T>(looked: io::Result<T>) -> io::Result<Option<T>> {
    match looked {
        Err(cause) if cause.kind() == ErrorKind::NotFound => Ok(None),
        looked => looked.map(Some),
    }
}
