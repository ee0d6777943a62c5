//! One binary for all tests: the files mirror `src`.

mod clock_back;
mod export_file;
mod flows;
mod key_rotation;
mod key_rotation_model;
mod keyring;
mod minting;
mod password;
mod refresh_machine;
mod refresh_model;
mod refresh_token;
mod root_key;
mod shared;
mod store_contract;
