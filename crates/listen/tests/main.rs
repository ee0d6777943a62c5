//! Connections on real sockets.
#![expect(clippy::unwrap_used, reason = "a story that cannot go on has failed")]

mod life;
mod support;
mod versions;
