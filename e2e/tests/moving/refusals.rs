use std::fs;
use std::path::Path;

use handstamp_e2e::program::{Finished, run_with_stdin};
use tempfile::TempDir;

use super::carry_root_key;
use crate::support::{Served, add_user, beside};

/// An installation with Ann in it, and its export.
fn exported() -> TempDir {
    let folder = TempDir::new().expect("a folder");
    add_user(folder.path(), "ann").ok();
    beside(folder.path(), &["export", "all.export"]).ok();
    folder
}

fn import(from: &TempDir, into: &Path) -> Finished {
    beside(into, &["import", &from.path().join("all.export").to_string_lossy()])
}

fn refused(run: &Finished, told: &str) {
    assert_eq!(run.code, Some(1), "{run:?}");
    assert!(run.stderr.contains(told), "{told:?} is not in {run:?}");
}

/// Nothing was taken in, and to ask for it makes nothing that would keep the right file out.
fn is_empty(folder: &Path) {
    refused(&beside(folder, &["user", "list", "--json"]), "the database is empty");
}

#[test]
fn without_the_root_key_nothing_is_taken_in() {
    let (from, to) = (exported(), TempDir::new().expect("a folder"));
    refused(&import(&from, to.path()), "there is no root key");
    assert!(!to.path().join("data/root.key").exists(), "none was made in its place");
}

#[test]
fn under_another_root_key_nothing_is_taken_in() {
    let (from, other, to) = (exported(), exported(), TempDir::new().expect("a folder"));
    carry_root_key(&other.path().join("data"), &to.path().join("data"));
    refused(&import(&from, to.path()), "this is not the root key of what was exported");
    is_empty(to.path());
}

#[test]
fn into_a_store_with_users_nothing_is_taken_in() {
    let (from, to) = (exported(), exported());
    fs::remove_file(to.path().join("data/root.key")).expect("the root key");
    carry_root_key(&from.path().join("data"), &to.path().join("data"));
    refused(&import(&from, to.path()), "the store is not empty");
}

#[test]
fn beside_a_running_service_nothing_is_taken_in() {
    let (from, to) = (exported(), TempDir::new().expect("a folder"));
    carry_root_key(&from.path().join("data"), &to.path().join("data"));
    let _served = Served::start(to.path());
    refused(&import(&from, to.path()), "already served");
}

#[test]
fn of_a_file_that_was_cut_off_or_changed_nothing_is_taken_in() {
    let (from, to) = (exported(), TempDir::new().expect("a folder"));
    carry_root_key(&from.path().join("data"), &to.path().join("data"));
    let whole = fs::read_to_string(from.path().join("all.export")).expect("an export");
    let changed = whole.replace("\"username\":\"ann\"", "\"username\":\"eve\"");
    for (file, told) in [
        (&whole[..whole.len() - 20], "cut off"),
        (&changed[..], "damaged"),
        ("SQLite format 3\0", "not an export"),
        (&whole.replacen("\"handstamp_export\":1", "\"handstamp_export\":99", 1)[..], "format 99"),
    ] {
        fs::write(from.path().join("all.export"), file).expect("a file");
        refused(&import(&from, to.path()), told);
    }
    is_empty(to.path());
    fs::write(from.path().join("all.export"), whole).expect("a file");
    import(&from, to.path()).ok();
}

#[test]
fn an_export_goes_through_a_pipe_as_well() {
    let (from, to) = (exported(), TempDir::new().expect("a folder"));
    carry_root_key(&from.path().join("data"), &to.path().join("data"));

    let out = beside(from.path(), &["export", "-"]).ok().stdout;
    run_with_stdin(to.path(), ["import", "-", "--data", "data"], out.as_bytes()).ok();

    assert_eq!(beside(to.path(), &["user", "list", "--json"]).ok().json()[0]["username"], "ann");
}

#[test]
fn an_export_to_a_pipe_has_no_second_json_in_it() {
    let from = exported();
    let run = beside(from.path(), &["export", "-", "--json"]);
    assert_eq!(run.code, Some(2), "{run:?}");
    assert!(run.stderr.contains("leave out --json"), "{run:?}");
}

#[test]
fn a_file_that_cannot_be_made_is_told_before_the_work_begins() {
    let from = exported();
    for command in ["export", "backup"] {
        refused(&beside(from.path(), &[command, "nowhere/all"]), "there is no folder nowhere");
        refused(&beside(from.path(), &[command, "data"]), "is a folder");
        refused(&beside(from.path(), &[command, "all.export"]), "is there already");
    }
}

#[cfg(unix)]
#[test]
fn an_export_is_for_its_owner_alone() {
    use std::os::unix::fs::PermissionsExt;
    let from = exported();
    let mode = fs::metadata(from.path().join("all.export")).expect("an export").permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
}
