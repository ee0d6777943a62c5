//! The version before, beside this one, on one database: what an upgrade without a gap rests on.

use std::fs;
use std::path::{Path, PathBuf};

use crate::process::{output, root, run, run_with};

/// Where the steps of the shared database's schema are.
const STEPS: &str = "crates/store-postgres/src/migrations/*.sql";
/// From when on this file is there, the program serves on PostgreSQL.
const SERVES: &str = "crates/cli/src/edge/store.rs";
const TEST: &[&str] =
    &["test", "--locked", "-p", "handstamp-e2e", "--test", "it", "rolling::", "--", "--include-ignored"];

/// Builds the version before this one and runs the tests that start both.
pub(crate) fn test(given: Option<&str>) -> Result<(), String> {
    let Some(commit) = given.map_or_else(previous, |name| resolve(name).map(Some))? else {
        eprintln!(
            "rolling: skipped, for this clone does not reach back to the version before; `git fetch --unshallow` brings it"
        );
        return Ok(());
    };
    let program = build(&commit)?;
    run_with("cargo", TEST, &[("PREVIOUS_PROGRAM", &program.to_string_lossy())])
}

/// Returns the last commit before the newest step of the schema: the youngest one that is as different from us as a version before can
/// be. Nothing where history ends before it, or where it did not serve on PostgreSQL yet.
fn previous() -> Result<Option<String>, String> {
    let newest = text("git", &["log", "-1", "--diff-filter=A", "--format=%H", "--", STEPS])?;
    if newest.is_empty() {
        return Ok(None);
    }
    let Ok(parent) = resolve(&format!("{newest}^")) else { return Ok(None) };
    let is_there = !text("git", &["ls-tree", "--name-only", &parent, SERVES])?.is_empty();
    Ok(is_there.then_some(parent))
}

/// Builds a commit, unless that was done before. Returns the program.
fn build(commit: &str) -> Result<PathBuf, String> {
    let folder = root().join("target/rolling");
    let (source, program, note) = (folder.join("source"), folder.join("handstamp"), folder.join("commit"));
    if program.is_file() && fs::read_to_string(&note).is_ok_and(|built| built == commit) {
        return Ok(program);
    }
    eprintln!("rolling: building {commit}");
    check_out(commit, &source)?;
    // One target folder for both: what the two versions lean on is the same but for little, and is built already.
    let manifest = source.join("Cargo.toml");
    let target = root().join("target");
    let (manifest, target) = (manifest.to_string_lossy(), target.to_string_lossy());
    let built = run(
        "cargo",
        &[
            "build",
            "--quiet",
            "--locked",
            "--manifest-path",
            &manifest,
            "--target-dir",
            &target,
            "-p",
            "handstamp",
            "--bin",
            "handstamp",
        ],
    )
    .and_then(|()| {
        let copied = fs::copy(root().join("target/debug/handstamp"), &program);
        copied.map(drop).map_err(|cause| format!("the version before was built and is not there: {cause}"))
    });
    // Under this name everybody expects this version.
    run("cargo", &["build", "--quiet", "--locked", "-p", "handstamp", "--bin", "handstamp"])?;
    built?;
    fs::write(&note, commit).map_err(|cause| format!("cannot write {}: {cause}", note.display()))?;
    Ok(program)
}

fn check_out(commit: &str, source: &Path) -> Result<(), String> {
    let path = source.to_string_lossy();
    if source.join(".git").exists() {
        return run("git", &["-C", &path, "checkout", "--quiet", "--detach", "--force", commit]);
    }
    // What is left of one whose folder was removed is in the way.
    run("git", &["worktree", "prune"])?;
    run("git", &["worktree", "add", "--quiet", "--detach", "--force", &path, commit])
}

fn resolve(name: &str) -> Result<String, String> {
    text("git", &["rev-parse", "--verify", "--quiet", &format!("{name}^{{commit}}")])
}

fn text(program: &str, arguments: &[&str]) -> Result<String, String> {
    let bytes = output(program, arguments)?;
    Ok(String::from_utf8_lossy(&bytes).trim().to_owned())
}
