use std::sync::Arc;
use std::time::Duration;

use deadpool_postgres::{Connect, Manager, ManagerConfig, RecyclingMethod, Runtime, Timeouts};
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use handstamp_core::store::rows::{Fields, Unreadable};
use tokio::task::JoinHandle;
use tokio_postgres::Row;

use crate::connection::{Connection, Params};
use crate::failure::Failure;
use crate::options::PostgresOptions;
use crate::row;
use crate::sql::{Sql, transactions};
use crate::tls::{Tls, TlsError};

/// The database is given this much longer than it is told that it has: who is slow should say so, and who says nothing is gone.
const GRACE: Duration = Duration::from_secs(1);

/// Connections, as many as are needed and not more than allowed.
#[derive(Clone)]
pub(crate) struct Pool {
    connections: deadpool_postgres::Pool,
    patience: Duration,
    tls: Tls,
}

impl Pool {
    /// Makes no connection yet.
    pub(crate) fn new(options: &PostgresOptions) -> Result<Self, TlsError> {
        let tls = Tls::new(&options.database.tls)?;
        let dial = Dial { tls: tls.clone(), greeting: greeting(options).into() };
        let config = ManagerConfig { recycling_method: RecyclingMethod::Fast };
        let manager = Manager::from_connect(options.driver_config(&options.database), dial, config);
        let limits = Timeouts {
            wait: Some(options.wait),
            create: Some(options.connect),
            recycle: Some(options.connect),
        };
        let connections = deadpool_postgres::Pool::builder(manager)
            .max_size(options.connections.max(1))
            .timeouts(limits)
            .runtime(Runtime::Tokio1)
            .build();
        // Refused only without a runtime, and it was given one.
        let connections = connections.unwrap_or_else(|error| unreachable!("{error}"));
        Ok(Self { connections, patience: options.statement + GRACE, tls })
    }

    /// Waits for a connection.
    pub(crate) async fn connection(&self) -> Result<Connection, Failure> {
        self.patient_connection(self.patience).await
    }

    /// Waits for a connection for something that takes its time.
    pub(crate) async fn patient_connection(&self, patience: Duration) -> Result<Connection, Failure> {
        Ok(Connection::new(self.connections.get().await?, patience, self.tls.clone()))
    }

    /// Reads the first row, if there is one.
    pub(crate) async fn optional<T>(
        &self,
        sql: Sql,
        params: Params<'_>,
        decode: impl FnOnce(&mut Fields<'_>) -> Result<T, Unreadable>,
    ) -> Result<Option<T>, Failure> {
        row::first(&self.rows(sql, params).await?, decode)
    }

    /// Reads all rows.
    pub(crate) async fn list<T>(
        &self,
        sql: Sql,
        params: Params<'_>,
        decode: impl Fn(&mut Fields<'_>) -> Result<T, Unreadable>,
    ) -> Result<Vec<T>, Failure> {
        row::all(&self.rows(sql, params).await?, decode)
    }

    /// Reads all rows by a plan that is made for these values: from some moments on there are few rows, and from others nearly all.
    pub(crate) async fn list_by_values<T>(
        &self,
        sql: Sql,
        params: Params<'_>,
        decode: impl Fn(&mut Fields<'_>) -> Result<T, Unreadable>,
    ) -> Result<Vec<T>, Failure> {
        let connection = self.connection().await?;
        connection.say(transactions::BEGIN_BY_VALUES).await?;
        let done = connection.list(sql, params, decode).await;
        // Ended in either way: nothing was changed.
        if !connection.is_lost() && connection.say(transactions::COMMIT).await.is_err() {
            connection.lose();
        }
        done
    }

    /// Closes what is open and refuses what comes.
    pub(crate) fn close(&self) {
        self.connections.close();
    }

    async fn rows(&self, sql: Sql, params: Params<'_>) -> Result<Vec<Row>, Failure> {
        // Whoever reads again has let go of the first connection: it may be the only one.
        let first = self.connection().await?.rows(sql, params).await;
        match first {
            Err(failure) if is_old_connection(&failure) => self.connection().await?.rows(sql, params).await,
            done => done,
        }
    }
}

/// A restart of the database ends connections that nobody was using, and the next one to use them hears of it. To read twice is to
/// read once; who was kept waiting is not kept waiting again.
fn is_old_connection(failure: &Failure) -> bool {
    matches!(failure, Failure::Postgres(_)) && failure.loses_connection()
}

/// Makes connections, and tells each what it may do.
struct Dial {
    tls: Tls,
    greeting: Arc<str>,
}

impl Connect for Dial {
    fn connect(
        &self,
        config: &tokio_postgres::Config,
    ) -> BoxFuture<'_, Result<(tokio_postgres::Client, JoinHandle<()>), tokio_postgres::Error>> {
        let config = config.clone();
        async move {
            let (client, connection) = config.connect(self.tls.clone()).await?;
            let driver = tokio::spawn(async move {
                if let Err(error) = connection.await {
                    tracing::debug!(
                        error = &error as &dyn std::error::Error,
                        "a connection to the database ended"
                    );
                }
            });
            client.batch_execute(&self.greeting).await?;
            Ok((client, driver))
        }
        .boxed()
    }
}

/// Limits that the database itself keeps, also when we are gone: a statement that nobody waits for, a lock that is not let go, and a
/// transaction of a process that has stopped in the middle.
///
/// And how plans are made: once a connection and statement, whatever the values, for to plan what a refresh asks takes longer than to
/// do it. A plan that was made while a table was small must not walk through it when it has grown; what we ask of tables that grow has
/// an index, and a test sees to that. Where values matter, [`Pool::list_by_values`] asks.
///
/// None of it is a start-up parameter, which poolers refuse.
fn greeting(options: &PostgresOptions) -> String {
    let statement = options.statement.as_millis();
    format!(
        "SET statement_timeout = {statement}; SET lock_timeout = {statement}; \
         SET idle_in_transaction_session_timeout = {statement}; SET default_transaction_isolation = 'read committed'; \
         SET plan_cache_mode = force_generic_plan; SET enable_seqscan = off; SET jit = off"
    )
}
