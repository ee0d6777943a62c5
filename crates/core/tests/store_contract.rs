//! The store in memory is held to the same rules as every other, or tests over it would prove nothing.

use handstamp_core::test_support::MemoryStore;

async fn make() -> (MemoryStore, ()) {
    (MemoryStore::default(), ())
}

handstamp_core::store_contract_tests!(make);
