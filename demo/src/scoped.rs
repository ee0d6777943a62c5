use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use handstamp_verify::OrgScope;
use rusqlite::{Connection, Transaction};

use crate::http::ServiceError;

/// A service's own database, of which a request can reach one organisation's rows and no other's.
///
/// The connection is private to this file, and [`ScopedDatabase::within`] is the only way to it for a request: a
/// query without a verified [`OrgScope`] does not compile, and every query is handed the `org_id` to filter by.
#[derive(Clone)]
pub(crate) struct ScopedDatabase {
    connection: Arc<Mutex<Connection>>,
}

impl ScopedDatabase {
    /// Opens or makes the database, and takes the steps that it has not taken yet.
    pub(crate) fn open(path: &Path, steps: &[&str]) -> rusqlite::Result<Self> {
        let mut connection = Connection::open(path)?;
        connection.execute_batch(
            "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA foreign_keys = ON;",
        )?;
        let taken: u32 = connection.query_row("PRAGMA user_version", [], |row| row.get(0))?;
        for (step, number) in steps.iter().zip(1..).filter(|(_, number)| *number > taken) {
            let transaction = connection.transaction()?;
            transaction.execute_batch(step)?;
            transaction.pragma_update(None, "user_version", number)?;
            transaction.commit()?;
        }
        Ok(Self { connection: Arc::new(Mutex::new(connection)) })
    }

    /// Runs a query for the organisation of whoever is signed in, beside the threads that answer requests.
    pub(crate) async fn within<T: Send + 'static>(
        &self,
        scope: &OrgScope,
        query: impl FnOnce(&Connection, &str) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, ServiceError> {
        let (connection, org_id) = (Arc::clone(&self.connection), scope.org_id().to_owned());
        let answer = tokio::task::spawn_blocking(move || {
            // A query that panicked has left nothing half done: SQLite rolls back.
            let connection = connection.lock().unwrap_or_else(PoisonError::into_inner);
            query(&connection, &org_id)
        });
        Ok(answer.await??)
    }

    /// Fills the database before the service listens, when there is no request and so no organisation.
    pub(crate) fn seed(
        &self,
        fill: impl FnOnce(&Transaction<'_>) -> rusqlite::Result<()>,
    ) -> rusqlite::Result<()> {
        let mut connection = self.connection.lock().unwrap_or_else(PoisonError::into_inner);
        let transaction = connection.transaction()?;
        fill(&transaction)?;
        transaction.commit()
    }
}
