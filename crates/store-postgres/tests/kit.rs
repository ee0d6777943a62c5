//! What the stories are told with: databases of their own, on the server of this test process.

use std::sync::Arc;
use std::time::Duration;

use handstamp_store_postgres::{PostgresOptions, PostgresStore};
use handstamp_testbed::Postgres;
use handstamp_token::SystemEntropy;

/// An empty database. Patience, for the machine may be busy with other tests; few connections, for the server is everybody's.
pub(crate) fn database() -> PostgresOptions {
    let mut options = PostgresOptions::new(&Postgres::shared().database()).unwrap();
    options.connections = 6;
    (options.wait, options.connect) = (Duration::from_mins(1), Duration::from_mins(1));
    options
}

/// Opens the store in a database.
pub(crate) async fn open(options: &PostgresOptions) -> PostgresStore {
    PostgresStore::open(options, Arc::new(SystemEntropy)).await.unwrap()
}

/// A store with nothing in it.
pub(crate) async fn empty_store() -> PostgresStore {
    open(&database()).await
}
