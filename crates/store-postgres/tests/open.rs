use std::sync::Arc;

use handstamp_store_postgres::{PostgresOptions, PostgresStore};
use handstamp_testbed::Postgres;
use handstamp_token::SystemEntropy;

#[tokio::test]
async fn a_database_is_made_ready_once() {
    let options = PostgresOptions::new(&Postgres::shared().database()).unwrap();
    for _ in 0..2 {
        PostgresStore::open(&options, Arc::new(SystemEntropy)).await.unwrap();
    }
}
