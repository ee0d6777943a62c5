//! The schema, step by step. A step that was released is never edited: the next one changes what it made.

use rusqlite::Connection;

/// Marks the file as ours ("HSTM"), for us and for `file(1)`.
pub(crate) const APPLICATION_ID: i32 = 0x4853_544d;

/// Every step. A database at version `n` has seen the first `n`.
const STEPS: &[&str] = &[
    include_str!("0001_first.sql"),
    include_str!("0002_status_lists.sql"),
    include_str!("0003_verifier_reports.sql"),
    include_str!("0004_revocation_epochs.sql"),
    include_str!("0005_client_keys.sql"),
    include_str!("0006_profiles.sql"),
    include_str!("0007_upstreams.sql"),
    include_str!("0008_exchanged_sessions.sql"),
    include_str!("0009_carried_sessions.sql"),
    include_str!("0010_backups.sql"),
];

/// What is in the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Schema {
    /// Nothing yet.
    Empty,
    /// Ours, after this many steps.
    Version(usize),
    /// The tables of another program.
    Foreign,
}

/// Returns how many steps this program knows.
pub(crate) const fn newest() -> usize {
    STEPS.len()
}

/// Returns what is in the file, as of one moment: between a look at the mark and one at the tables another process may have made
/// both, and tables without our mark are those of somebody else.
pub(crate) fn schema(connection: &Connection) -> rusqlite::Result<Schema> {
    connection.execute_batch("SAVEPOINT look")?;
    let found = look(connection);
    let released = connection.execute_batch("RELEASE look");
    let found = found?;
    released.map(|()| found)
}

fn look(connection: &Connection) -> rusqlite::Result<Schema> {
    let id: i32 = connection.pragma_query_value(None, "application_id", |row| row.get(0))?;
    if id == APPLICATION_ID {
        let version: i64 = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
        return Ok(Schema::Version(usize::try_from(version).unwrap_or(usize::MAX)));
    }
    let is_empty = connection.query_row("SELECT count(*) = 0 FROM sqlite_schema", [], |row| row.get(0))?;
    Ok(if is_empty && id == 0 { Schema::Empty } else { Schema::Foreign })
}

/// Brings the schema to the newest version, all in one transaction, tolerant of another process doing the same.
///
/// Returns what it found; anything but a schema it can use is left as it is.
pub(crate) fn run(connection: &Connection) -> rusqlite::Result<Schema> {
    let found = schema(connection)?;
    if !needs_steps(found) {
        return Ok(found);
    }
    connection.execute_batch("BEGIN IMMEDIATE")?;
    let done = run_locked(connection);
    match &done {
        Ok(_) => connection.execute_batch("COMMIT")?,
        // The first error is the one to tell; a transaction that SQLite rolled back by itself makes this one fail too.
        Err(_) => drop(connection.execute_batch("ROLLBACK")),
    }
    done
}

fn run_locked(connection: &Connection) -> rusqlite::Result<Schema> {
    // Again, now that nobody else can change it.
    let found = schema(connection)?;
    let from = match found {
        Schema::Empty => 0,
        Schema::Version(version) if needs_steps(found) => version,
        _ => return Ok(found),
    };
    for step in &STEPS[from..] {
        connection.execute_batch(step)?;
    }
    connection.pragma_update(None, "application_id", APPLICATION_ID)?;
    connection.execute_batch(&format!("PRAGMA user_version = {}", newest()))?;
    tracing::info!(from, to = newest(), "migrated the database");
    Ok(Schema::Version(newest()))
}

fn needs_steps(found: Schema) -> bool {
    match found {
        Schema::Empty => true,
        Schema::Version(version) => version < newest(),
        Schema::Foreign => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at_version(version: usize) -> Connection {
        let connection = Connection::open_in_memory().unwrap();
        for step in &STEPS[..version] {
            connection.execute_batch(step).unwrap();
        }
        if version > 0 {
            connection.pragma_update(None, "application_id", APPLICATION_ID).unwrap();
            connection.execute_batch(&format!("PRAGMA user_version = {version}")).unwrap();
        }
        connection
    }

    fn tables(connection: &Connection) -> Vec<String> {
        let mut statement = connection.prepare("SELECT sql FROM sqlite_schema ORDER BY name").unwrap();
        statement
            .query_map([], |row| row.get::<_, Option<String>>(0))
            .unwrap()
            .filter_map(Result::unwrap)
            .collect()
    }

    #[test]
    fn every_older_version_becomes_the_newest() {
        let newest_tables = tables(&at_version(newest()));
        for version in 0..newest() {
            let connection = at_version(version);
            assert_eq!(run(&connection).unwrap(), Schema::Version(newest()), "from {version}");
            assert_eq!(schema(&connection).unwrap(), Schema::Version(newest()), "from {version}");
            assert_eq!(tables(&connection), newest_tables, "from {version}");
        }
    }

    #[test]
    fn clients_keep_their_secrets_when_keys_come_beside_them() {
        let connection = at_version(4);
        connection
            .execute_batch("INSERT INTO clients VALUES ('worker', 'sha256$x', '[\"a\"]', '[\"b\"]', 7)")
            .unwrap();
        run(&connection).unwrap();
        let kept: (String, String, String, i64) = connection
            .query_row(
                "SELECT secret, scopes, audiences, created_at FROM clients WHERE id = 'worker' AND jwks IS NULL",
                [],
                |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?)),
            )
            .unwrap();
        assert_eq!(kept, ("sha256$x".to_owned(), "[\"a\"]".to_owned(), "[\"b\"]".to_owned(), 7));
    }

    #[test]
    fn the_newest_version_is_left_as_it_is() {
        let connection = at_version(newest());
        let changes = connection.total_changes();
        assert_eq!(run(&connection).unwrap(), Schema::Version(newest()));
        assert_eq!(connection.total_changes(), changes);
    }

    #[test]
    fn a_newer_version_is_left_as_it_is() {
        let connection = at_version(newest());
        connection.execute_batch(&format!("PRAGMA user_version = {}", newest() + 1)).unwrap();
        assert_eq!(run(&connection).unwrap(), Schema::Version(newest() + 1));
    }

    #[test]
    fn tables_of_another_program_are_left_as_they_are() {
        let connection = Connection::open_in_memory().unwrap();
        connection.execute_batch("CREATE TABLE songs (title TEXT)").unwrap();
        assert_eq!(run(&connection).unwrap(), Schema::Foreign);
        assert_eq!(tables(&connection).len(), 1);
    }

    #[test]
    fn a_migration_that_fails_leaves_nothing_behind() {
        let connection = Connection::open_in_memory().unwrap();
        // Ours by its mark, at version 0, and the first step finds a table in its way after it has made others.
        connection.pragma_update(None, "application_id", APPLICATION_ID).unwrap();
        connection.execute_batch("CREATE TABLE keys (x)").unwrap();
        assert!(run(&connection).is_err());
        assert_eq!(tables(&connection), ["CREATE TABLE keys (x)"]);
        assert!(connection.is_autocommit());
    }
}
