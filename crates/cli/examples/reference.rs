//! Writes the generated pages of `docs/reference/`.

use std::path::Path;

fn main() -> std::io::Result<()> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/reference");
    for (name, page) in handstamp_cli::reference_pages() {
        std::fs::write(folder.join(name), page)?;
    }
    Ok(())
}
