//! `docs/reference/cli.md` is generated: it must say what the program says.

use std::fs;
use std::path::Path;

#[test]
fn the_reference_page_is_what_the_commands_say() {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/reference/cli.md");
    let written = fs::read_to_string(&page).unwrap_or_default();

    assert!(
        written == handstamp_cli::reference_page(),
        "docs/reference/cli.md is out of date: run `cargo run -q -p handstamp --example reference > docs/reference/cli.md`"
    );
}
