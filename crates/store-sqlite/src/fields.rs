use std::str::FromStr;

use handstamp_core::store::rows::column;
use jiff::Timestamp;
use rusqlite::Row;
use rusqlite::types::{Type, ValueRef};
use serde_json::Value;

use crate::failure::Failure;

/// The columns of a row, taken one after another in the order of the `SELECT`.
///
/// What cannot be read is [`Failure::Corrupt`] and names table and column, never the value: it may be a secret.
pub(crate) struct Fields<'row, 'statement> {
    row: &'row Row<'statement>,
    table: &'static str,
    next: usize,
}

impl<'row, 'statement> Fields<'row, 'statement> {
    /// Starts at the first column.
    pub(crate) fn new(row: &'row Row<'statement>) -> Self {
        Self { row, table: "", next: 0 }
    }

    /// Says which table the next columns are of.
    pub(crate) fn of(&mut self, table: &'static str) -> &mut Self {
        self.table = table;
        self
    }

    /// Returns whether the next column holds nothing, and leaves it.
    pub(crate) fn is_null(&self) -> bool {
        self.row.get_ref(self.next).is_ok_and(|value| value.data_type() == Type::Null)
    }

    /// Leaves out this many columns.
    pub(crate) fn skip(&mut self, columns: usize) {
        self.next += columns;
    }

    /// Takes a number that fits.
    pub(crate) fn number<T: TryFrom<i64>>(&mut self, column: &'static str) -> Result<T, Failure> {
        self.optional_number(column)?.ok_or_else(|| self.wrong(column, "nothing"))
    }

    /// Takes a number that fits, or nothing.
    pub(crate) fn optional_number<T: TryFrom<i64>>(
        &mut self,
        column: &'static str,
    ) -> Result<Option<T>, Failure> {
        match self.take()? {
            ValueRef::Null => Ok(None),
            ValueRef::Integer(number) => {
                T::try_from(number).map(Some).map_err(|_| self.wrong(column, "a number out of range"))
            }
            other => Err(self.wrong_type(column, other)),
        }
    }

    /// Takes yes or no.
    pub(crate) fn flag(&mut self, column: &'static str) -> Result<bool, Failure> {
        match self.number(column)? {
            0_u8 => Ok(false),
            1 => Ok(true),
            _ => Err(self.wrong(column, "neither 0 nor 1")),
        }
    }

    /// Takes a time.
    pub(crate) fn time(&mut self, column: &'static str) -> Result<Timestamp, Failure> {
        self.number(column).map(column::to_time)
    }

    /// Takes a time, or nothing.
    pub(crate) fn optional_time(&mut self, column: &'static str) -> Result<Option<Timestamp>, Failure> {
        Ok(self.optional_number(column)?.map(column::to_time))
    }

    /// Takes text.
    pub(crate) fn text(&mut self, column: &'static str) -> Result<&'row str, Failure> {
        self.optional_text(column)?.ok_or_else(|| self.wrong(column, "nothing"))
    }

    /// Takes text, or nothing.
    pub(crate) fn optional_text(&mut self, column: &'static str) -> Result<Option<&'row str>, Failure> {
        match self.take()? {
            ValueRef::Null => Ok(None),
            ValueRef::Text(text) => {
                str::from_utf8(text).map(Some).map_err(|_| self.wrong(column, "text that is not UTF-8"))
            }
            other => Err(self.wrong_type(column, other)),
        }
    }

    /// Takes text that means a `T`.
    pub(crate) fn parsed<T: FromStr>(&mut self, column: &'static str) -> Result<T, Failure> {
        self.text(column)?.parse().map_err(|_| self.wrong(column, "text of another form"))
    }

    /// Takes text that means a `T`, or nothing.
    pub(crate) fn optional_parsed<T: FromStr>(&mut self, column: &'static str) -> Result<Option<T>, Failure> {
        let text = self.optional_text(column)?;
        text.map(|text| text.parse().map_err(|_| self.wrong(column, "text of another form"))).transpose()
    }

    /// Takes one of our own names, which are no secrets, so that the message says which.
    pub(crate) fn name<T>(
        &mut self,
        column: &'static str,
        from_name: impl FnOnce(&str) -> Option<T>,
    ) -> Result<T, Failure> {
        let name = self.text(column)?;
        from_name(name).ok_or_else(|| self.wrong(column, &format!("the unknown name {name:?}")))
    }

    /// Takes one of our own names, or nothing.
    pub(crate) fn optional_name<T>(
        &mut self,
        column: &'static str,
        from_name: impl FnOnce(&str) -> Option<T>,
    ) -> Result<Option<T>, Failure> {
        if self.is_null() {
            self.skip(1);
            return Ok(None);
        }
        self.name(column, from_name).map(Some)
    }

    /// Takes bytes.
    pub(crate) fn bytes(&mut self, column: &'static str) -> Result<&'row [u8], Failure> {
        match self.take()? {
            ValueRef::Blob(bytes) => Ok(bytes),
            other => Err(self.wrong_type(column, other)),
        }
    }

    /// Takes the sixteen bytes of an id.
    pub(crate) fn id(&mut self, column: &'static str) -> Result<[u8; 16], Failure> {
        self.bytes(column)?.try_into().map_err(|_| self.wrong(column, "an id of another length"))
    }

    /// Takes the eight bytes of a short id.
    pub(crate) fn short_id(&mut self, column: &'static str) -> Result<[u8; 8], Failure> {
        self.bytes(column)?.try_into().map_err(|_| self.wrong(column, "an id of another length"))
    }

    /// Takes the sixteen bytes of an id, or nothing.
    pub(crate) fn optional_id(&mut self, column: &'static str) -> Result<Option<[u8; 16]>, Failure> {
        if self.is_null() {
            self.skip(1);
            return Ok(None);
        }
        self.id(column).map(Some)
    }

    /// Takes a JSON list of texts that each mean a `T`.
    pub(crate) fn texts<T: FromStr, C: FromIterator<T>>(
        &mut self,
        column: &'static str,
    ) -> Result<C, Failure> {
        let json = self.text(column)?;
        let texts: Vec<String> =
            serde_json::from_str(json).map_err(|_| self.wrong(column, "no JSON list of texts"))?;
        texts
            .iter()
            .map(|text| text.parse().map_err(|_| self.wrong(column, "text of another form")))
            .collect()
    }

    /// Takes a JSON object.
    pub(crate) fn object<C: FromIterator<(String, Value)>>(
        &mut self,
        column: &'static str,
    ) -> Result<C, Failure> {
        let object: serde_json::Map<String, Value> =
            serde_json::from_str(self.text(column)?).map_err(|_| self.wrong(column, "no JSON object"))?;
        Ok(object.into_iter().collect())
    }

    /// Returns the failure for the column that was taken last.
    pub(crate) fn wrong(&self, column: &'static str, what: &str) -> Failure {
        Failure::Corrupt(format!("column {column} of table {} holds {what}", self.table))
    }

    fn wrong_type(&self, column: &'static str, value: ValueRef<'_>) -> Failure {
        self.wrong(column, &format!("a value of type {}", value.data_type()))
    }

    fn take(&mut self) -> Result<ValueRef<'row>, Failure> {
        let value = self.row.get_ref(self.next)?;
        self.next += 1;
        Ok(value)
    }
}
