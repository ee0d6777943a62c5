//! The pages under `docs/reference/` that are written from the code, so that they cannot drift from it.

mod commands;
mod configuration;
mod errors;

use clap::Command;

/// Returns every generated page: its file name and its Markdown.
pub(crate) fn pages(tree: Command) -> Vec<(&'static str, String)> {
    vec![
        ("cli.md", commands::page(tree)),
        ("configuration.md", configuration::page()),
        ("errors.md", errors::page()),
        ("invalid-tokens.md", handstamp_testkit::recipe::reference_page()),
    ]
}
