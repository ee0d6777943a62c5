//! `handstamp backup`, `export` and `import`: an installation that is copied, restored, and moved.

mod backup;
mod postgresql;
mod refusals;

use std::fs;
use std::path::Path;

/// Carries the root key over, as an operator does: by another way than the data.
fn carry_root_key(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("a folder");
    fs::copy(from.join("root.key"), to.join("root.key")).expect("the root key");
}

/// Returns the port of an address, so that another service can take the place of one.
fn port_of(base: &str) -> u16 {
    base.rsplit(':').next().and_then(|port| port.parse().ok()).expect("an address with a port")
}
