//! What `handstamp audit` and schemathesis, a general API tester, find in the same services with planted mistakes.

use crate::install::{create, stamped, write_stamp};
use crate::process::{root, run};
use crate::toolchains;

/// Pinned, so that a run today and a run next year compare the same.
const SCHEMATHESIS: &str = "schemathesis==4.32.5";
const DRIVER: &str = "crates/audit/tests/compare/compare.py";
const PAGE: &str = "docs/reference/audit-comparison.md";

/// Runs both on every service and rewrites the tables of the page.
pub(crate) fn run_both() -> Result<(), String> {
    toolchains::for_planted_services()?;
    let tool = root().join("target/peers/schemathesis");
    install(&tool)?;
    run("cargo", &["build", "--quiet", "--locked", "-p", "handstamp"])?;
    let (python, program, page) =
        (tool.join("bin/python"), root().join("target/debug/handstamp"), root().join(PAGE));
    run(&python.to_string_lossy(), &["-B", DRIVER, &program.to_string_lossy(), &page.to_string_lossy()])
}

/// Installed by this command alone: no test needs it.
fn install(folder: &std::path::Path) -> Result<(), String> {
    if stamped(folder, SCHEMATHESIS) {
        return Ok(());
    }
    create(folder)?;
    run("python3", &["-m", "venv", &folder.to_string_lossy()])?;
    let pip = folder.join("bin/pip");
    run(&pip.to_string_lossy(), &["install", "-q", "--disable-pip-version-check", SCHEMATHESIS])?;
    write_stamp(folder, SCHEMATHESIS)
}
