use std::fs;

use handstamp_e2e::program::{Running, run};
use tempfile::TempDir;

use crate::support::{Served, add_user, beside};

fn refused(folder: &TempDir, told: &str) {
    let run = run(folder.path(), ["serve", "--data", "data", "--listen", "127.0.0.1:0"]);

    assert_eq!(run.code, Some(1), "{run:?}");
    assert_eq!(run.stdout, "", "never ready");
    let errors: Vec<_> = run.stderr.lines().filter(|line| line.starts_with("error:")).collect();
    assert_eq!(errors.len(), 1, "{run:?}");
    assert!(errors[0].contains(told), "{told:?} is not in {run:?}");
}

#[test]
fn a_second_service_on_one_folder_is_refused() {
    let folder = TempDir::new().expect("a folder");
    let _first = Served::start(folder.path());

    refused(&folder, "already served");
}

#[test]
fn a_folder_is_free_again_when_its_service_was_killed() {
    let folder = TempDir::new().expect("a folder");
    Served::start(folder.path()).running.kill();

    let second = Served::start(folder.path());

    assert!(second.base.starts_with("http://127.0.0.1:"));
}

#[test]
fn a_folder_that_cannot_be_made_is_one_sentence() {
    let folder = TempDir::new().expect("a folder");
    fs::write(folder.path().join("data"), "a file stands where the folder belongs").expect("a file");

    refused(&folder, "data");
}

#[test]
fn a_database_that_is_none_is_left_alone() {
    let folder = TempDir::new().expect("a folder");
    Served::start(folder.path()).running.stop();
    let database = folder.path().join("data/handstamp.db");
    let garbage = b"this is not a database ".repeat(400);
    fs::write(&database, &garbage).expect("a file");

    refused(&folder, "handstamp.db");

    assert_eq!(fs::read(&database).expect("a file"), garbage, "nothing was overwritten");
}

#[test]
fn a_missing_root_key_is_not_replaced() {
    let folder = TempDir::new().expect("a folder");
    Served::start(folder.path()).running.stop();
    fs::remove_file(folder.path().join("data/root.key")).expect("the root key");

    refused(&folder, "root key");

    assert!(!folder.path().join("data/root.key").exists());
}

#[test]
fn another_installations_root_key_opens_nothing() {
    let folder = TempDir::new().expect("a folder");
    let other = TempDir::new().expect("a folder");
    for folder in [&folder, &other] {
        Served::start(folder.path()).running.stop();
    }
    fs::copy(other.path().join("data/root.key"), folder.path().join("data/root.key")).expect("the root key");

    refused(&folder, "root key");
}

#[cfg(unix)]
#[test]
fn a_root_key_that_others_can_read_is_refused() {
    use std::os::unix::fs::PermissionsExt;
    let folder = TempDir::new().expect("a folder");
    Served::start(folder.path()).running.stop();
    let key = folder.path().join("data/root.key");
    assert_eq!(fs::metadata(&key).expect("the root key").permissions().mode() & 0o777, 0o600);
    fs::set_permissions(&key, fs::Permissions::from_mode(0o644)).expect("permissions");

    refused(&folder, "chmod 600");
}

#[test]
fn a_root_key_from_the_environment_leaves_no_file() {
    let folder = TempDir::new().expect("a folder");
    let key = format!("hsroot_{}", "5f".repeat(32));
    let variables = [("HANDSTAMP_ROOT_KEY", key.as_str())];

    let mut running = Running::start_with(
        folder.path(),
        ["serve", "--data", "data", "--listen", "127.0.0.1:0"],
        &variables,
    );
    running.address();

    assert!(!folder.path().join("data/root.key").exists());
    assert!(!running.stderr().contains(&key), "it is not repeated anywhere");
    running.stop();
    refused(&folder, "root key");
}

#[test]
fn a_root_key_that_is_none_is_refused_without_repeating_it() {
    let folder = TempDir::new().expect("a folder");
    fs::create_dir(folder.path().join("data")).expect("a folder");
    let key = folder.path().join("data/root.key");
    fs::write(&key, "hsroot_short").expect("a file");
    #[cfg(unix)]
    fs::set_permissions(&key, std::os::unix::fs::PermissionsExt::from_mode(0o600)).expect("permissions");

    refused(&folder, "not a root key");
}

#[test]
fn a_mistyped_folder_is_not_made_by_a_question() {
    let folder = TempDir::new().expect("a folder");

    let run = beside(folder.path(), &["user", "list"]);

    assert_eq!(run.code, Some(1));
    assert!(run.stderr.contains("there is no database in data"), "{run:?}");
    assert!(!folder.path().join("data").exists());
}

#[test]
fn what_is_in_the_folder_is_for_its_owner_alone() {
    let folder = TempDir::new().expect("a folder");
    add_user(folder.path(), "ann").ok();

    #[cfg(unix)]
    for entry in fs::read_dir(folder.path().join("data")).expect("the folder") {
        use std::os::unix::fs::PermissionsExt;
        let entry = entry.expect("an entry");
        let mode = entry.metadata().expect("metadata").permissions().mode();
        assert_eq!(mode & 0o077, 0, "{} is open to others: {mode:o}", entry.path().display());
    }
}
