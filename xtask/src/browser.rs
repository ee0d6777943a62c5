//! The tests in real Chromium: `e2e/browser`.

use crate::process;

/// Runs all of them.
pub(crate) fn test() -> Result<(), String> {
    build()?;
    process::run("npm", &["--prefix", "e2e/browser", "test"])
}

/// Runs those whose name holds the text.
pub(crate) fn test_named(text: &str) -> Result<(), String> {
    build()?;
    // The runner takes a pattern; what people copy from a failure is plain text.
    let pattern = text.chars().fold(String::new(), |mut pattern, char| {
        if !char.is_alphanumeric() && !char.is_whitespace() {
            pattern.push('\\');
        }
        pattern.push(char);
        pattern
    });
    process::run_with("npm", &["--prefix", "e2e/browser", "run", "named"], &[("NAME", &pattern)])
}

/// The tests start the program; they do not build it.
fn build() -> Result<(), String> {
    process::run("cargo", &["build", "--quiet", "--locked", "--package", "handstamp", "--bin", "handstamp"])
}
