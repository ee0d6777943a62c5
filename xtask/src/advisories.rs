//! Security advisories, where the database of them is on the machine: a test run fetches nothing.

use crate::process::{exists, run};

/// Fails when a dependency has an advisory that `deny.toml` does not answer.
pub(crate) fn check() -> Result<(), String> {
    if !exists("cargo-deny") || !has_database() {
        eprintln!(
            "advisories: skipped; `cargo install cargo-deny` and `cargo deny fetch` bring the tool and the database"
        );
        return Ok(());
    }
    run("cargo", &["deny", "--offline", "check", "advisories", "bans", "sources"])
}

fn has_database() -> bool {
    let home = std::env::var_os("CARGO_HOME")
        .map(std::path::PathBuf::from)
        .or_else(|| std::env::var_os("HOME").map(|home| std::path::Path::new(&home).join(".cargo")));
    home.is_some_and(|home| home.join("advisory-dbs").is_dir())
}
