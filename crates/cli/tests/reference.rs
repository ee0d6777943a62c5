//! Some pages of `docs/reference/` are generated: they must say what the program says.

use std::fs;
use std::path::Path;

#[test]
fn the_reference_pages_are_what_the_code_says() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/reference");

    for (name, page) in handstamp_cli::reference_pages() {
        let written = fs::read_to_string(folder.join(name)).unwrap_or_default();
        assert!(
            written == page,
            "docs/reference/{name} is out of date: run `cargo run -q -p handstamp --example reference`"
        );
    }
}
