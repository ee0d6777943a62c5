use std::io;
use std::path::PathBuf;

use clap::Args;
use handstamp_core::root_key::RootKey;
use handstamp_token::SystemEntropy;
use serde_json::json;

use crate::edge::secret_file;
use crate::failure::Failure;
use crate::output::{self, OutputArgs};

/// Make a root key for an installation on PostgreSQL
///
/// Writes a key that its owner alone can read. Everything at rest is sealed under it, so that every replica needs the same one, and none
/// of them makes it: in `HANDSTAMP_ROOT_KEY`, or as `root.key` in the data folder. Keep a copy where no backup of the database is.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  handstamp key generate-root /etc/handstamp/root.key
  HANDSTAMP_ROOT_KEY=\"$(cat /etc/handstamp/root.key)\" handstamp serve")]
pub(super) struct GenerateRoot {
    /// The file to make. One that is there is left alone
    file: PathBuf,

    #[command(flatten)]
    output: OutputArgs,
}

pub(super) fn run(command: &GenerateRoot) -> Result<(), Failure> {
    let shown = command.file.display();
    let key = RootKey::generate(&SystemEntropy);
    secret_file::write_new(&command.file, &key.to_text()).map_err(|cause| match cause.kind() {
        // Overwritten, nobody could open what was sealed under it.
        io::ErrorKind::AlreadyExists => {
            Failure::new(format!("{shown} is there already: name a new file, or move the old one away"))
        }
        _ => Failure::because(format_args!("cannot write the root key {shown}"), &cause),
    })?;
    if command.output.json {
        // The key itself stays in its file.
        return output::json(&json!({ "file": command.file }));
    }
    output::notice(format_args!(
        "The root key is in {shown}. Keep a copy apart from the database: without it nobody can open what is sealed there."
    ));
    Ok(())
}
