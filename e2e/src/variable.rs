//! What whoever runs the tests has said.

use std::ffi::OsString;

/// Returns a variable of the environment that the tests run in.
#[expect(
    clippy::disallowed_methods,
    reason = "settings of the program under test are never read here, only of the tests"
)]
pub fn variable(name: &str) -> Option<OsString> {
    std::env::var_os(name)
}
