//! Sign-in through servers that are not ours: one that is right, one that is wrong on purpose, and several replicas of ours.

mod link;
mod misbehaving;
mod recheck;
mod replicas;
mod server;
mod sign_in;
mod sign_out;
mod stage;
mod visitor;
