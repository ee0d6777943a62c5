//! The gateway between a client and services that tests make up.
