//! What must hold of revocations whatever fails: real processes, real sockets, and a network that can be told to misbehave.

mod failover;
pub(crate) mod house;
mod network;
pub(crate) mod proxy;
mod push;
mod replicas;
mod sign_in_again;
