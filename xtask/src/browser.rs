//! The tests in real Chromium: `e2e/browser`.

use crate::{process, program};

/// Runs all of them.
pub(crate) fn test() -> Result<(), String> {
    test_named("")
}

/// Runs those whose name holds the text.
pub(crate) fn test_named(text: &str) -> Result<(), String> {
    program::build()?;
    process::run_with("npm", &["--prefix", "e2e/browser", "test"], &[("NAME", text)])
}
