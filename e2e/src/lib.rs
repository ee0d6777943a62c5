//! What end-to-end tests are made of: the real binary, and a client that keeps a browser's rules.
//!
//! Nothing in here knows the inside of Handstamp: it starts a program, speaks HTTP, and reads what a person would read.

pub mod binary;
pub mod browser;
mod figures;
pub mod front;
pub mod program;
pub mod socket;
pub mod variable;
