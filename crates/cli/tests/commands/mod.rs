mod clients;
mod config;
mod key;
mod token;
mod token_secret;
mod upstream_credentials;
