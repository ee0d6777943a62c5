//! Where the outside world comes in: environment, clock, files, network. Nothing else in the house touches them.

pub(crate) mod certificates;
pub(crate) mod clients;
pub(crate) mod clock;
pub(crate) mod data_folder;
pub(crate) mod encryption_key;
pub(crate) mod environment;
pub(crate) mod fetch;
pub(crate) mod fresh_file;
pub(crate) mod gateway_secrets;
pub(crate) mod house;
pub(crate) mod input;
pub(crate) mod listen;
pub(crate) mod logging;
pub(crate) mod logo;
pub(crate) mod password;
pub(crate) mod root_key;
pub(crate) mod runtime;
pub(crate) mod secret_file;
pub(crate) mod settings;
pub(crate) mod shared;
pub(crate) mod signals;
pub(crate) mod store;
pub(crate) mod time_zone;
pub(crate) mod token_secret;
pub(crate) mod upstream_credentials;
