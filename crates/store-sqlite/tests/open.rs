use std::fs::{self, Permissions};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::os::unix::process::CommandExt;
use std::path::Path;

use handstamp_core::store::{Changes, Store};
use handstamp_store_sqlite::{
    DATABASE_FILE, OpenError, OpenMode, SchemaVersion, SqliteStore, schema_version,
};
use tempfile::TempDir;

use crate::kit::*;

fn refused(folder: &Path) -> OpenError {
    SqliteStore::open(folder, OpenMode::Command).unwrap_err()
}

/// A folder whose database has seen a thousand sessions and was closed in order.
async fn used() -> TempDir {
    let (folder, store) = with_user().await;
    for number in 0..100 {
        let changes =
            (0..10).fold(Changes::default(), |changes, n| changes.and(starting(session(number * 10 + n))));
        commit(&store, changes.relaxed()).await;
    }
    store.close().await.unwrap();
    folder
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

#[tokio::test]
async fn folder_and_files_are_for_their_owner_alone() {
    let parent = folder();
    let folder = parent.path().join("deep").join("data");
    let store =
        SqliteStore::open(&folder, OpenMode::Serve(handstamp_store_sqlite::ShareMode::Exclusive)).unwrap();
    commit(&store, Changes::one(handstamp_core::store::Change::CreateUser(user(1)))).await;
    assert_eq!(mode(&folder), 0o700);
    let files: Vec<_> = fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert_eq!(files.len(), 4, "database, log, index of the log, lock: {files:?}");
    for file in files {
        assert_eq!(mode(&file), 0o600, "{file:?}");
    }
}

#[tokio::test]
async fn a_database_that_others_could_read_is_closed_to_them() {
    let folder = used().await;
    let file = folder.path().join(DATABASE_FILE);
    fs::set_permissions(&file, Permissions::from_mode(0o644)).unwrap();
    open(folder.path());
    assert_eq!(mode(&file), 0o600);
}

#[tokio::test]
async fn what_was_written_is_there_after_the_next_start() {
    let folder = used().await;
    let store = open(folder.path());
    assert_eq!(store.session(session(999).id).await.unwrap(), Some(session(999)));
}

#[tokio::test]
async fn closing_in_order_leaves_one_file() {
    let folder = used().await;
    let files: Vec<_> =
        fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(files, [DATABASE_FILE]);
}

#[tokio::test]
async fn nobody_is_answered_after_closing() {
    let (_folder, store) = with_user().await;
    store.close().await.unwrap();
    let read = store.user(user(1).id).await.unwrap_err();
    assert!(matches!(read, handstamp_core::store::StoreError::Unavailable { .. }), "{read:?}");
    let written = store.apply(Changes::default()).await.unwrap_err();
    assert!(matches!(written, handstamp_core::store::StoreError::Unavailable { .. }), "{written:?}");
    store.close().await.unwrap();
}

#[tokio::test]
async fn an_empty_file_becomes_a_database() {
    let folder = folder();
    fs::write(folder.path().join(DATABASE_FILE), "").unwrap();
    assert!(!open(folder.path()).has_users().await.unwrap());
}

#[test]
fn a_file_of_something_else_is_refused_and_left_alone() {
    for garbage in [&b"short"[..], &[0; 4096], &[0xff; 10_000]] {
        let folder = folder();
        let file = folder.path().join(DATABASE_FILE);
        fs::write(&file, garbage).unwrap();
        let refused = refused(folder.path());
        assert!(matches!(refused, OpenError::NotADatabase { .. }), "{refused:?}");
        assert_eq!(fs::read(&file).unwrap(), garbage);
    }
}

#[tokio::test]
async fn a_database_whose_header_was_overwritten_is_refused() {
    let folder = used().await;
    let file = folder.path().join(DATABASE_FILE);
    let mut bytes = fs::read(&file).unwrap();
    bytes[..100].fill(b'x');
    fs::write(&file, bytes).unwrap();
    let refused = refused(folder.path());
    assert!(matches!(refused, OpenError::NotADatabase { .. }), "{refused:?}");
}

#[tokio::test]
async fn a_database_that_was_cut_off_is_refused() {
    let folder = used().await;
    let file = folder.path().join(DATABASE_FILE);
    let length = fs::metadata(&file).unwrap().len();
    for left in [length / 2, length - 4096, 4096, 1000] {
        fs::OpenOptions::new().write(true).open(&file).unwrap().set_len(left).unwrap();
        let refused = refused(folder.path());
        assert!(matches!(refused, OpenError::Damaged { .. }), "{left}: {refused:?}");
    }
}

#[test]
fn a_database_of_another_program_is_refused_and_left_alone() {
    let folder = folder();
    behind_its_back(folder.path()).execute_batch("CREATE TABLE songs (title TEXT)").unwrap();
    let before = fs::read(folder.path().join(DATABASE_FILE)).unwrap();
    let refused = refused(folder.path());
    assert!(matches!(refused, OpenError::Foreign { .. }), "{refused:?}");
    assert_eq!(fs::read(folder.path().join(DATABASE_FILE)).unwrap(), before);
}

#[test]
fn a_database_with_the_mark_of_another_program_is_refused() {
    let folder = folder();
    behind_its_back(folder.path())
        .execute_batch("PRAGMA application_id = 7; CREATE TABLE a (b); DROP TABLE a")
        .unwrap();
    let refused = refused(folder.path());
    assert!(matches!(refused, OpenError::Foreign { .. }), "{refused:?}");
}

#[tokio::test]
async fn a_newer_database_is_refused_with_both_versions() {
    let folder = used().await;
    behind_its_back(folder.path()).execute_batch("PRAGMA user_version = 4711").unwrap();
    let refused = refused(folder.path());
    let OpenError::Newer { found: 4711, known, .. } = refused else { panic!("{refused:?}") };
    let file = folder.path().join(DATABASE_FILE);
    let expected = format!(
        "the database {} has schema version 4711, and this program knows up to {known}: run a newer one",
        file.display()
    );
    assert_eq!(refused.to_string(), expected);
}

#[test]
fn a_folder_that_is_a_file_is_refused() {
    let parent = folder();
    let file = parent.path().join("data");
    fs::write(&file, "").unwrap();
    let refused = refused(&file);
    assert!(matches!(refused, OpenError::Folder { .. }), "{refused:?}");
}

#[test]
fn a_database_that_is_a_folder_is_refused() {
    let folder = folder();
    fs::create_dir(folder.path().join(DATABASE_FILE)).unwrap();
    let refused = refused(folder.path());
    assert!(matches!(refused, OpenError::File { .. }), "{refused:?}");
}

#[tokio::test]
async fn a_database_that_another_program_holds_is_refused_after_some_seconds() {
    let folder = used().await;
    let holder = behind_its_back(folder.path());
    holder.execute_batch("PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE").unwrap();
    let refused = refused(folder.path());
    assert!(matches!(refused, OpenError::Locked { .. }), "{refused:?}");
}

/// The superuser may write everywhere, so that the story is told by a process of somebody else.
#[tokio::test]
async fn a_read_only_database_is_refused() {
    let folder = used().await;
    let file = folder.path().join(DATABASE_FILE);
    fs::set_permissions(&file, Permissions::from_mode(0o444)).unwrap();
    fs::set_permissions(folder.path(), Permissions::from_mode(0o555)).unwrap();
    let we_are_root = fs::metadata(&file).unwrap().uid() == 0;
    let child = in_another_process("open::opens_and_tells", folder.path(), |command| {
        if we_are_root {
            command.uid(65_534).gid(65_534);
        }
    });
    let output = child.wait_with_output().unwrap();
    fs::set_permissions(folder.path(), Permissions::from_mode(0o755)).unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let expected = format!(
        "the database {} cannot be written: it or its folder is read-only for this user",
        file.display()
    );
    assert!(said.contains(&expected), "{said}");
}

#[test]
#[ignore = "runs in a process that another test starts"]
fn opens_and_tells() {
    let Some(folder) = given_folder() else { return };
    match SqliteStore::open(folder.as_ref(), OpenMode::Command) {
        Ok(_) => println!("opened"),
        Err(refused) => println!("refused: {refused}"),
    }
}

#[test]
fn two_stores_make_one_database_at_the_same_moment() {
    for _ in 0..20 {
        let folder = folder();
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| open(folder.path()));
            }
        });
        assert_sound(folder.path());
    }
}

#[tokio::test]
async fn the_version_of_a_schema_is_told_without_touching_it() {
    let folder = used().await;
    let SchemaVersion { found, known } = schema_version(folder.path()).unwrap();
    assert_eq!(found, known);
    behind_its_back(folder.path()).execute_batch("PRAGMA user_version = 3").unwrap();
    assert_eq!(schema_version(folder.path()).unwrap(), SchemaVersion { found: 3, known });
    behind_its_back(folder.path()).execute_batch("PRAGMA user_version = 4711").unwrap();
    assert!(matches!(schema_version(folder.path()).unwrap_err(), OpenError::Newer { found: 4711, .. }));
}
