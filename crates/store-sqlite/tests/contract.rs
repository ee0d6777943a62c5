//! The rules that every store passes.

use handstamp_store_sqlite::SqliteStore;
use tempfile::TempDir;

use crate::kit::{folder, open};

#[expect(clippy::unused_async, reason = "the suite awaits it: other stores are made over a network")]
async fn empty_store() -> (SqliteStore, TempDir) {
    let folder = folder();
    (open(folder.path()), folder)
}

handstamp_core::store_contract_tests!(empty_store);
