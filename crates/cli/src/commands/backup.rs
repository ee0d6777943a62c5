use std::path::PathBuf;

use clap::Args;
use handstamp_store_sqlite::{BackupDone, backup};
use serde_json::json;

use crate::edge::data_folder::DataFolder;
use crate::edge::fresh_file::FreshFile;
use crate::edge::house;
use crate::edge::settings::SettingsArgs;
use crate::failure::Failure;
use crate::output::{self, OutputArgs, Progress, words};

/// Copy the embedded database to a file while the service runs
///
/// The copy is of one moment, in one file, for its owner alone; it is read again before it gets its name. The root key is not
/// in it: keep that somewhere else, for who has both can sign anything.
///
/// To restore, put the file into an empty data folder under the name handstamp.db, the root key beside it, and start `serve`. It begins a
/// new epoch of the revocation log by itself: every client refreshes once, and nobody is signed out.
///
/// PostgreSQL has tools of its own for this: see docs/guide/backup.md.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  handstamp backup /var/backups/handstamp-$(date +%F).db
  handstamp backup nightly.db --replace --data /var/lib/handstamp --json")]
pub(crate) struct Backup {
    /// The file to make
    #[arg(value_name = "FILE")]
    file: PathBuf,

    /// Put it in the place of a file that is there, once it is whole
    #[arg(long)]
    replace: bool,

    #[command(flatten)]
    settings: SettingsArgs,

    #[command(flatten)]
    output: OutputArgs,
}

/// Makes a backup.
pub(crate) fn run(command: &Backup) -> Result<(), Failure> {
    let config = command.settings.load()?;
    if config.storage.database_url.is_some() {
        return Err(Failure::new(
            "this copies the embedded database; PostgreSQL is backed up with pg_dump or pg_basebackup, and moved with `handstamp export`",
        ));
    }
    let folder = &config.storage.data;
    house::must_be_there(&config)?;
    let file = FreshFile::new(&command.file, command.replace, &DataFolder::at(folder))?;
    let mut progress = Progress::new("copying");
    let done = backup(folder, file.draft(), |done, all| progress.is_at(done, all))
        .map_err(|cause| Failure::because("no backup was made", &cause))?;
    drop(progress);
    file.keep()?;
    print(command, &done)
}

fn print(command: &Backup, done: &BackupDone) -> Result<(), Failure> {
    let file = command.file.display().to_string();
    if command.output.json {
        return output::json(&json!({ "file": file, "bytes": done.bytes, "log": done.head }));
    }
    output::line(format_args!(
        "{file}: {}, the revocation log at {}. The root key is not in it.",
        words::bytes(done.bytes),
        done.head
    ))
}
