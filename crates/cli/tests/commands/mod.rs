mod config;
mod token;
