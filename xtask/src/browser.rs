//! The tests in real Chromium: `e2e/browser`.

use crate::process;

/// Runs all of them.
pub(crate) fn test() -> Result<(), String> {
    test_named("")
}

/// Runs those whose name holds the text.
pub(crate) fn test_named(text: &str) -> Result<(), String> {
    build()?;
    process::run_with("npm", &["--prefix", "e2e/browser", "test"], &[("NAME", text)])
}

/// The tests start the program; they do not build it.
pub(crate) fn build() -> Result<(), String> {
    process::run("cargo", &["build", "--quiet", "--locked", "--package", "handstamp", "--bin", "handstamp"])
}
