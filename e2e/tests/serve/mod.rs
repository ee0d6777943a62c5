//! `handstamp serve`, and the command line beside it.

mod beside;
mod crash;
mod encrypted;
mod folder;
mod pages;
mod start;
mod status_lists;
mod storm;
