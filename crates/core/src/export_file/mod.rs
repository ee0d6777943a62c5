//! An installation as a file: one JSON text a line.
//!
//! ```text
//! {"handstamp_export":1,"program":"0.1.0","at":"2026-…","store":"sqlite","schema":10,"log":{"epoch":…,"seq":…},"mark":null,"rows":{"users":2,…}}
//! {"organization":{"id":"acme",…}}
//! {"user":{"id":"…",…}}
//! …
//! {"end":{"rows":7,"sha256":"…"}}
//! ```
//!
//! The first line says what is to come, the last one that it has come, with the SHA-256 of every byte before it: a file that was cut
//! off, or changed by accident, is noticed before anything of it holds. It is no proof of who wrote it: whoever can write the file can
//! write users and roles, as whoever can write the database.
//!
//! Secrets are in it as they are in the database: hashed, or sealed under the root key, which is not in it.
//!
//! Every line is read strictly: a member that is missing, unknown or there twice is an error. Whoever adds one raises [`FORMAT`].

mod forms;
mod reader;
mod rows;
mod special;
mod writer;

use std::collections::BTreeMap;
use std::io;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{
    model::LogPosition,
    store::transfer::{Contents, Counts, Kind},
};

pub use reader::ExportReader;
pub use writer::ExportWriter;

/// The format that this program writes, and the only one that it reads.
pub const FORMAT: u32 = 1;

/// No line of ours is so long: the largest rows are users with many claims and profiles, of some ten kilobytes. A file of something
/// else must not fill the memory.
const MAX_LINE: u64 = 1024 * 1024;

/// The file cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ExportFileError {
    /// It cannot be read.
    #[error("cannot read the export")]
    Io(#[from] io::Error),
    /// It is something else.
    #[error("this is not an export of Handstamp")]
    NotAnExport,
    /// It was written by another version of the program.
    #[error(
        "the export has format {format}, and this program knows format {FORMAT}: use the version that wrote it"
    )]
    Format {
        /// Its format.
        format: u32,
    },
    /// It ends before its last line.
    #[error("the export is cut off after line {line}")]
    CutOff {
        /// The last line that is whole.
        line: u64,
    },
    /// A line is not what it has to be.
    #[error("line {line} of the export cannot be read")]
    Line {
        /// Which one.
        line: u64,
        /// Why.
        #[source]
        source: serde_json::Error,
    },
    /// A line does not end.
    #[error("line {line} of the export is longer than any row")]
    TooLong {
        /// Which one.
        line: u64,
    },
    /// Something in it was changed after it was written.
    #[error("the export is damaged: its checksum is another one than its last line says")]
    Damaged,
    /// There is something after its last line.
    #[error("there is something after the last line of the export")]
    Trailing,
}

/// The first line.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Header {
    handstamp_export: u32,
    program: String,
    at: Timestamp,
    store: String,
    schema: u32,
    #[serde(with = "forms::position")]
    log: LogPosition,
    #[serde(with = "forms::optional_position")]
    mark: Option<LogPosition>,
    rows: BTreeMap<String, u64>,
}

/// The last line.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Trailer {
    end: End,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct End {
    rows: u64,
    sha256: String,
}

impl Header {
    fn of(contents: &Contents, program: &str, at: Timestamp) -> Self {
        let rows = contents.counts.iter().map(|(kind, count)| (kind.as_str().to_owned(), count));
        Self {
            handstamp_export: FORMAT,
            program: program.to_owned(),
            at,
            store: contents.store.clone(),
            schema: contents.schema,
            log: contents.head,
            mark: contents.mark,
            rows: rows.collect(),
        }
    }

    /// `None` where it counts something unknown.
    fn contents(self) -> Option<Contents> {
        let mut counts = Counts::default();
        for (name, count) in self.rows {
            counts.set(Kind::from_name(&name)?, count);
        }
        Some(Contents { store: self.store, schema: self.schema, head: self.log, mark: self.mark, counts })
    }
}

fn hexadecimal(digest: &[u8]) -> String {
    use std::fmt::Write as _;
    let mut text = String::with_capacity(digest.len() * 2);
    for byte in digest {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
    }
    text
}
