//! What every command keeps to, checked over the whole command tree: a new command is covered the day it arrives.

use std::path::Path;

use clap::Command;

use crate::handstamp::run;

/// Every command of the tree with the words that lead to it.
fn every_command() -> Vec<(Vec<String>, Command)> {
    fn walk(path: &[String], command: &Command, found: &mut Vec<(Vec<String>, Command)>) {
        for inner in command.get_subcommands().filter(|inner| inner.get_name() != "help") {
            let path = [path, &[inner.get_name().to_owned()]].concat();
            walk(&path, inner, found);
            found.push((path, inner.clone()));
        }
    }
    let mut found = Vec::new();
    walk(&[], &handstamp_cli::command_tree(), &mut found);
    found
}

#[test]
fn the_tree_is_sound() {
    handstamp_cli::command_tree().debug_assert();
}

#[test]
fn every_command_explains_itself_with_examples() {
    for (path, command) in every_command() {
        assert!(command.get_about().is_some(), "{path:?} says nothing about itself");
        let examples = command.get_after_help().map(ToString::to_string).unwrap_or_default();
        assert!(
            examples.contains(&format!("handstamp {}", path.join(" "))),
            "{path:?} has no example of itself"
        );
    }
}

#[test]
fn examples_are_not_broken_by_the_width_of_a_terminal() {
    for (path, command) in every_command() {
        let examples = command.get_after_help().map(ToString::to_string).unwrap_or_default();
        for line in examples.lines() {
            assert!(line.chars().count() <= 100, "{path:?}: help is wrapped at 100 characters: {line}");
        }
    }
}

#[test]
fn every_argument_is_explained() {
    for (path, command) in every_command() {
        for argument in command.get_arguments().filter(|argument| argument.get_id() != "help") {
            assert!(argument.get_help().is_some(), "{path:?}: {} is not explained", argument.get_id());
        }
    }
}

#[test]
fn every_command_that_does_something_offers_json() {
    // What runs until it is stopped says `listening on` instead.
    let exempt = [["serve"].as_slice(), ["gateway"].as_slice()];
    for (path, command) in every_command() {
        let words: Vec<_> = path.iter().map(String::as_str).collect();
        if command.has_subcommands() || exempt.contains(&words.as_slice()) {
            continue;
        }
        assert!(
            command.get_arguments().any(|argument| argument.get_id() == "json"),
            "{path:?} has no --json"
        );
    }
}

#[test]
fn no_command_takes_a_secret_as_an_argument() {
    for (path, command) in every_command() {
        for argument in command.get_arguments() {
            let name = argument.get_id().as_str();
            let secret = ["password", "secret", "root_key"].iter().any(|word| name.contains(word));
            let takes_a_value = argument.get_action().takes_values();
            assert!(
                !(secret && takes_a_value),
                "{path:?}: {name} would show a secret to every process on the machine"
            );
        }
    }
}

#[test]
fn help_goes_to_stdout_and_is_no_failure() {
    let run = run(Path::new("."), ["token", "verify", "--help"]);

    assert_eq!(run.code, Some(0));
    assert!(run.stdout.contains("Examples:"), "{run:?}");
    assert_eq!(run.stderr, "");
}

#[test]
fn wrong_usage_is_exit_code_2() {
    for wrong in [
        &["tokne"][..],
        &["token", "verify"],
        &["token", "sign", "--no-such-flag"],
        &["token", "verify", "--now", "soon"],
        &["token", "sign", "--key", "-", "--claims", "-"],
        &["export", "-", "--json"],
    ] {
        let run = run(Path::new("."), wrong);

        assert_eq!(run.code, Some(2), "{wrong:?}: {run:?}");
        assert_eq!(run.stdout, "", "{wrong:?}");
        assert!(run.stderr.contains("error:"), "{wrong:?}: {run:?}");
    }
}

#[test]
fn a_mistyped_command_is_told_its_likely_name() {
    let run = run(Path::new("."), ["tokn"]);

    assert!(run.stderr.contains("token"), "{run:?}");
}

#[test]
fn a_failure_is_exit_code_1_and_one_sentence() {
    let run = run(Path::new("."), ["token", "sign", "--key", "no-such-file", "--claims", "-"]);

    assert_eq!(run.code, Some(1));
    assert_eq!(run.stdout, "");
    assert_eq!(run.stderr.lines().count(), 1, "{run:?}");
    assert!(run.stderr.starts_with("error: cannot read the key from no-such-file"), "{run:?}");
}
