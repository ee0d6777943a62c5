//! `handstamp serve`, and the command line beside it.

mod beside;
mod crash;
mod encrypted;
mod folder;
mod key_rotation;
mod pages;
mod shared_secret;
mod profiles;
mod start;
mod status_lists;
mod storm;
mod tls;
