use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use deadpool_postgres::Object;
use tokio_postgres::types::ToSql;
use tokio_postgres::{Row, RowStream};

use crate::failure::Failure;
use crate::fields::Fields;
use crate::sql::Sql;

/// What a statement is given.
pub(crate) type Params<'a> = &'a [&'a (dyn ToSql + Sync)];

/// A connection that is ours until it is dropped. One that has failed, or that somebody has left in the middle of a transaction, does
/// not go back to the others.
pub(crate) struct Connection {
    /// There until the drop.
    object: Option<Object>,
    /// How long to wait for the answer to one statement.
    patience: Duration,
    is_lost: AtomicBool,
    /// A transaction was begun, and is not over.
    is_open: AtomicBool,
}

impl Connection {
    pub(crate) fn new(object: Object, patience: Duration) -> Self {
        Self {
            object: Some(object),
            patience,
            is_lost: AtomicBool::new(false),
            is_open: AtomicBool::new(false),
        }
    }

    /// Returns the first row, if there is one.
    pub(crate) async fn optional<T>(
        &self,
        sql: Sql,
        params: Params<'_>,
        decode: impl FnOnce(&mut Fields<'_>) -> Result<T, Failure>,
    ) -> Result<Option<T>, Failure> {
        let rows = self.rows(sql, params).await?;
        rows.first().map(|row| decode(&mut Fields::new(row))).transpose()
    }

    /// Returns all rows.
    pub(crate) async fn list<T>(
        &self,
        sql: Sql,
        params: Params<'_>,
        decode: impl Fn(&mut Fields<'_>) -> Result<T, Failure>,
    ) -> Result<Vec<T>, Failure> {
        let rows = self.rows(sql, params).await?;
        rows.iter().map(|row| decode(&mut Fields::new(row))).collect()
    }

    /// Returns whether there is any row.
    pub(crate) async fn exists(&self, sql: Sql, params: Params<'_>) -> Result<bool, Failure> {
        Ok(!self.rows(sql, params).await?.is_empty())
    }

    /// Changes rows. Returns how many.
    pub(crate) async fn execute(&self, sql: Sql, params: Params<'_>) -> Result<u64, Failure> {
        self.patiently(async |object| {
            let statement = object.prepare_cached(sql.text()).await?;
            object.execute(&statement, params).await
        })
        .await
    }

    /// Reads rows as they come, however many: no more of them are in memory than somebody takes.
    pub(crate) async fn stream(&self, sql: Sql) -> Result<RowStream, Failure> {
        self.patiently(async |object| {
            let statement = object.prepare_cached(sql.text()).await?;
            object.query_raw(&statement, std::iter::empty::<&(dyn ToSql + Sync)>()).await
        })
        .await
    }

    /// Runs one of the words that begin and end a transaction.
    pub(crate) async fn say(&self, sql: Sql) -> Result<(), Failure> {
        // Before it is sent: whoever goes away while it is on its way leaves a transaction behind as well.
        self.is_open.store(true, Ordering::Relaxed);
        self.patiently(async |object| object.batch_execute(sql.text()).await).await?;
        self.is_open.store(!sql.ends_transaction(), Ordering::Relaxed);
        Ok(())
    }

    /// Gives the connection up: nobody knows in which state it is.
    pub(crate) fn lose(&self) {
        self.is_lost.store(true, Ordering::Relaxed);
    }

    async fn rows(&self, sql: Sql, params: Params<'_>) -> Result<Vec<Row>, Failure> {
        self.patiently(async |object| {
            let statement = object.prepare_cached(sql.text()).await?;
            object.query(&statement, params).await
        })
        .await
    }

    async fn patiently<T>(
        &self,
        work: impl AsyncFnOnce(&Object) -> Result<T, tokio_postgres::Error>,
    ) -> Result<T, Failure> {
        let Some(object) = &self.object else {
            return Err(Failure::NoConnection(std::sync::Arc::new(crate::failure::Closed)));
        };
        let done = match tokio::time::timeout(self.patience, work(object)).await {
            Ok(done) => done.map_err(Failure::from),
            Err(_) => Err(Failure::Silence(self.patience)),
        };
        if done.as_ref().is_err_and(Failure::loses_connection) {
            self.lose();
        }
        if done.as_ref().is_err_and(Failure::is_stale_statement)
            && let Some(pool) = Object::pool(object)
        {
            // What holds for this connection holds for the others: whoever tries again finds none that remembers.
            pool.manager().statement_caches.clear();
        }
        done
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        // In a transaction that somebody has left, whoever comes next would change what nobody commits.
        let is_of_use = !self.is_lost.load(Ordering::Relaxed) && !self.is_open.load(Ordering::Relaxed);
        if !is_of_use && let Some(object) = self.object.take() {
            // Closed, and not given back.
            drop(Object::take(object));
        }
    }
}
