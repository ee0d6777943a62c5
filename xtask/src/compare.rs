//! What `handstamp audit` and schemathesis, a general API tester, find in the same services with planted mistakes.

use crate::install::python_requirements;
use crate::process::{root, run};
use crate::{program, toolchains};

/// Installed by this command alone: no test needs it. Pinned, so that a run today and a run next year compare the same.
const SCHEMATHESIS: (&str, &str) =
    ("target/peers/schemathesis", "crates/audit/tests/compare/requirements.txt");
const DRIVER: &str = "crates/audit/tests/compare/compare.py";
const PAGE: &str = "docs/reference/audit-comparison.md";

/// Runs both on every service and rewrites the tables of the page.
pub(crate) fn run_both() -> Result<(), String> {
    toolchains::for_planted_services()?;
    let (folder, requirements) = SCHEMATHESIS;
    python_requirements(folder, requirements)?;
    let (python, program, page) =
        (root().join(folder).join("bin/python"), program::build()?, root().join(PAGE));
    run(&python.to_string_lossy(), &["-B", DRIVER, &program.to_string_lossy(), &page.to_string_lossy()])
}
