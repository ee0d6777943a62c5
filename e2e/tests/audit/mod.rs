//! What we run passes what we attack others with, as bearer and in the cookie. The gateway's part is beside its other tests.

mod auth_service;
mod demo;

use std::path::Path;

use handstamp_e2e::program::run_with_stdin;
use serde_json::Value;

/// What an attack came to.
pub(crate) struct Audited {
    code: Option<i32>,
    report: Value,
}

/// Attacks a service with tokens of an auth service. The passwords go in by standard input, a line each.
pub(crate) fn audit(
    folder: &Path,
    target: &str,
    auth: &str,
    arguments: &[&str],
    passwords: &[&str],
) -> Audited {
    let usual = ["audit", target, "--auth-service", auth, "--json"];
    let lines = passwords.join("\n") + "\n";
    let finished = run_with_stdin(folder, usual.iter().chain(arguments), lines.as_bytes());
    let report = serde_json::from_str(&finished.stdout).unwrap_or_else(|_| panic!("no report: {finished:?}"));
    Audited { code: finished.code, report }
}

impl Audited {
    /// Asserts that these operations were judged and refused everything, and that nothing else was found.
    pub(crate) fn assert_closed(&self, operations: &[&str]) {
        let all = self.report["operations"].as_array().expect("operations");
        let found: Vec<&Value> = all
            .iter()
            .flat_map(|operation| operation["cases"].as_array().into_iter().flatten())
            .filter(|case| case["outcome"] == "finding" && case["severity"] != "note")
            .collect();
        assert!(found.is_empty(), "{found:#?}");
        for name in operations {
            let operation =
                all.iter().find(|operation| operation["operation"] == *name).expect("the operation");
            assert_eq!(operation["standing"], "judged", "{name}: {}", operation["because"]);
        }
        assert_eq!(self.code, Some(0), "{}", self.report["totals"]);
    }

    /// Returns how many cases of an operation were refused where tokens were carried so.
    pub(crate) fn refused(&self, operation: &str, carrier: &str) -> usize {
        let all = self.report["operations"].as_array().expect("operations");
        let operation = all.iter().find(|each| each["operation"] == operation).expect("the operation");
        let cases = operation["cases"].as_array().expect("cases").iter();
        let of_carrier =
            cases.filter(|case| case["carrier"].as_str().is_some_and(|name| name.starts_with(carrier)));
        of_carrier.filter(|case| case["outcome"] == "refused").count()
    }
}

/// Far less than there are, and more than anybody would leave out by accident.
pub(crate) const MANY: usize = 150;
