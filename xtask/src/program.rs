//! The program itself, as it is built for tests: they start it, and do not build it.

use std::path::PathBuf;

use crate::process::{root, run};

/// Returns where it is.
pub(crate) fn path() -> PathBuf {
    root().join("target/debug/handstamp")
}

/// Builds it, and returns where it is.
pub(crate) fn build() -> Result<PathBuf, String> {
    run("cargo", &["build", "--quiet", "--locked", "--package", "handstamp", "--bin", "handstamp"])?;
    Ok(path())
}
