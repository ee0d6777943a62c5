//! The end-to-end tests once more, on the set-up for many machines: wherever a test starts the service, three replicas of it stand
//! behind a round-robin proxy, on PostgreSQL and Redis.

use crate::{process, program, test};

/// How the names begin of tests that are left out there, each with the reason.
const LEFT_OUT: &[(&str, &str)] = &[
    ("audit::demo::", "the demo is one process for one person, on a folder"),
    ("demo::", "the same"),
    ("moving::", "they move from one store to another, and name both"),
    ("replicas::", "they start replicas, databases and faults of their own"),
    ("revocation::failover::", "a backup of the folder of the embedded database"),
    ("serve::folder::", "what is in that folder"),
    ("serve::full_disk::", "the disk that it is on"),
    ("serve::storm::rotations_that_a_power_cut_takes_back", "a copy of that folder"),
    ("serve::start::postgres_", "they name a database of their own"),
    ("serve::tls::a_new_certificate_is_shown", "what one process has shown from one moment on"),
];

/// Tests wait more than they work, here more than elsewhere: each for what three processes do.
const THREADS: &str = "--test-threads=3";

/// It measures what everybody else waits for, and three times as many processes are as much as the machine can do.
const ALONE: &str = "serve::flood::";

/// Runs all that are not left out.
pub(crate) fn test() -> Result<(), String> {
    let listed = process::output("cargo", &[test::END_TO_END, &["--list", "--format", "terse"]].concat())?;
    let listed = String::from_utf8_lossy(&listed);
    let skipped: Vec<&str> = skipped(&listed)?.into_iter().flat_map(|name| ["--skip", name]).collect();
    on_three_replicas(&[&["cargo"], test::END_TO_END, &["--quiet", "--exact", THREADS], &skipped].concat())?;
    on_three_replicas(&[&["cargo"], test::END_TO_END, &["--quiet", ALONE]].concat())
}

/// Returns the whole names of the tests to skip. Of a part of a name the harness skips whatever has it in the middle: the tests of
/// replicas would all be gone with `replicas::`.
fn skipped(listed: &str) -> Result<Vec<&str>, String> {
    let names: Vec<&str> = listed.lines().filter_map(|line| line.strip_suffix(": test")).collect();
    let beginnings = || LEFT_OUT.iter().map(|(beginning, _)| *beginning).chain([ALONE]);
    let of_nothing = beginnings().find(|beginning| !names.iter().any(|name| name.starts_with(beginning)));
    if let Some(beginning) = of_nothing {
        return Err(format!("no test is called {beginning}…, which would be left out"));
    }
    let is_skipped = |name: &&str| beginnings().any(|beginning| name.starts_with(beginning));
    Ok(names.into_iter().filter(is_skipped).collect())
}

/// Runs the tests in a real browser, or those whose name holds the text.
pub(crate) fn browser(text: &str) -> Result<(), String> {
    program::build()?;
    let name = format!("NAME={text}");
    on_three_replicas(&["env", &name, "npm", "--prefix", "e2e/browser", "test"])
}

fn on_three_replicas(command: &[&str]) -> Result<(), String> {
    let launcher =
        ["run", "--quiet", "--locked", "--package", "handstamp-e2e", "--bin", "three-replicas", "--"];
    process::run("cargo", &[&launcher, command].concat())
}

/// Runs everything that can go wrong, again and again, for so many minutes.
pub(crate) fn soak(minutes: &str) -> Result<(), String> {
    let valid = minutes.parse::<u32>().is_ok_and(|minutes| minutes > 0);
    if !valid {
        return Err(format!("{minutes:?} is not a number of minutes"));
    }
    let soak = [test::END_TO_END, &["--ignored", "--nocapture", "replicas::soak"]].concat();
    process::run_with("cargo", &soak, &[("SOAK_MINUTES", minutes)])
}

#[cfg(test)]
mod tests {
    use super::{ALONE, LEFT_OUT, skipped};

    fn listed(further: &str) -> String {
        let beginnings: Vec<&str> = LEFT_OUT.iter().map(|(beginning, _)| *beginning).chain([ALONE]).collect();
        beginnings.join("a: test\n") + "a: test\n" + further
    }

    #[test]
    fn a_test_is_left_out_by_the_beginning_of_its_name_alone() {
        let listed = listed("upstreams::replicas::b: test\nrevocation::replicas::c: test\n\n2 tests");

        let skipped = skipped(&listed).unwrap();

        assert_eq!(skipped.len(), LEFT_OUT.len() + 1, "{skipped:?}");
        assert!(skipped.contains(&"replicas::a") && skipped.contains(&"serve::flood::a"), "{skipped:?}");
    }

    #[test]
    fn what_leaves_nothing_out_is_found() {
        let listed = listed("").replace("moving::a: test", "");

        assert!(skipped(&listed).unwrap_err().contains("moving::"));
    }
}
