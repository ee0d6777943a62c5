mod config;
mod key;
mod token;
