use std::path::Path;

use handstamp_verify::OrgScope;
use rusqlite::params;

use crate::http::ServiceError;
use crate::scoped::ScopedDatabase;
use crate::{PEOPLE, Subjects};

const STEPS: &[&str] = &[
    "CREATE TABLE IF NOT EXISTS profiles (
        sub    TEXT PRIMARY KEY,
        org_id TEXT NOT NULL,
        name   TEXT NOT NULL
    ) STRICT;",
    // Names are the auth service's since it keeps profiles.
    "ALTER TABLE profiles DROP COLUMN name;
    ALTER TABLE profiles RENAME TO members;",
];

/// Who belongs to which organisation, of which nobody can reach more than their own.
#[derive(Clone)]
pub(super) struct Members {
    database: ScopedDatabase,
}

impl Members {
    /// Opens the service's own data and writes down where the demo's people belong.
    pub(super) fn open(path: &Path, subjects: &Subjects) -> rusqlite::Result<Self> {
        let database = ScopedDatabase::open(path, STEPS)?;
        database.seed(|db| {
            for person in PEOPLE {
                let Some(sub) = subjects.of(person.username) else { continue };
                db.execute(
                    "INSERT OR IGNORE INTO members (sub, org_id) VALUES (?1, ?2)",
                    params![sub, person.org_id],
                )?;
            }
            Ok(())
        })?;
        Ok(Self { database })
    }

    /// Returns everybody in the organisation.
    pub(super) async fn list(&self, scope: &OrgScope) -> Result<Vec<String>, ServiceError> {
        self.database
            .within(scope, |db, org_id| {
                db.prepare_cached("SELECT sub FROM members WHERE org_id = ?1")?
                    .query_map([org_id], |row| row.get(0))?
                    .collect()
            })
            .await
    }

    /// Returns whether somebody is in the organisation.
    pub(super) async fn has(&self, scope: &OrgScope, sub: String) -> Result<bool, ServiceError> {
        self.database
            .within(scope, move |db, org_id| {
                db.prepare_cached("SELECT 1 FROM members WHERE org_id = ?1 AND sub = ?2")?
                    .exists(params![org_id, sub])
            })
            .await
    }
}
