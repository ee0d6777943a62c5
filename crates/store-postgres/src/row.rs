use handstamp_core::store::rows::{DriverRow, Fields, Holds, Unreadable};
use tokio_postgres::Row;
use tokio_postgres::types::FromSql;
use uuid::Uuid;

use crate::failure::Failure;

/// Takes the first row apart, if there is one.
pub(crate) fn first<T>(
    rows: &[Row],
    decode: impl FnOnce(&mut Fields<'_>) -> Result<T, Unreadable>,
) -> Result<Option<T>, Failure> {
    Ok(rows.first().map(|row| decode(&mut Fields::new(&PostgresRow(row)))).transpose()?)
}

/// Takes all rows apart.
pub(crate) fn all<T>(
    rows: &[Row],
    decode: impl Fn(&mut Fields<'_>) -> Result<T, Unreadable>,
) -> Result<Vec<T>, Failure> {
    Ok(rows.iter().map(|row| decode(&mut Fields::new(&PostgresRow(row)))).collect::<Result<_, _>>()?)
}

/// A row as PostgreSQL hands it out. It has a type for everything.
pub(crate) struct PostgresRow<'row>(pub(crate) &'row Row);

impl DriverRow for PostgresRow<'_> {
    fn number(&self, place: usize) -> Result<Option<i64>, Holds> {
        self.value(place)
    }

    fn flag(&self, place: usize) -> Result<Option<bool>, Holds> {
        self.value(place)
    }

    fn text(&self, place: usize) -> Result<Option<&str>, Holds> {
        self.value(place)
    }

    fn bytes(&self, place: usize) -> Result<Option<&[u8]>, Holds> {
        self.value(place)
    }

    fn id(&self, place: usize) -> Result<Option<[u8; 16]>, Holds> {
        Ok(self.value(place)?.map(Uuid::into_bytes))
    }
}

impl PostgresRow<'_> {
    fn value<'a, T: FromSql<'a>>(&'a self, place: usize) -> Result<Option<T>, Holds> {
        self.0.try_get(place).map_err(|_| "a value of another type".into())
    }
}
