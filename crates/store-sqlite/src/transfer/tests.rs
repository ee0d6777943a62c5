//! Nothing that is kept stays behind unseen: whoever adds a table or a column moves it, or says here why not.

use std::collections::BTreeSet;
use std::sync::Arc;

use handstamp_core::store::Store;
use handstamp_core::store::transfer::Kind;
use handstamp_core::test_support::contract::furnished;
use rusqlite::Connection;
use tempfile::TempDir;

use super::export::every;
use super::table;
use crate::{DATABASE_FILE, OpenMode, SqliteStore};

/// The table that is not moved: where the log stands is said before all rows.
const STAYS: &str = "revocation_log";

/// Columns that are not moved: they follow from others, or from the order of rows.
const FOLLOW: [&str; 2] = ["sessions.check_expiry_at", "audit_entries.id"];

/// A database with something of every kind in it.
async fn furnished_database() -> (TempDir, Connection) {
    let folder = tempfile::tempdir().unwrap();
    let store: Arc<dyn Store> = Arc::new(SqliteStore::open(folder.path(), OpenMode::Command).unwrap());
    furnished(&store).await;
    let connection = Connection::open(folder.path().join(DATABASE_FILE)).unwrap();
    (folder, connection)
}

fn columns(connection: &Connection, kind: Kind) -> Vec<String> {
    let statement = connection.prepare(every(kind)).unwrap();
    statement.column_names().map(str::to_owned).collect()
}

#[tokio::test]
async fn every_table_and_every_column_is_moved() {
    let (_folder, connection) = furnished_database().await;
    let sql = "SELECT tables.name || '.' || columns.name FROM sqlite_schema AS tables JOIN pragma_table_info(tables.name) AS columns \
               WHERE tables.type = 'table' AND tables.name NOT LIKE 'sqlite~_%' ESCAPE '~' AND tables.name <> ?1";
    let mut statement = connection.prepare(sql).unwrap();
    let kept = statement.query_map([STAYS], |row| row.get::<_, String>(0)).unwrap();
    let kept: BTreeSet<String> = kept.map(Result::unwrap).collect();

    let mut taken_along: BTreeSet<String> = FOLLOW.map(str::to_owned).into();
    for kind in Kind::ALL {
        let columns = columns(&connection, kind);
        taken_along.extend(columns.iter().map(|column| format!("{}.{column}", table(kind))));
    }

    assert_eq!(taken_along, kept);
}

/// The rules of moving compare what was written with what came out. Of a column with nothing in it they say nothing.
#[tokio::test]
async fn every_column_has_something_in_it_when_the_rules_move_it() {
    let (_folder, connection) = furnished_database().await;
    for kind in Kind::ALL {
        for column in columns(&connection, kind) {
            // Where a column may hold nothing, a zero is something.
            let sql = format!(
                "SELECT total(CAST({column} AS TEXT) NOT IN ('', '0', '[]', '{{}}')) > 0 \
                 OR count({column}) BETWEEN 1 AND count(*) - 1 FROM {}",
                table(kind)
            );
            let has_something: bool = connection.query_row(&sql, [], |row| row.get(0)).unwrap();
            assert!(has_something, "{}.{column}", table(kind));
        }
    }
}
