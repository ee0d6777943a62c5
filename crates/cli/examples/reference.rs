//! Prints `docs/reference/cli.md`.

#![expect(clippy::print_stdout, reason = "printing is all it does")]

fn main() {
    print!("{}", handstamp_cli::reference_page());
}
