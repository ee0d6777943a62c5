//! One binary for all tests: the files mirror `src`.

mod kit;
