use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use rusqlite::config::DbConfig;
use rusqlite::{Connection, ErrorCode, OpenFlags};

/// How long a connection waits for another process to let go of the database. A request has ten seconds by default.
const PATIENCE: Duration = Duration::from_secs(5);

/// The longest pause between two looks at a lock. SQLite's own handler sleeps up to 100 ms at a time and so loses every
/// race against a busy process.
pub(crate) const LONGEST_NAP: Duration = Duration::from_micros(500);

/// More than all statements we have: none is ever prepared twice.
const STATEMENTS: usize = 128;

/// The log is copied into the database when it has so many pages (16 MiB): rotations change the same pages again and
/// again, and each page is then copied once for many of them.
const CHECKPOINT_PAGES: u32 = 4_000;

/// After a burst the log's file shrinks to this.
const LONGEST_IDLE_LOG: u32 = 64 * 1024 * 1024;

/// Opens the connection that writes.
pub(crate) fn writer(file: &Path) -> rusqlite::Result<Connection> {
    let connection = open(file)?;
    connection.pragma_update(None, "cache_size", -16 * 1024)?;
    connection.pragma_update(None, "wal_autocheckpoint", CHECKPOINT_PAGES)?;
    connection.pragma_update(None, "journal_size_limit", LONGEST_IDLE_LOG)?;
    // On macOS a plain fsync does not reach the disk. Elsewhere these two mean nothing.
    connection.pragma_update(None, "fullfsync", true)?;
    connection.pragma_update(None, "checkpoint_fullfsync", true)?;
    set_synced(&connection, true)?;
    Ok(connection)
}

/// Opens a connection that reads, and changes no row.
pub(crate) fn reader(file: &Path) -> rusqlite::Result<Connection> {
    // Not opened read-only: after the crash of another process, whoever comes first repairs the index of the log.
    let connection = open(file)?;
    connection.pragma_update(None, "cache_size", -4 * 1024)?;
    connection.pragma_update(None, "query_only", true)?;
    Ok(connection)
}

/// Opens a connection that reads, and that fails at once where another would wait.
pub(crate) fn impatient_reader(file: &Path) -> rusqlite::Result<Connection> {
    let connection = reader(file)?;
    connection.busy_timeout(Duration::ZERO)?;
    Ok(connection)
}

/// Opens a copy that nobody else knows of yet. Until it is whole there is nothing in it to be saved from a crash.
pub(crate) fn copy(file: &Path) -> rusqlite::Result<Connection> {
    let connection = open(file)?;
    connection.pragma_update(None, "journal_mode", "memory")?;
    connection.pragma_update(None, "synchronous", "OFF")?;
    Ok(connection)
}

/// Switches to write-ahead logging, which is a property of the file. Returns whether the file system can do it.
pub(crate) fn use_write_ahead_log(connection: &Connection) -> rusqlite::Result<bool> {
    let since = Instant::now();
    loop {
        let mode =
            connection.pragma_update_and_check(None, "journal_mode", "wal", |row| row.get::<_, String>(0));
        match mode {
            // Of two that switch a new file at the same moment one is refused, and for this SQLite asks no busy handler.
            Err(error) if is_busy(&error) && since.elapsed() < PATIENCE => thread::sleep(LONGEST_NAP),
            mode => return mode.map(|mode| mode == "wal"),
        }
    }
}

/// Says whether commits wait for the disk from now on.
pub(crate) fn set_synced(connection: &Connection, synced: bool) -> rusqlite::Result<()> {
    connection.pragma_update(None, "synchronous", if synced { "FULL" } else { "NORMAL" })
}

fn open(file: &Path) -> rusqlite::Result<Connection> {
    // Each connection belongs to one thread. The file was made before, with narrow rights: SQLite never makes one.
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let mut connection = Connection::open_with_flags(file, flags)?;
    wait_patiently(&mut connection)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS);
    connection.pragma_update(None, "foreign_keys", true)?;
    // A doctored file must not run code of its own.
    connection.pragma_update(None, "trusted_schema", false)?;
    // Otherwise SQLite may parse and plan a join or a limit again for every new parameter, which takes five times as long
    // as the look-up itself.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    #[cfg(test)]
    crate::plans::watch(&mut connection)?;
    Ok(connection)
}

/// Returns whether the database was locked.
pub(crate) fn is_busy(error: &rusqlite::Error) -> bool {
    error.sqlite_error_code() == Some(ErrorCode::DatabaseBusy)
}

fn wait_patiently(connection: &mut Connection) -> rusqlite::Result<()> {
    let mut since = Instant::now();
    connection.busy_handler(Some(move |tries: i32| {
        if tries == 0 {
            since = Instant::now();
        }
        if since.elapsed() > PATIENCE {
            return false;
        }
        thread::sleep(LONGEST_NAP * u32::try_from(tries + 1).unwrap_or(1).min(10) / 10);
        true
    }))
}
