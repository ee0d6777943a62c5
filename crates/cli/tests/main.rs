//! The command line as people and scripts meet it: the real binary, its exit codes and what it prints.

mod commands;
mod conventions;
mod handstamp;
mod reference;
