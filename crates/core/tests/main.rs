//! One binary for all tests: the files mirror `src`.

mod store_contract;
