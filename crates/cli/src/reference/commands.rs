use std::fmt::Write;

use clap::Command;

/// Writes the page that describes every command, as Markdown.
pub(super) fn page(mut tree: Command) -> String {
    // Without this, subcommands do not know the flags and the width they inherit.
    tree.build();
    let mut page = String::from(
        "# Command line\n\n\
         Generated from the commands themselves by `cargo run -q -p handstamp --example reference`; a test compares.\n\n\
         Exit codes: 0 done, 1 failed (one sentence on stderr says why), 2 wrong usage. Results go to stdout, everything\n\
         else to stderr. Colour only on a terminal, and never with `NO_COLOR`.\n",
    );
    describe(&tree, &mut page);
    page
}

fn describe(command: &Command, page: &mut String) {
    let name = command.get_bin_name().unwrap_or(command.get_name());
    // The width of a terminal must not decide what the page says.
    let help = command.clone().term_width(100).render_long_help().to_string();
    let lines: Vec<&str> = help.lines().map(str::trim_end).collect();
    // Writing to a string cannot fail.
    let _ = write!(page, "\n## `{name}`\n\n```text\n{}\n```\n", lines.join("\n").trim_end());
    for inner in command.get_subcommands().filter(|inner| inner.get_name() != "help") {
        describe(inner, page);
    }
}
