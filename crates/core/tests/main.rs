//! One binary for all tests: the files mirror `src`.

mod clock_back;
mod refresh_model;
mod store_contract;
