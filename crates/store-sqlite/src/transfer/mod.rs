//! Moving an installation: every row out of this database, or into it.

mod export;
mod import;
#[cfg(test)]
mod tests;

use handstamp_core::store::transfer::{Counts, Kind};
use rusqlite::Connection;

use crate::failure::Failure;
use crate::query;

pub(crate) use export::export;
pub(crate) use import::import;

/// What this store calls itself in an export.
const STORE: &str = "sqlite";

const fn table(kind: Kind) -> &'static str {
    match kind {
        Kind::Organization => "organizations",
        Kind::User => "users",
        Kind::Profile => "profiles",
        Kind::UpstreamLink => "upstream_links",
        Kind::Client => "clients",
        Kind::Key => "keys",
        Kind::StatusList => "status_lists",
        Kind::Session => "sessions",
        Kind::UpstreamSession => "upstream_sessions",
        Kind::Epoch => "revocation_epochs",
        Kind::Event => "revocation_events",
        Kind::UsedId => "used_ids",
        Kind::Report => "verifier_reports",
        Kind::Audit => "audit_entries",
    }
}

fn counts(connection: &Connection) -> Result<Counts, Failure> {
    let mut counts = Counts::default();
    for kind in Kind::ALL {
        let sql = format!("SELECT count(*) FROM {}", table(kind));
        let count = query::optional(connection, &sql, [], |fields| fields.of(table(kind)).number("count"))?;
        counts.set(kind, count.unwrap_or(0));
    }
    Ok(counts)
}
