use std::io::{self, Write};

use aws_lc_rs::digest::{Context, SHA256};
use jiff::Timestamp;
use serde::Serialize;

use super::{End, Header, Trailer, hexadecimal, rows::Line};
use crate::store::transfer::{Contents, Row};

/// Writes an installation to a file, a pipe, or whatever takes bytes. It writes a line at a time: give it something that buffers.
pub struct ExportWriter<W> {
    to: W,
    sum: Context,
    line: Vec<u8>,
    rows: u64,
}

impl<W: Write> ExportWriter<W> {
    /// Writes the first line. `program` is the version of what writes, for people.
    pub fn begin(to: W, contents: &Contents, program: &str, now: Timestamp) -> io::Result<Self> {
        let mut writer = Self { to, sum: Context::new(&SHA256), line: Vec::new(), rows: 0 };
        writer.line(&Header::of(contents, program, now))?;
        Ok(writer)
    }

    /// Writes a row.
    pub fn row(&mut self, row: &Row) -> io::Result<()> {
        self.rows += 1;
        self.line(&Line(row))
    }

    /// Writes the last line. Without it the file is none. Returns what was written to, flushed.
    pub fn end(mut self) -> io::Result<W> {
        let sum = self.sum.clone().finish();
        self.line(&Trailer { end: End { rows: self.rows, sha256: hexadecimal(sum.as_ref()) } })?;
        self.to.flush()?;
        Ok(self.to)
    }

    fn line(&mut self, value: &impl Serialize) -> io::Result<()> {
        self.line.clear();
        serde_json::to_writer(&mut self.line, value)?;
        self.line.push(b'\n');
        self.sum.update(&self.line);
        self.to.write_all(&self.line)
    }
}
