//! Strips the released program.
//!
//! Its package is compiled for size, by an override in the workspace's profile, and cargo forgets the profile's `strip` for a package that
//! has one: 4 MB of symbols would come along.

use std::env;

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    #[expect(
        clippy::disallowed_methods,
        reason = "Cargo tells a build script what it builds in its environment"
    )]
    let is = |name: &str, value: &str| env::var(name).is_ok_and(|found| found == value);
    if is("PROFILE", "release") && is("CARGO_CFG_TARGET_OS", "linux") {
        println!("cargo::rustc-link-arg-bins=-Wl,--strip-all");
    }
}
