//! `handstamp serve`, and the command line beside it.

mod beside;
mod clients;
mod crash;
mod encrypted;
mod flood;
mod folder;
mod full_disk;
mod key_rotation;
mod pages;
mod profiles;
mod shared_secret;
mod start;
mod status_lists;
mod storm;
mod tls;
