use std::fs::File;
use std::io::{self, BufRead, BufReader, IsTerminal};
use std::sync::Arc;

use clap::Args;
use handstamp_core::export_file::{ExportFileError, ExportReader};
use handstamp_core::flows::revocation_log;
use handstamp_core::keyring;
use handstamp_core::root_key::RootKey;
use handstamp_core::store::transfer::{
    Contents, Counts, ImportError, PARCELS_UNDER_WAY, Parcel, ROWS_IN_A_PARCEL, Row,
};
use handstamp_server::config::Config;
use handstamp_store_sqlite::{OpenMode, ShareMode};
use handstamp_token::SystemEntropy;
use serde_json::json;
use tokio::sync::mpsc;

use crate::edge::data_folder::DataFolder;
use crate::edge::house::{self, House, Missing};
use crate::edge::settings::SettingsArgs;
use crate::edge::store::OpenStore;
use crate::edge::{clock, root_key, runtime};
use crate::failure::Failure;
use crate::output::{self, OutputArgs, Progress, Table};

/// Take in what `handstamp export` wrote, into an empty store
///
/// All of it or nothing: every row is checked, and so is the file as a whole, before anything holds. Sessions, tokens and keys go on as
/// they were, and what was revoked stays revoked. No service may run on the store meanwhile.
///
/// The root key of the installation has to be here first: `HANDSTAMP_ROOT_KEY`, or the file root.key in the data folder.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  handstamp import handstamp.export --data /var/lib/handstamp
  HANDSTAMP_STORAGE_DATABASE_URL=postgres://… handstamp import handstamp.export
  zstd -d < handstamp.export.zst | handstamp import - --json")]
pub(crate) struct Import {
    /// The file, or `-` for standard input
    #[arg(value_name = "FILE")]
    file: String,

    #[command(flatten)]
    settings: SettingsArgs,

    #[command(flatten)]
    output: OutputArgs,
}

/// Imports everything.
pub(crate) fn run(command: &Import) -> Result<(), Failure> {
    let config = command.settings.load()?;
    let reader = ExportReader::begin(open(&command.file)?).map_err(|cause| unreadable(command, &cause))?;
    let root = root_key::load_existing(&DataFolder::at(&config.storage.data))?;
    let contents = reader.contents().clone();
    let counts = runtime::block_on(async {
        let store = open_alone(&config).await?;
        let taken = import(command, &store, reader, root).await;
        store.close().await?;
        let counts = taken?;
        let gone_on = go_on(&config, &contents).await;
        gone_on.map_err(|failure| Failure::new(format!("everything was taken in, but {failure}")))?;
        Ok(counts)
    })?;
    print(command, &contents, &counts)
}

fn open(file: &str) -> Result<Box<dyn BufRead + Send>, Failure> {
    if file == "-" {
        if io::stdin().is_terminal() {
            output::note("Reading the export from the terminal; end with Ctrl-D.");
        }
        return Ok(Box::new(BufReader::new(io::stdin())));
    }
    let opened =
        File::open(file).map_err(|cause| Failure::because(format_args!("cannot read {file}"), &cause))?;
    Ok(Box::new(BufReader::new(opened)))
}

/// Opens the store for nobody else, and makes it where there is none. PostgreSQL keeps others away by itself.
async fn open_alone(config: &Config) -> Result<OpenStore, Failure> {
    let mode = match config.storage.database_url {
        None => OpenMode::Serve(ShareMode::Exclusive),
        Some(_) => OpenMode::Command,
    };
    OpenStore::open(config, mode, Arc::new(SystemEntropy)).await
}

/// The store writes while a thread of its own reads.
async fn import(
    command: &Import,
    store: &OpenStore,
    reader: ExportReader<Box<dyn BufRead + Send>>,
    root: RootKey,
) -> Result<Counts, Failure> {
    let (sender, parcels) = mpsc::channel(PARCELS_UNDER_WAY);
    let reading = tokio::task::spawn_blocking(move || read(reader, &root, &sender));
    let taken = store.transfer().import(parcels).await;
    let read = reading.await.map_err(|cause| Failure::because("cannot read the export", &cause))?;
    match (taken, read) {
        (Ok(counts), Ok(())) => Ok(counts),
        // The store only says that the file ended before its end; here is why.
        (Err(ImportError::Incomplete), Err(Unfit::File(cause))) => Err(unreadable(command, &cause)),
        (Err(ImportError::Incomplete), Err(Unfit::RootKey(failure))) => Err(failure),
        (Err(cause @ ImportError::NotEmpty { .. }), _) => Err(Failure::new(format!(
            "nothing was taken in: {cause}. Name a new database (--database-url) or a new folder (--data), and import before \
             anything else is done there"
        ))),
        (Err(cause), _) => Err(Failure::because("nothing was taken in", &cause)),
        (Ok(_), Err(_)) => Err(Failure::new("the store took in what could not be read: this is a defect")),
    }
}

/// Why it reads no further.
enum Unfit {
    File(ExportFileError),
    RootKey(Failure),
}

fn read(
    mut reader: ExportReader<Box<dyn BufRead + Send>>,
    root: &RootKey,
    to: &mpsc::Sender<Parcel>,
) -> Result<(), Unfit> {
    let contents = reader.contents().clone();
    let (mut done, all) = (0, contents.counts.total());
    let mut progress = Progress::new("importing");
    if to.blocking_send(Parcel::Contents(contents)).is_err() {
        return Ok(());
    }
    loop {
        let mut rows = Vec::with_capacity(ROWS_IN_A_PARCEL);
        let is_last = loop {
            match reader.next_row().map_err(Unfit::File)? {
                Some(row) => {
                    check_key(&row, root).map_err(Unfit::RootKey)?;
                    rows.push(row);
                }
                None => break true,
            }
            if rows.len() == ROWS_IN_A_PARCEL {
                break false;
            }
        };
        done += rows.len() as u64;
        let end = is_last.then_some(Parcel::End);
        for parcel in std::iter::once(Parcel::Rows(rows)).chain(end) {
            // The store has refused something, and says what.
            if to.blocking_send(parcel).is_err() {
                return Ok(());
            }
        }
        progress.is_at(done, all);
        if is_last {
            return Ok(());
        }
    }
}

/// With another root key the service could not start: better to hear of it now, while nothing is taken in.
fn check_key(row: &Row, root: &RootKey) -> Result<(), Failure> {
    let Row::Key(key) = row else { return Ok(()) };
    keyring::check(key, root).map_err(|cause| {
        Failure::because("nothing was taken in: this is not the root key of what was exported", &cause)
    })
}

/// Sees that a service can start on it. Where the store that was exported had lost the end of its log, or was the copy of one that
/// has gone on, another epoch begins.
async fn go_on(config: &Config, contents: &Contents) -> Result<(), Failure> {
    let url = house::public_url(config, config.server.listen)?;
    let house = House::open(config, &url, OpenMode::Command, Missing::Create).await?;
    let store = house.store();
    let begun = match contents.mark {
        Some(mark) if mark > contents.head => {
            let from = contents.head.epoch;
            revocation_log::begin_epoch(&house.context, from, Some(mark), None, clock::now()).await.map(drop)
        }
        _ => Ok(()),
    };
    drop(house);
    store.close().await?;
    begun.map_err(|cause| Failure::because("cannot begin a new epoch", &cause))
}

fn unreadable(command: &Import, cause: &ExportFileError) -> Failure {
    Failure::because(format_args!("nothing was taken in from {}", command.file), cause)
}

fn print(command: &Import, contents: &Contents, counts: &Counts) -> Result<(), Failure> {
    if command.output.json {
        let rows: serde_json::Map<_, _> =
            counts.iter().map(|(kind, count)| (kind.as_str().to_owned(), count.into())).collect();
        return output::json(&json!({ "file": command.file, "log": contents.head, "rows": rows }));
    }
    let mut table = Table::new(&["TAKEN IN", "ROWS"]);
    for (kind, count) in counts.iter().filter(|(_, count)| *count > 0) {
        table.row([kind.as_str().replace('_', " "), count.to_string()]);
    }
    table.print(&mut output::stdout())?;
    Ok(())
}
