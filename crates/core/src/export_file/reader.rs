use std::io::{BufRead, Read};

use aws_lc_rs::digest::{Context, SHA256};
use jiff::Timestamp;
use serde_json::Value;

use super::{ExportFileError, FORMAT, Header, MAX_LINE, Trailer, hexadecimal, rows::OwnedLine};
use crate::store::transfer::{Contents, Row};

/// Reads what [`ExportWriter`](super::ExportWriter) wrote, a row at a time.
pub struct ExportReader<R> {
    from: R,
    /// Of every line before the one in `text`.
    sum: Context,
    text: Vec<u8>,
    line: u64,
    rows: u64,
    contents: Contents,
    program: String,
    at: Timestamp,
}

impl<R: BufRead> ExportReader<R> {
    /// Reads the first line.
    pub fn begin(mut from: R) -> Result<Self, ExportFileError> {
        let mut text = Vec::new();
        match read_line(&mut from, &mut text) {
            Ok(true) => {}
            Ok(false) | Err(ReadLine::TooLong) => return Err(ExportFileError::NotAnExport),
            Err(ReadLine::Io(cause)) => return Err(cause.into()),
        }
        let header = header(&text)?;
        let (program, at) = (header.program.clone(), header.at);
        let contents = header.contents().ok_or(ExportFileError::NotAnExport)?;
        let mut sum = Context::new(&SHA256);
        sum.update(&text);
        Ok(Self { from, sum, text, line: 1, rows: 0, contents, program, at })
    }

    /// Returns what the first line says is to come.
    pub const fn contents(&self) -> &Contents {
        &self.contents
    }

    /// Returns the version of the program that wrote it.
    pub fn program(&self) -> &str {
        &self.program
    }

    /// Returns when it was written.
    pub const fn at(&self) -> Timestamp {
        self.at
    }

    /// Returns the next row. `None` once: the last line is there, and everything before it is what was written.
    pub fn next_row(&mut self) -> Result<Option<Row>, ExportFileError> {
        self.next_line()?;
        if self.text.starts_with(b"{\"end\":") {
            return self.check_end().map(|()| None);
        }
        self.sum.update(&self.text);
        self.rows += 1;
        let OwnedLine(row) = serde_json::from_slice(&self.text).map_err(|source| self.wrong(source))?;
        Ok(Some(row))
    }

    fn next_line(&mut self) -> Result<(), ExportFileError> {
        match read_line(&mut self.from, &mut self.text) {
            Ok(true) => {
                self.line += 1;
                Ok(())
            }
            Ok(false) => Err(ExportFileError::CutOff { line: self.line }),
            Err(ReadLine::TooLong) => Err(ExportFileError::TooLong { line: self.line + 1 }),
            Err(ReadLine::Io(cause)) => Err(cause.into()),
        }
    }

    fn check_end(&mut self) -> Result<(), ExportFileError> {
        let Trailer { end } = serde_json::from_slice(&self.text).map_err(|source| self.wrong(source))?;
        if end.rows != self.rows || end.sha256 != hexadecimal(self.sum.clone().finish().as_ref()) {
            return Err(ExportFileError::Damaged);
        }
        if self.from.fill_buf()?.is_empty() { Ok(()) } else { Err(ExportFileError::Trailing) }
    }

    fn wrong(&self, source: serde_json::Error) -> ExportFileError {
        ExportFileError::Line { line: self.line, source }
    }
}

/// Looks at the format before anything else: the first line of another one may have other members.
fn header(text: &[u8]) -> Result<Header, ExportFileError> {
    let value: Value = serde_json::from_slice(text).map_err(|_| ExportFileError::NotAnExport)?;
    let format = value.get("handstamp_export").and_then(Value::as_u64);
    let format = u32::try_from(format.ok_or(ExportFileError::NotAnExport)?).unwrap_or(u32::MAX);
    if format != FORMAT {
        return Err(ExportFileError::Format { format });
    }
    serde_json::from_slice(text).map_err(|source| ExportFileError::Line { line: 1, source })
}

enum ReadLine {
    TooLong,
    Io(std::io::Error),
}

/// Reads a line with its end. Returns `false` where the file ends before the line does.
fn read_line(from: &mut impl BufRead, text: &mut Vec<u8>) -> Result<bool, ReadLine> {
    text.clear();
    let read = from.by_ref().take(MAX_LINE).read_until(b'\n', text).map_err(ReadLine::Io)?;
    match text.last() {
        Some(b'\n') => Ok(true),
        _ if read as u64 == MAX_LINE => Err(ReadLine::TooLong),
        _ => Ok(false),
    }
}
