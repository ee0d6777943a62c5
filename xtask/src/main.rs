//! Development commands of this repository: `cargo xtask <command>`.
//!
//! Whatever a command needs that a fresh Debian machine with a Rust toolchain does not have, the command installs.

mod advisories;
mod bench;
mod browser;
mod compare;
mod examples;
mod install;
mod licences;
mod process;
mod program;
mod replicas;
mod rolling;
mod test;
mod toolchains;
mod walls;

use std::process::ExitCode;

const USAGE: &str = "\
usage: cargo xtask <command>

  test               install what the tests need, then run every check and every test
  test --fast        the same without installing and without the documentation build
  browser [TEXT]     the tests in a real browser; with a text, those whose name holds it
  replicas           the end-to-end tests on three replicas, PostgreSQL and Redis
  replicas browser [TEXT]
                     the tests in a real browser, on the same
  soak [MINUTES]     three replicas under everything that can go wrong, again and again (without a number: 10 minutes)
  rolling [COMMIT]   the version before this one (or a commit) beside it on one database: builds it, and runs both
  examples           install what the services in other languages need, build them, and run their own tests
  compare            what `handstamp audit` and schemathesis find in the same services with planted mistakes: minutes
  model              the refresh model's long walks, in a release build: minutes, and the numbers of states
  bench [NAME]       side-by-side benchmarks, printed as ratios of one run (without a name: list them)
  walls              compare who depends on whom with the table in ARCHITECTURE.md
  licences           compare every dependency's licence with deny.toml
  install            install what the tests need
";

/// The walks that are too long for every test run. The short ones are among the tests.
const MODEL: &[&str] = &[
    "test",
    "--release",
    "--locked",
    "-p",
    "handstamp-core",
    "refresh_model",
    "--",
    "--include-ignored",
    "--nocapture",
];

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let outcome = match arguments[..] {
        ["test"] => test::run(&test::Extent::Whole),
        ["test", "--fast"] => test::run(&test::Extent::Fast),
        ["browser"] => browser::test(),
        ["browser", name] => browser::test_named(name),
        ["replicas"] => replicas::test(),
        ["replicas", "browser"] => replicas::browser(""),
        ["replicas", "browser", name] => replicas::browser(name),
        ["soak"] => replicas::soak("10"),
        ["soak", minutes] => replicas::soak(minutes),
        ["bench", ref rest @ ..] => bench::run(rest),
        ["compare"] => compare::run_both(),
        ["rolling"] => rolling::test(None),
        ["rolling", commit] => rolling::test(Some(commit)),
        ["model"] => process::run("cargo", MODEL),
        ["walls"] => walls::check(),
        ["licences"] => licences::check(),
        ["examples"] => install::everything().and_then(|()| examples::test()),
        ["install"] => install::everything(),
        ["help" | "--help" | "-h"] => {
            print!("{USAGE}");
            return ExitCode::SUCCESS;
        }
        _ => {
            eprint!("{USAGE}");
            return ExitCode::from(2);
        }
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("xtask: {message}");
            ExitCode::FAILURE
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{USAGE, process};

    #[test]
    fn contributors_are_told_of_every_command() {
        let page = std::fs::read_to_string(process::root().join("CONTRIBUTING.md")).unwrap();
        // A line that says more of a command is indented further than a command.
        let commands =
            USAGE.lines().filter_map(|line| line.strip_prefix("  ").filter(|rest| !rest.starts_with(' ')));
        let commands: Vec<&str> =
            commands.filter_map(|line| line.split(" [").next()?.split("  ").next()).collect();
        assert!(commands.contains(&"replicas browser") && commands.contains(&"test --fast"), "{commands:?}");

        let is_told = |command: &str| {
            page.lines().any(|line| {
                line.split('#').next().unwrap_or_default().trim() == format!("cargo xtask {command}")
            })
        };
        let missing: Vec<&&str> = commands.iter().filter(|command| !is_told(command)).collect();
        assert!(missing.is_empty(), "CONTRIBUTING.md does not list {missing:?}");
    }
}
