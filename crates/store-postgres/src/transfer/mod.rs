//! Moving an installation: every row out of this database, or into it.

mod export;
mod import;
#[cfg(test)]
mod tests;

use std::time::Duration;

use handstamp_core::store::transfer::{Counts, Kind};

use crate::connection::Connection;
use crate::failure::Failure;
use crate::sql::transfer;

pub(crate) use export::export;
pub(crate) use import::import;

/// What this store calls itself in an export.
const STORE: &str = "postgresql";

/// To count all rows of a large database takes minutes, and whoever moves it has them.
const PATIENCE: Duration = Duration::from_hours(1);

async fn counts(connection: &Connection) -> Result<Counts, Failure> {
    let counts = connection.optional(transfer::COUNTS, &[], |fields| {
        let mut counts = Counts::default();
        for kind in Kind::ALL {
            counts.set(kind, fields.of(kind.as_str()).number("count")?);
        }
        Ok(counts)
    });
    counts.await?.ok_or_else(|| Failure::Corrupt("the database does not count".to_owned()))
}
