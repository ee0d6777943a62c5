//! The version before, beside this one, on one database: what an upgrade without a gap rests on.

use std::fs;
use std::path::{Path, PathBuf};

use crate::process::{output, root, run, run_with};
use crate::{program, test};

/// Where the steps of the shared database's schema are.
const STEPS: &str = "crates/store-postgres/src/migrations/*.sql";
/// From when on this file is there, the program serves on PostgreSQL.
const SERVES: &str = "crates/cli/src/edge/store.rs";

/// Builds the version before this one and runs the tests that start both.
pub(crate) fn test(given: Option<&str>) -> Result<(), String> {
    let Some(commit) = given.map_or_else(previous, |name| resolve(name).map(Some))? else {
        eprintln!(
            "rolling: skipped, for this clone knows no version before this one; `git fetch --unshallow` brings them"
        );
        return Ok(());
    };
    let program = build(&commit)?;
    let tests = [test::END_TO_END, &["--include-ignored", "rolling::"]].concat();
    run_with("cargo", &tests, &[("PREVIOUS_PROGRAM", &program.to_string_lossy())])
}

/// Returns the last commit before the newest step of the schema: it lives with everything but that step. Where it did not serve on
/// PostgreSQL yet, the first one that does. Nothing where history does not reach back to either.
fn previous() -> Result<Option<String>, String> {
    let newest = text("git", &["log", "-1", "--diff-filter=A", "--format=%H", "--", STEPS])?;
    if let Ok(parent) = resolve(&format!("{newest}^"))
        && !text("git", &["ls-tree", "--name-only", &parent, SERVES])?.is_empty()
    {
        return Ok(Some(parent));
    }
    let serving = text("git", &["log", "--diff-filter=A", "--format=%H", "--", SERVES])?;
    let first = serving.lines().last().map(str::to_owned);
    let head = resolve("HEAD")?;
    Ok(first.filter(|first| *first != head))
}

/// Builds a commit, unless that was done before. Returns the program.
fn build(commit: &str) -> Result<PathBuf, String> {
    let folder = root().join("target/rolling");
    let (source, before, note) = (folder.join("source"), folder.join("handstamp"), folder.join("commit"));
    if before.is_file() && fs::read_to_string(&note).is_ok_and(|built| built == commit) {
        return Ok(before);
    }
    eprintln!("rolling: building {commit}");
    check_out(commit, &source)?;
    set_apart(&source)?;
    // Not `--locked`: what is long committed is built as it can be. One target folder for both: what the two versions lean on is the
    // same but for little, and is built already. So this version's program is put aside, and back where everybody looks for it.
    let (manifest, target) = (source.join("Cargo.toml"), root().join("target"));
    let (manifest, target) = (manifest.to_string_lossy(), target.to_string_lossy());
    let (built, aside) = (program::path(), folder.join("aside"));
    let is_aside = fs::copy(&built, &aside).is_ok();
    let mut words = vec!["build", "--quiet", "--manifest-path", &manifest, "--target-dir", &target];
    words.extend(["-p", "handstamp", "--bin", "handstamp"]);
    let done = run("cargo", &words).and_then(|()| {
        let taken = fs::rename(&built, &before);
        taken.map_err(|cause| format!("the version before was built and is not there: {cause}"))
    });
    if is_aside {
        fs::rename(&aside, &built)
            .map_err(|cause| format!("cannot put {} back: {cause}", built.display()))?;
    }
    done?;
    fs::write(&note, commit).map_err(|cause| format!("cannot write {}: {cause}", note.display()))?;
    Ok(before)
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

/// Gives the packages another version number. Cargo tells packages apart by name, number and place in their workspace: with the same number
/// the two versions would take each other's libraries for their own.
fn set_apart(source: &Path) -> Result<(), String> {
    let path = source.to_string_lossy();
    let failed = |cause: std::io::Error| format!("cannot change a manifest in {path}: {cause}");
    let root = fs::read_to_string(source.join("Cargo.toml")).map_err(failed)?;
    let number = root.lines().find(|line| line.starts_with("version = "));
    let number = number.and_then(|line| line.split('"').nth(1)).ok_or("the workspace has no version")?;
    let (own, other) = (format!("version = \"{number}\""), format!("version = \"{number}-before\""));
    for manifest in text("git", &["-C", &path, "ls-files", "*Cargo.toml"])?.lines() {
        let manifest = source.join(manifest);
        let old = fs::read_to_string(&manifest).map_err(failed)?;
        let is_ours = |line: &str| line.starts_with("version = ") || line.contains("path = ");
        let lines =
            old.lines().map(|line| if is_ours(line) { line.replace(&own, &other) } else { line.to_owned() });
        fs::write(&manifest, lines.collect::<Vec<_>>().join("\n")).map_err(failed)?;
    }
    Ok(())
}

fn resolve(name: &str) -> Result<String, String> {
    text("git", &["rev-parse", "--verify", "--quiet", &format!("{name}^{{commit}}")])
}

fn text(program: &str, arguments: &[&str]) -> Result<String, String> {
    let bytes = output(program, arguments)?;
    Ok(String::from_utf8_lossy(&bytes).trim().to_owned())
}
