mod clients;
mod config;
mod dev_issuer;
mod key;
mod token;
mod token_secret;
mod upstream_credentials;
