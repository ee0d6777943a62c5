use handstamp_core::store::rows::{DriverRow, Holds};
use rusqlite::Row;
use rusqlite::types::ValueRef;

/// A row as SQLite hands it out. It has no flags and no ids: those are numbers and bytes.
pub(crate) struct SqliteRow<'row, 'statement>(pub(crate) &'row Row<'statement>);

impl DriverRow for SqliteRow<'_, '_> {
    fn number(&self, place: usize) -> Result<Option<i64>, Holds> {
        match self.value(place)? {
            ValueRef::Null => Ok(None),
            ValueRef::Integer(number) => Ok(Some(number)),
            other => Err(wrong_type(other)),
        }
    }

    fn flag(&self, place: usize) -> Result<Option<bool>, Holds> {
        match self.number(place)? {
            None => Ok(None),
            Some(0) => Ok(Some(false)),
            Some(1) => Ok(Some(true)),
            Some(_) => Err("neither 0 nor 1".into()),
        }
    }

    fn text(&self, place: usize) -> Result<Option<&str>, Holds> {
        match self.value(place)? {
            ValueRef::Null => Ok(None),
            ValueRef::Text(text) => {
                str::from_utf8(text).map(Some).map_err(|_| "text that is not UTF-8".into())
            }
            other => Err(wrong_type(other)),
        }
    }

    fn bytes(&self, place: usize) -> Result<Option<&[u8]>, Holds> {
        match self.value(place)? {
            ValueRef::Null => Ok(None),
            ValueRef::Blob(bytes) => Ok(Some(bytes)),
            other => Err(wrong_type(other)),
        }
    }

    fn id(&self, place: usize) -> Result<Option<[u8; 16]>, Holds> {
        let bytes = self.bytes(place)?;
        bytes.map(TryInto::try_into).transpose().map_err(|_| "an id of another length".into())
    }
}

impl SqliteRow<'_, '_> {
    fn value(&self, place: usize) -> Result<ValueRef<'_>, Holds> {
        self.0.get_ref(place).map_err(|_| "what no statement asks for".into())
    }
}

fn wrong_type(value: ValueRef<'_>) -> Holds {
    format!("a value of type {}", value.data_type()).into()
}
