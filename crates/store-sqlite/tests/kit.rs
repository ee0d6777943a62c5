//! What the stories are told with: a folder with a store in it, and processes of their own.

use std::io::Write;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use handstamp_core::store::{Applied, Change, Changes, Store};
use handstamp_store_sqlite::{DATABASE_FILE, OpenMode, SqliteStore};
use rusqlite::Connection;
use tempfile::TempDir;

pub(crate) use handstamp_core::test_support::samples::*;

/// A data folder that goes away with the story.
pub(crate) fn folder() -> TempDir {
    tempfile::tempdir().unwrap()
}

/// Opens the store in a folder, as a command does.
pub(crate) fn open(folder: &Path) -> SqliteStore {
    SqliteStore::open(folder, OpenMode::Command).unwrap()
}

/// Opens the database behind the store's back.
pub(crate) fn behind_its_back(folder: &Path) -> Connection {
    Connection::open(folder.join(DATABASE_FILE)).unwrap()
}

/// Applies what must not conflict.
pub(crate) async fn commit(store: &SqliteStore, changes: Changes) {
    let applied = store.apply(changes).await.unwrap();
    assert!(matches!(applied, Applied::Committed { .. }), "{applied:?}");
}

/// A folder with user 1 in it.
pub(crate) async fn with_user() -> (TempDir, SqliteStore) {
    let folder = folder();
    let store = open(folder.path());
    commit(&store, Changes::one(Change::CreateUser(user(1)))).await;
    (folder, store)
}

/// Asserts that SQLite finds nothing wrong in the whole file.
pub(crate) fn assert_sound(folder: &Path) {
    let connection = behind_its_back(folder);
    let verdict: String = connection.query_row("PRAGMA integrity_check", [], |row| row.get(0)).unwrap();
    assert_eq!(verdict, "ok");
    let strays = connection.prepare("PRAGMA foreign_key_check").unwrap().exists([]).unwrap();
    assert!(!strays, "a row refers to nothing");
}

/// Runs one test of this binary in a process of its own. It finds the folder on its standard input.
pub(crate) fn in_another_process(test: &str, folder: &Path, prepare: impl FnOnce(&mut Command)) -> Child {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args([test, "--exact", "--ignored", "--nocapture", "--test-threads=1"]);
    command.stdin(Stdio::piped()).stdout(Stdio::piped());
    prepare(&mut command);
    let mut child = command.spawn().unwrap();
    writeln!(child.stdin.take().unwrap(), "{}", folder.display()).unwrap();
    child
}

/// Returns the folder that [`in_another_process`] gave us, and nothing when somebody ran the test by hand.
pub(crate) fn given_folder() -> Option<String> {
    let mut line = String::new();
    std::io::stdin().read_line(&mut line).unwrap();
    let folder = line.trim();
    (!folder.is_empty()).then(|| folder.to_owned())
}
