use std::io::{self, BufWriter, IsTerminal, Write};
use std::path::Path;
use std::sync::Arc;

use clap::Args;
use handstamp_core::export_file::ExportWriter;
use handstamp_core::store::transfer::{Contents, PARCELS_UNDER_WAY, Parcel};
use handstamp_server::config::Config;
use handstamp_store_sqlite::OpenMode;
use handstamp_token::SystemEntropy;
use jiff::Timestamp;
use serde_json::json;
use tokio::sync::mpsc;

use crate::edge::data_folder::DataFolder;
use crate::edge::fresh_file::FreshFile;
use crate::edge::settings::SettingsArgs;
use crate::edge::store::OpenStore;
use crate::edge::{clock, house, runtime};
use crate::failure::Failure;
use crate::output::{self, OutputArgs, Progress, words};

/// Write everything the store holds to a file, to take it in elsewhere
///
/// Moves an installation from one store to another with every session alive: stop the service, export, `handstamp import` over
/// there, start it there. What happens between export and the end of the old service is not in the file.
///
/// The file holds people's names, addresses and password hashes. Signing keys are in it sealed, and the root key is not: carry that over by
/// another way.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  handstamp export handstamp.export
  handstamp export - | zstd > handstamp.export.zst
  handstamp export - | ssh auth2 handstamp import - --config /etc/handstamp.toml")]
pub(crate) struct Export {
    /// The file to make, or `-` for standard output
    #[arg(value_name = "FILE")]
    file: String,

    /// Put it in the place of a file that is there, once it is whole
    #[arg(long)]
    replace: bool,

    #[command(flatten)]
    settings: SettingsArgs,

    #[command(flatten)]
    output: OutputArgs,
}

/// Exports everything.
pub(crate) fn run(command: &Export) -> Result<(), Failure> {
    let config = command.settings.load()?;
    if command.file == "-" {
        if command.output.json {
            return Err(Failure::usage(
                "with `-` the export itself goes to standard output: leave out --json",
            ));
        }
        if io::stdout().is_terminal() {
            return Err(Failure::new(
                "an export is no reading matter: name a file, or send standard output somewhere",
            ));
        }
        let contents = export(&config, io::stdout())?;
        output::note(sentence("standard output", &contents));
        return Ok(());
    }
    let file =
        FreshFile::new(Path::new(&command.file), command.replace, &DataFolder::at(&config.storage.data))?;
    let contents = export(&config, file.create()?)?;
    file.keep()?;
    print(command, &contents)
}

/// Exports the store that is there, beside a running service or without. No keys are made.
fn export(config: &Config, to: impl Write + Send + 'static) -> Result<Contents, Failure> {
    house::must_be_there(config)?;
    runtime::block_on(async {
        let store = OpenStore::open(config, OpenMode::Command, Arc::new(SystemEntropy)).await?;
        let contents = hand_over(&store, to).await;
        store.close().await?;
        contents
    })
}

/// The store reads while a thread of its own writes.
async fn hand_over(store: &OpenStore, to: impl Write + Send + 'static) -> Result<Contents, Failure> {
    let (sender, parcels) = mpsc::channel(PARCELS_UNDER_WAY);
    let now = clock::now();
    let writing = tokio::task::spawn_blocking(move || write(parcels, BufWriter::new(to), now));
    let exported = store.transfer().export(sender).await;
    let written = writing.await.map_err(|cause| Failure::because("cannot write the export", &cause))?;
    exported.map_err(|cause| Failure::because("cannot read the database", &cause))?;
    written
}

fn write(mut parcels: mpsc::Receiver<Parcel>, to: impl Write, now: Timestamp) -> Result<Contents, Failure> {
    let cut_short = || Failure::new("the database ended before its end");
    let Some(Parcel::Contents(contents)) = parcels.blocking_recv() else { return Err(cut_short()) };
    // A reader that went away is no end in good order here, as it is for a list.
    let failed = |cause: io::Error| Failure::because("cannot write the export", &cause);
    let mut writer = ExportWriter::begin(to, &contents, env!("CARGO_PKG_VERSION"), now).map_err(failed)?;
    let (mut done, all) = (0, contents.counts.total());
    let mut progress = Progress::new("exporting");
    loop {
        match parcels.blocking_recv() {
            Some(Parcel::Rows(rows)) => {
                for row in &rows {
                    writer.row(row).map_err(failed)?;
                }
                done += rows.len() as u64;
                progress.is_at(done, all);
            }
            Some(Parcel::End) => {
                writer.end().map_err(failed)?;
                return Ok(contents);
            }
            Some(Parcel::Contents(_)) | None => return Err(cut_short()),
        }
    }
}

fn print(command: &Export, contents: &Contents) -> Result<(), Failure> {
    if command.output.json {
        let rows: serde_json::Map<_, _> =
            contents.counts.iter().map(|(kind, count)| (kind.as_str().to_owned(), count.into())).collect();
        return output::json(&json!({ "file": command.file, "log": contents.head, "rows": rows }));
    }
    output::line(sentence(&command.file, contents))
}

fn sentence(file: &str, contents: &Contents) -> String {
    format!(
        "{file}: {}, the revocation log at {}. The root key is not in it.",
        words::count(contents.counts.total(), "row"),
        contents.head
    )
}
