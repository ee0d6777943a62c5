use std::str::FromStr;

use handstamp_core::store::rows::column;
use jiff::Timestamp;
use serde_json::Value;
use tokio_postgres::Row;
use tokio_postgres::types::FromSql;
use uuid::Uuid;

use crate::failure::Failure;

/// The columns of a row, taken one after another in the order of the `SELECT`.
///
/// What cannot be read is [`Failure::Corrupt`] and names table and column, never the value: it may be a secret.
pub(crate) struct Fields<'row> {
    row: &'row Row,
    table: &'static str,
    next: usize,
}

impl<'row> Fields<'row> {
    /// Starts at the first column.
    pub(crate) fn new(row: &'row Row) -> Self {
        Self { row, table: "", next: 0 }
    }

    /// Says which table the next columns are of.
    pub(crate) fn of(&mut self, table: &'static str) -> &mut Self {
        self.table = table;
        self
    }

    /// Leaves out this many columns.
    pub(crate) fn skip(&mut self, columns: usize) {
        self.next += columns;
    }

    /// Takes a number that fits.
    pub(crate) fn number<T: TryFrom<i64>>(&mut self, column: &'static str) -> Result<T, Failure> {
        let number = self.required(column)?;
        self.fit(column, number)
    }

    /// Takes a number that fits, or nothing.
    pub(crate) fn optional_number<T: TryFrom<i64>>(
        &mut self,
        column: &'static str,
    ) -> Result<Option<T>, Failure> {
        let number: Option<i64> = self.take(column)?;
        number.map(|number| self.fit(column, number)).transpose()
    }

    /// Takes yes or no.
    pub(crate) fn flag(&mut self, column: &'static str) -> Result<bool, Failure> {
        self.required(column)
    }

    /// Takes a time.
    pub(crate) fn time(&mut self, column: &'static str) -> Result<Timestamp, Failure> {
        self.required(column).map(column::to_time)
    }

    /// Takes a time, or nothing.
    pub(crate) fn optional_time(&mut self, column: &'static str) -> Result<Option<Timestamp>, Failure> {
        let time: Option<i64> = self.take(column)?;
        Ok(time.map(column::to_time))
    }

    /// Takes text.
    pub(crate) fn text(&mut self, column: &'static str) -> Result<&'row str, Failure> {
        self.required(column)
    }

    /// Takes text, or nothing.
    pub(crate) fn optional_text(&mut self, column: &'static str) -> Result<Option<&'row str>, Failure> {
        self.take(column)
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
        from_name(name).ok_or_else(|| self.unknown_name(column, name))
    }

    /// Takes one of our own names, or nothing.
    pub(crate) fn optional_name<T>(
        &mut self,
        column: &'static str,
        from_name: impl FnOnce(&str) -> Option<T>,
    ) -> Result<Option<T>, Failure> {
        let Some(name) = self.optional_text(column)? else { return Ok(None) };
        from_name(name).map(Some).ok_or_else(|| self.unknown_name(column, name))
    }

    /// Takes bytes.
    pub(crate) fn bytes(&mut self, column: &'static str) -> Result<&'row [u8], Failure> {
        self.required(column)
    }

    /// Takes bytes, or nothing.
    pub(crate) fn optional_bytes(&mut self, column: &'static str) -> Result<Option<&'row [u8]>, Failure> {
        self.take(column)
    }

    /// Takes the sixteen bytes of an id.
    pub(crate) fn id(&mut self, column: &'static str) -> Result<[u8; 16], Failure> {
        self.required(column).map(Uuid::into_bytes)
    }

    /// Takes the sixteen bytes of an id, or nothing.
    pub(crate) fn optional_id(&mut self, column: &'static str) -> Result<Option<[u8; 16]>, Failure> {
        let id: Option<Uuid> = self.take(column)?;
        Ok(id.map(Uuid::into_bytes))
    }

    /// Takes the eight bytes of a short id, or nothing.
    pub(crate) fn optional_short_id(&mut self, column: &'static str) -> Result<Option<[u8; 8]>, Failure> {
        let Some(bytes) = self.optional_bytes(column)? else { return Ok(None) };
        bytes.try_into().map(Some).map_err(|_| self.wrong(column, "an id of another length"))
    }

    /// Takes the eight bytes of a short id.
    pub(crate) fn short_id(&mut self, column: &'static str) -> Result<[u8; 8], Failure> {
        self.optional_short_id(column)?.ok_or_else(|| self.wrong(column, "nothing"))
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

    fn unknown_name(&self, column: &'static str, name: &str) -> Failure {
        self.wrong(column, &format!("the unknown name {name:?}"))
    }

    fn fit<T: TryFrom<i64>>(&self, column: &'static str, number: i64) -> Result<T, Failure> {
        T::try_from(number).map_err(|_| self.wrong(column, "a number out of range"))
    }

    fn required<T: FromSql<'row>>(&mut self, column: &'static str) -> Result<T, Failure> {
        self.take(column)?.ok_or_else(|| self.wrong(column, "nothing"))
    }

    fn take<T: FromSql<'row>>(&mut self, column: &'static str) -> Result<Option<T>, Failure> {
        let value = self.row.try_get(self.next).map_err(|_| self.wrong(column, "a value of another type"))?;
        self.next += 1;
        Ok(value)
    }
}
