//! What the stories are told with: databases of their own, on the server of this test process.

use std::sync::Arc;
use std::time::Duration;

use handstamp_core::store::{Applied, Changes, Store};
use handstamp_store_postgres::{PostgresOptions, PostgresStore};
use handstamp_testbed::Postgres;
use handstamp_token::SystemEntropy;

/// An empty database.
pub(crate) fn database() -> PostgresOptions {
    patient(&Postgres::shared().database())
}

/// Patience, for the machine may be busy with other tests; few connections, for the server is everybody's.
pub(crate) fn patient(url: &str) -> PostgresOptions {
    let mut options = PostgresOptions::new(url).unwrap();
    options.connections = 6;
    options.wait = Duration::from_mins(1);
    options.connect = Duration::from_mins(1);
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

/// Applies what must not conflict.
pub(crate) async fn commit(store: &PostgresStore, changes: Changes) {
    let applied = store.apply(changes).await.unwrap();
    assert!(matches!(applied, Applied::Committed { .. }), "{applied:?}");
}

/// Returns which database a URL names.
pub(crate) fn database_name(url: &str) -> &str {
    let (_, name) = url.rsplit_once('/').unwrap();
    name.split_once('?').map_or(name, |(name, _)| name)
}
