//! The gateway between clients and services that tests make up.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod config;
mod faults;
mod headers;
mod refresh;
mod routes;
mod streams;
mod support;
