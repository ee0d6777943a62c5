use std::path::Path;

use handstamp_verify::OrgScope;
use rusqlite::{OptionalExtension, Row, params};
use serde::{Deserialize, Serialize};

use crate::http::ServiceError;
use crate::scoped::ScopedDatabase;
use crate::{PEOPLE, Subjects};

const STEPS: &[&str] = &["CREATE TABLE IF NOT EXISTS profiles (
        sub    TEXT PRIMARY KEY,
        org_id TEXT NOT NULL,
        name   TEXT NOT NULL
    ) STRICT;"];

/// What colleagues know of each other.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Profile {
    /// The user's stable id.
    pub(crate) sub: String,
    /// The full name.
    pub(crate) name: String,
}

/// Everybody's profile, of which nobody can reach more than their own organisation's.
#[derive(Clone)]
pub(super) struct Profiles {
    database: ScopedDatabase,
}

impl Profiles {
    /// Opens the service's own data and writes the profiles of the demo's people.
    pub(super) fn open(path: &Path, subjects: &Subjects) -> rusqlite::Result<Self> {
        let database = ScopedDatabase::open(path, STEPS)?;
        database.seed(|db| {
            for person in PEOPLE {
                let Some(sub) = subjects.of(person.username) else { continue };
                db.execute(
                    "INSERT OR IGNORE INTO profiles (sub, org_id, name) VALUES (?1, ?2, ?3)",
                    params![sub, person.org_id, person.name],
                )?;
            }
            Ok(())
        })?;
        Ok(Self { database })
    }

    /// Returns the organisation's profiles, by name.
    pub(super) async fn list(&self, scope: &OrgScope) -> Result<Vec<Profile>, ServiceError> {
        self.database
            .within(scope, |db, org_id| {
                db.prepare_cached("SELECT sub, name FROM profiles WHERE org_id = ?1 ORDER BY name")?
                    .query_map([org_id], profile)?
                    .collect()
            })
            .await
    }

    /// Returns one of the organisation's profiles.
    pub(super) async fn find(&self, scope: &OrgScope, sub: String) -> Result<Option<Profile>, ServiceError> {
        self.database
            .within(scope, move |db, org_id| {
                db.prepare_cached("SELECT sub, name FROM profiles WHERE org_id = ?1 AND sub = ?2")?
                    .query_row(params![org_id, sub], profile)
                    .optional()
            })
            .await
    }
}

fn profile(row: &Row<'_>) -> rusqlite::Result<Profile> {
    Ok(Profile { sub: row.get(0)?, name: row.get(1)? })
}
