//! Every interleaving of tabs, replicas, crashes, lost and late answers, sleep and a thief, walked to the end.
//!
//! The state space is finite without a bound on the length of a run: times older than every window are alike, and so are
//! tokens older than the parent. A breadth-first search visits all of it, so that "no run" below means no run of any length.
//! The service in the model is the real one: [`decide`] decides, and the real transitions of [`Session`] move the row.
//! Only the network, the clients, the thief, the clock and the disk are modelled.
//!
//! Time passes in ticks. The everyday walks have one tick to each time-out; the long walks, which are ignored by default, have
//! two and three, and more requests at a time. Limits that must be *passed* are passed by one tick, so that finer ticks come
//! closer to what real time allows: `cargo test -p handstamp-core refresh_model -- --ignored --nocapture`.
//!
//! [`decide`]: handstamp_core::refresh_machine::decide
//! [`Session`]: handstamp_core::model::Session

mod designs;
mod explore;
mod honest;
mod normal;
mod request;
mod row;
mod service;
mod thief;
mod what;
mod world;
