//! Where the program under test is.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use crate::variable::variable;

/// Names a binary to be tested in the place of the one that is built: the tests in a real browser go by it too.
pub const GIVEN: &str = "PROGRAM_UNDER_TEST";

/// Returns the `handstamp` binary of this build, and builds it first, once for all tests of a run.
///
/// # Panics
/// When it cannot be built: without it there is nothing to test.
pub fn handstamp() -> &'static Path {
    static BINARY: OnceLock<Result<PathBuf, String>> = OnceLock::new();
    // The outcome is kept either way: a build that fails once is not tried again by every test.
    match BINARY.get_or_init(build) {
        Ok(binary) => binary,
        Err(problem) => panic!("{problem}"),
    }
}

fn build() -> Result<PathBuf, String> {
    if let Some(given) = variable(GIVEN) {
        return Ok(PathBuf::from(given));
    }
    let folder = profile_folder();
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args(["build", "--quiet", "--package", "handstamp", "--bin", "handstamp"]);
    // A test binary lies in target/<profile folder>/deps: build its sibling with the same profile.
    if folder.ends_with("release") {
        cargo.arg("--release");
    }
    let status = cargo.current_dir(env!("CARGO_MANIFEST_DIR")).status();
    if !status.is_ok_and(|status| status.success()) {
        return Err("`cargo build -p handstamp` failed, so there is no binary to test".to_owned());
    }
    let binary = folder.join(format!("handstamp{}", std::env::consts::EXE_SUFFIX));
    if binary.is_file() {
        Ok(binary)
    } else {
        Err(format!("`cargo build -p handstamp` did not make {}", binary.display()))
    }
}

fn profile_folder() -> PathBuf {
    let me = std::env::current_exe().expect("a running program knows its own path");
    let folder = me.parent().expect("a program lies in a folder");
    // A test binary lies one further down, in target/<profile>/deps.
    if folder.ends_with("deps") { folder.parent().unwrap_or(folder).to_owned() } else { folder.to_owned() }
}
