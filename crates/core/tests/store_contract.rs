//! The store in memory is held to the same rules as every other, or tests over it would prove nothing.

use handstamp_core::test_support::MemoryStore;

fn make() -> std::future::Ready<(MemoryStore, ())> {
    std::future::ready((MemoryStore::default(), ()))
}

handstamp_core::store_contract_tests!(make);
handstamp_core::store_transfer_tests!(make, make);
