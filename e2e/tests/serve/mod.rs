//! `handstamp serve`, and the command line beside it.

mod beside;
mod crash;
mod encrypted;
mod folder;
mod start;
mod storm;
