//! Everything the project promises, cheapest check first.

use std::time::Instant;

use crate::process;
use crate::{advisories, browser, examples, install, licences, replicas, rolling, walls};

/// How much to run.
pub(crate) enum Extent {
    /// What continuous integration runs.
    Whole,
    /// What one runs between two edits.
    Fast,
}

/// How `cargo` runs the end-to-end tests. What follows is for them: which, and how.
pub(crate) const END_TO_END: &[&str] =
    &["test", "--locked", "--package", "handstamp-e2e", "--test", "it", "--"];

type Step = (&'static str, fn() -> Result<(), String>);

const INSTALL: Step = ("what the tests need", install::everything);

const STEPS: &[Step] = &[
    ("format", || process::run("cargo", &["fmt", "--all", "--check"])),
    ("walls", walls::check),
    ("licences", licences::check),
    ("advisories", advisories::check),
    ("clippy", || {
        process::run("cargo", &["clippy", "--workspace", "--all-targets", "--locked", "--", "-D", "warnings"])
    }),
    ("features alone", features_alone),
    // Before the tests, which start what is built here.
    ("services in other languages", examples::test),
    ("tests", || process::run("cargo", &["test", "--workspace", "--locked", "--no-fail-fast"])),
    ("tests on three replicas", replicas::test),
    ("the version before, beside this one", || rolling::test(None)),
    // No crate of the workspace turns these features on, so nothing above has seen them.
    ("tests of the token library's features", || {
        process::run(
            "cargo",
            &["test", "-p", "handstamp-token", "--all-features", "--locked", "--no-fail-fast"],
        )
    }),
    ("types of the browser client", || process::run("npm", &["--prefix", "clients/browser", "run", "check"])),
    ("tests of the browser client", || process::run("npm", &["--prefix", "clients/browser", "test"])),
    ("tests in a real browser", browser::test),
];

const DOCUMENTATION: Step = ("documentation", || {
    process::run_with(
        "cargo",
        &["doc", "--workspace", "--no-deps", "--locked", "--quiet"],
        &[("RUSTDOCFLAGS", "-D warnings")],
    )
});

/// Runs every check and every test.
pub(crate) fn run(extent: &Extent) -> Result<(), String> {
    match extent {
        Extent::Whole => run_steps(&[&[INSTALL], STEPS, &[DOCUMENTATION]].concat()),
        Extent::Fast => run_steps(STEPS),
    }
}

/// Stops at the first step that fails.
fn run_steps(steps: &[Step]) -> Result<(), String> {
    for (name, step) in steps {
        eprintln!("── {name}");
        let start = Instant::now();
        step().map_err(|message| format!("{name}: {message}"))?;
        eprintln!("   {name}: {:.0?}", start.elapsed());
    }
    Ok(())
}

/// A published crate must build with every feature by itself: features only add.
fn features_alone() -> Result<(), String> {
    const PUBLISHED: &[(&str, &[&str])] = &[
        ("handstamp-audit", &[""]),
        ("handstamp-token", &["", "jwe", "ml-dsa"]),
        ("handstamp-testkit", &["", "http"]),
        ("handstamp-verify", &["", "remote", "axum", "forward-auth", "ext-authz", "jwe"]),
    ];
    for (package, features) in PUBLISHED {
        for feature in *features {
            process::run(
                "cargo",
                &[
                    "check",
                    "--quiet",
                    "--locked",
                    "-p",
                    package,
                    "--no-default-features",
                    "--features",
                    feature,
                ],
            )?;
        }
    }
    Ok(())
}
