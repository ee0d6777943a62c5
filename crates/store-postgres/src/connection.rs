use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use deadpool_postgres::Object;
use handstamp_core::store::rows::{Fields, Unreadable};
use tokio::runtime::Handle;
use tokio::time::timeout;
use tokio_postgres::types::ToSql;
use tokio_postgres::{Row, RowStream};

use crate::failure::Failure;
use crate::row;
use crate::sql::Sql;
use crate::tls::Tls;

/// A statement that nobody waits for any more may still take this long: nearly all of them take less than to make a connection.
const TO_END: Duration = Duration::from_millis(100);
/// How long it may take to say that it is to end.
const TO_CANCEL: Duration = Duration::from_secs(1);

/// What a statement is given.
pub(crate) type Params<'a> = &'a [&'a (dyn ToSql + Sync)];

/// A connection that is ours until it is dropped. One that has failed, or that somebody has left in the middle of a transaction, does
/// not go back to the others; one that somebody has left in the middle of a statement does so when that is over.
pub(crate) struct Connection {
    /// There until the drop.
    object: Option<Object>,
    /// How long to wait for the answer to one statement.
    patience: Duration,
    /// What a statement is cancelled through.
    tls: Tls,
    is_lost: AtomicBool,
    /// A transaction was begun, and is not over.
    is_open: AtomicBool,
    /// How many statements have not been answered.
    under_way: AtomicUsize,
}

impl Connection {
    pub(crate) fn new(object: Object, patience: Duration, tls: Tls) -> Self {
        Self {
            object: Some(object),
            patience,
            tls,
            is_lost: AtomicBool::new(false),
            is_open: AtomicBool::new(false),
            under_way: AtomicUsize::new(0),
        }
    }

    /// Returns the first row, if there is one.
    pub(crate) async fn optional<T>(
        &self,
        sql: Sql,
        params: Params<'_>,
        decode: impl FnOnce(&mut Fields<'_>) -> Result<T, Unreadable>,
    ) -> Result<Option<T>, Failure> {
        row::first(&self.rows(sql, params).await?, decode)
    }

    /// Returns all rows.
    pub(crate) async fn list<T>(
        &self,
        sql: Sql,
        params: Params<'_>,
        decode: impl Fn(&mut Fields<'_>) -> Result<T, Unreadable>,
    ) -> Result<Vec<T>, Failure> {
        row::all(&self.rows(sql, params).await?, decode)
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

    /// Returns whether it was given up. Whoever says more on it may wait in vain once more.
    pub(crate) fn is_lost(&self) -> bool {
        self.is_lost.load(Ordering::Relaxed)
    }

    /// Returns all rows as they are.
    pub(crate) async fn rows(&self, sql: Sql, params: Params<'_>) -> Result<Vec<Row>, Failure> {
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
        // Stays counted when whoever asks goes away meanwhile.
        self.under_way.fetch_add(1, Ordering::Relaxed);
        let done = match timeout(self.patience, work(object)).await {
            Ok(done) => done.map_err(Failure::from),
            Err(_) => Err(Failure::Silence(self.patience)),
        };
        self.under_way.fetch_sub(1, Ordering::Relaxed);
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
        let Some(object) = self.object.take() else { return };
        // In a transaction that somebody has left, whoever comes next would change what nobody commits.
        if self.is_lost() || self.is_open.load(Ordering::Relaxed) {
            close(object);
        } else if self.under_way.load(Ordering::Relaxed) > 0 {
            end_statement(object, self.tls.clone());
        }
    }
}

/// Lets a statement end that nobody waits for any more, or cancels it: whoever got this connection next would wait for its end.
fn end_statement(object: Object, tls: Tls) {
    let Ok(runtime) = Handle::try_current() else { return close(object) };
    runtime.spawn(async move {
        // Answered after all that was asked before.
        if matches!(timeout(TO_END, object.check_connection()).await, Ok(Ok(()))) {
            return;
        }
        let statement = object.cancel_token();
        // A word that comes late must not hit the statement of somebody else.
        close(object);
        // If it does not get there, the database's own limit ends the statement.
        let _ = timeout(TO_CANCEL, statement.cancel_query(tls)).await;
    });
}

/// Closes a connection, which does not go back to the others.
fn close(object: Object) {
    drop(Object::take(object));
}
