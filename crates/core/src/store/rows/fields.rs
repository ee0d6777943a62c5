use std::borrow::Cow;
use std::str::FromStr;

use jiff::Timestamp;
use serde_json::Value;

use super::column::to_time;

/// A row as the driver of a database hands it out. Columns are asked for by their place in the `SELECT`, and may hold nothing.
///
/// An error says what the column holds instead, and never shows a value: it may be a secret.
pub trait DriverRow {
    /// Returns a whole number.
    fn number(&self, place: usize) -> Result<Option<i64>, Holds>;

    /// Returns yes or no.
    fn flag(&self, place: usize) -> Result<Option<bool>, Holds>;

    /// Returns text.
    fn text(&self, place: usize) -> Result<Option<&str>, Holds>;

    /// Returns bytes.
    fn bytes(&self, place: usize) -> Result<Option<&[u8]>, Holds>;

    /// Returns the sixteen bytes of an id.
    fn id(&self, place: usize) -> Result<Option<[u8; 16]>, Holds>;
}

/// What a column holds that it cannot hold: the end of the sentence "column `branch` of table `sessions` holds".
pub type Holds = Cow<'static, str>;

/// A column holds what we cannot have written. Names table and column, never the value: it may be a secret.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("column {column} of table {table} holds {holds}")]
pub struct Unreadable {
    table: &'static str,
    column: &'static str,
    holds: Holds,
}

/// The columns of a row, taken one after another in the order of the `SELECT`.
pub struct Fields<'row> {
    row: &'row dyn DriverRow,
    table: &'static str,
    next: usize,
}

impl<'row> Fields<'row> {
    /// Starts at the first column.
    pub fn new(row: &'row dyn DriverRow) -> Self {
        Self { row, table: "", next: 0 }
    }

    /// Says which table the next columns are of.
    pub fn of(&mut self, table: &'static str) -> &mut Self {
        self.table = table;
        self
    }

    /// Leaves out this many columns.
    pub fn skip(&mut self, columns: usize) {
        self.next += columns;
    }

    /// Takes a number that fits.
    pub fn number<T: TryFrom<i64>>(&mut self, column: &'static str) -> Result<T, Unreadable> {
        self.optional_number(column)?.ok_or_else(|| self.nothing(column))
    }

    /// Takes a number that fits, or nothing.
    pub fn optional_number<T: TryFrom<i64>>(
        &mut self,
        column: &'static str,
    ) -> Result<Option<T>, Unreadable> {
        let Some(number) = self.take(column, DriverRow::number)? else { return Ok(None) };
        T::try_from(number).map(Some).map_err(|_| self.wrong(column, "a number out of range"))
    }

    /// Takes yes or no.
    pub fn flag(&mut self, column: &'static str) -> Result<bool, Unreadable> {
        self.take(column, DriverRow::flag)?.ok_or_else(|| self.nothing(column))
    }

    /// Takes a time.
    pub fn time(&mut self, column: &'static str) -> Result<Timestamp, Unreadable> {
        self.number(column).map(to_time)
    }

    /// Takes a time, or nothing.
    pub fn optional_time(&mut self, column: &'static str) -> Result<Option<Timestamp>, Unreadable> {
        Ok(self.optional_number(column)?.map(to_time))
    }

    /// Takes text.
    pub fn text(&mut self, column: &'static str) -> Result<&'row str, Unreadable> {
        self.optional_text(column)?.ok_or_else(|| self.nothing(column))
    }

    /// Takes text, or nothing.
    pub fn optional_text(&mut self, column: &'static str) -> Result<Option<&'row str>, Unreadable> {
        self.take(column, DriverRow::text)
    }

    /// Takes text that means a `T`.
    pub fn parsed<T: FromStr>(&mut self, column: &'static str) -> Result<T, Unreadable> {
        self.text(column)?.parse().map_err(|_| self.another_form(column))
    }

    /// Takes text that means a `T`, or nothing.
    pub fn optional_parsed<T: FromStr>(&mut self, column: &'static str) -> Result<Option<T>, Unreadable> {
        let text = self.optional_text(column)?;
        text.map(|text| text.parse().map_err(|_| self.another_form(column))).transpose()
    }

    /// Takes one of our own names, which are no secrets, so that the message says which.
    pub fn name<T>(
        &mut self,
        column: &'static str,
        from_name: impl FnOnce(&str) -> Option<T>,
    ) -> Result<T, Unreadable> {
        self.optional_name(column, from_name)?.ok_or_else(|| self.nothing(column))
    }

    /// Takes one of our own names, or nothing.
    pub fn optional_name<T>(
        &mut self,
        column: &'static str,
        from_name: impl FnOnce(&str) -> Option<T>,
    ) -> Result<Option<T>, Unreadable> {
        let Some(name) = self.optional_text(column)? else { return Ok(None) };
        from_name(name).map(Some).ok_or_else(|| self.unknown_name(column, name))
    }

    /// Takes bytes.
    pub fn bytes(&mut self, column: &'static str) -> Result<&'row [u8], Unreadable> {
        self.optional_bytes(column)?.ok_or_else(|| self.nothing(column))
    }

    /// Takes bytes, or nothing.
    pub fn optional_bytes(&mut self, column: &'static str) -> Result<Option<&'row [u8]>, Unreadable> {
        self.take(column, DriverRow::bytes)
    }

    /// Takes the sixteen bytes of an id.
    pub fn id(&mut self, column: &'static str) -> Result<[u8; 16], Unreadable> {
        self.optional_id(column)?.ok_or_else(|| self.nothing(column))
    }

    /// Takes the sixteen bytes of an id, or nothing.
    pub fn optional_id(&mut self, column: &'static str) -> Result<Option<[u8; 16]>, Unreadable> {
        self.take(column, DriverRow::id)
    }

    /// Takes the eight bytes of a short id.
    pub fn short_id(&mut self, column: &'static str) -> Result<[u8; 8], Unreadable> {
        self.optional_short_id(column)?.ok_or_else(|| self.nothing(column))
    }

    /// Takes the eight bytes of a short id, or nothing.
    pub fn optional_short_id(&mut self, column: &'static str) -> Result<Option<[u8; 8]>, Unreadable> {
        let Some(bytes) = self.optional_bytes(column)? else { return Ok(None) };
        bytes.try_into().map(Some).map_err(|_| self.wrong(column, "an id of another length"))
    }

    /// Takes a JSON list of texts that each mean a `T`.
    pub fn texts<T: FromStr, C: FromIterator<T>>(&mut self, column: &'static str) -> Result<C, Unreadable> {
        let json = self.text(column)?;
        let texts: Vec<String> =
            serde_json::from_str(json).map_err(|_| self.wrong(column, "no JSON list of texts"))?;
        texts.iter().map(|text| text.parse().map_err(|_| self.another_form(column))).collect()
    }

    /// Takes a JSON object.
    pub fn object<C: FromIterator<(String, Value)>>(
        &mut self,
        column: &'static str,
    ) -> Result<C, Unreadable> {
        let object: serde_json::Map<String, Value> =
            serde_json::from_str(self.text(column)?).map_err(|_| self.wrong(column, "no JSON object"))?;
        Ok(object.into_iter().collect())
    }

    /// Returns the error for the column that was taken last.
    pub fn wrong(&self, column: &'static str, holds: impl Into<Holds>) -> Unreadable {
        Unreadable { table: self.table, column, holds: holds.into() }
    }

    /// Returns the error for text that means nothing.
    pub fn another_form(&self, column: &'static str) -> Unreadable {
        self.wrong(column, "text of another form")
    }

    /// Returns the error for a name that is none of ours.
    pub fn unknown_name(&self, column: &'static str, name: &str) -> Unreadable {
        self.wrong(column, format!("the unknown name {name:?}"))
    }

    fn nothing(&self, column: &'static str) -> Unreadable {
        self.wrong(column, "nothing")
    }

    fn take<T>(
        &mut self,
        column: &'static str,
        ask: impl FnOnce(&'row dyn DriverRow, usize) -> Result<Option<T>, Holds>,
    ) -> Result<Option<T>, Unreadable> {
        let place = self.next;
        self.next += 1;
        ask(self.row, place).map_err(|holds| self.wrong(column, holds))
    }
}
