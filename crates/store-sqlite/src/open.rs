use std::io;
use std::num::NonZero;
use std::path::Path;
use std::sync::Arc;
use std::thread;

use rusqlite::Connection;

use crate::batch::Batches;
use crate::connection;
use crate::folder::{self, DATABASE_FILE};
use crate::lock::{self, ShareMode};
use crate::log_news::LogNews;
use crate::migrations::{self, Schema};
use crate::open_error::OpenError;
use crate::readers::{Connections, Readers};
use crate::room::Room;
use crate::stray_log;
use crate::writer::Writer;

/// What the store is opened for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OpenMode {
    /// For a service.
    Serve(ShareMode),
    /// For a command that is over soon. It takes no lock and works while a service runs.
    Command,
}

/// Look-ups at the same time: as many as there are processors, within reason, for each connection has a cache of its own.
const MOST_LOOK_UPS: usize = 8;

/// Lists are rare: one may be long, and another is not to wait behind it.
const READING_THREADS: usize = 2;

/// Makes, checks, migrates and opens the database in a folder.
pub(crate) fn open(
    folder: &Path,
    mode: OpenMode,
    log: Arc<LogNews>,
    room: Arc<Room>,
) -> Result<(Readers, Writer), OpenError> {
    folder::make(folder).map_err(|source| OpenError::Folder { folder: folder.to_owned(), source })?;
    let lock = match mode {
        OpenMode::Serve(share) => Some(lock::lock(folder, share)?),
        OpenMode::Command => None,
    };
    let file = folder.join(DATABASE_FILE);
    make_file(&file)?;
    stray_log::refuse(&file)?;
    let connection = connection::writer(&file).map_err(|error| OpenError::of(&file, error))?;
    prepare(&connection, &file)?;
    let readers = start_readers(&file, mode)?;
    let shared = mode == OpenMode::Serve(ShareMode::Shared);
    let writer = Writer::start(Batches::new(connection, log, room), shared, lock);
    Ok((readers, writer.map_err(|source| OpenError::Thread { file, source })?))
}

/// How far the schema of a database is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SchemaVersion {
    /// The version in the file.
    pub found: usize,
    /// The newest version this program knows: what the next opening makes of it.
    pub known: usize,
}

/// Returns how far the schema of the database in a folder is. Changes nothing.
pub fn schema_version(folder: &Path) -> Result<SchemaVersion, OpenError> {
    let file = folder.join(DATABASE_FILE);
    stray_log::refuse(&file)?;
    let connection = connection::reader(&file).map_err(|error| OpenError::of(&file, error))?;
    let schema = migrations::schema(&connection).map_err(|error| OpenError::of(&file, error))?;
    refuse(schema, &file)?;
    let found = match schema {
        Schema::Version(found) => found,
        Schema::Empty | Schema::Foreign => 0,
    };
    Ok(SchemaVersion { found, known: migrations::newest() })
}

fn make_file(file: &Path) -> Result<(), OpenError> {
    match folder::private_database(file) {
        Ok(()) => Ok(()),
        Err(source)
            if matches!(
                source.kind(),
                io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem
            ) =>
        {
            Err(OpenError::ReadOnly { file: file.to_owned() })
        }
        Err(source) => Err(OpenError::File { file: file.to_owned(), source }),
    }
}

fn prepare(connection: &Connection, file: &Path) -> Result<(), OpenError> {
    let failed = |error| OpenError::of(file, error);
    // Looks before it touches: another program's file stays as it is.
    refuse(migrations::schema(connection).map_err(failed)?, file)?;
    if connection.is_readonly("main").map_err(failed)? {
        return Err(OpenError::ReadOnly { file: file.to_owned() });
    }
    if !connection::use_write_ahead_log(connection).map_err(failed)? {
        return Err(OpenError::NoSharedMemory { file: file.to_owned() });
    }
    refuse(migrations::run(connection).map_err(failed)?, file)
}

fn refuse(found: Schema, file: &Path) -> Result<(), OpenError> {
    let known = migrations::newest();
    match found {
        Schema::Foreign => Err(OpenError::Foreign { file: file.to_owned() }),
        Schema::Version(found) if found > known => {
            Err(OpenError::Newer { file: file.to_owned(), found, known })
        }
        Schema::Empty | Schema::Version(_) => Ok(()),
    }
}

fn start_readers(file: &Path, mode: OpenMode) -> Result<Readers, OpenError> {
    let (here, threads) = match mode {
        OpenMode::Serve(_) => {
            let cores = thread::available_parallelism().map_or(2, NonZero::get);
            (cores.clamp(2, MOST_LOOK_UPS), READING_THREADS)
        }
        OpenMode::Command => (1, 1),
    };
    let connect = |count, open: fn(&Path) -> rusqlite::Result<Connection>| -> Result<Vec<_>, OpenError> {
        (0..count).map(|_| open(file).map_err(|error| OpenError::of(file, error))).collect()
    };
    let connections = Connections {
        impatient: connect(here, connection::impatient_reader)?,
        patient: connect(threads, connection::reader)?,
    };
    Readers::start(connections).map_err(|source| OpenError::Thread { file: file.to_owned(), source })
}
