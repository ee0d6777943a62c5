//! Connections on real sockets.
#![expect(clippy::unwrap_used, reason = "a story that cannot go on has failed")]

mod crowds;
mod http2;
mod life;
mod support;
mod tls;
mod versions;
