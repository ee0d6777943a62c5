//! Sign-in through servers that are not ours: one that is right, one that is wrong on purpose, and several replicas of ours.

mod exchange;
mod link;
mod misbehaving;
mod old_app;
mod recheck;
mod replicas;
mod server;
mod sign_in;
mod sign_out;
mod stage;
mod visitor;
