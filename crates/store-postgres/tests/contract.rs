//! The rules that every store passes.

use handstamp_store_postgres::PostgresStore;

use crate::kit::empty_store;

async fn empty() -> (PostgresStore, ()) {
    (empty_store().await, ())
}

handstamp_core::store_contract_tests!(empty);
