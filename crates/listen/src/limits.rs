use std::time::Duration;

use crate::PerAddress;

/// What a client may hold, and for how long.
#[derive(Debug, Clone)]
pub struct Limits {
    /// How many connections may be open at once, handshakes and upgraded ones included. Further ones wait. Redirects have
    /// places of their own, an eighth as many.
    pub max_connections: u32,
    /// How many of them may come from one address. Further ones are closed.
    pub per_address: PerAddress,
    /// How long a client may take to agree on how to speak.
    pub handshake_timeout: Duration,
    /// How long a client may take to send the header of a request. One that has not by then is slow on purpose.
    pub header_timeout: Duration,
    /// How long a connection may be open and ask for nothing. Longer than a proxy in front keeps its own, or it would now and
    /// then ask over a connection that has just been closed.
    pub idle_timeout: Duration,
    /// The largest header in bytes. Larger ones are answered 431.
    pub max_header: u32,
    /// How long a reply may wait for a client that reads nothing of it.
    pub write_timeout: Duration,
    /// How long running requests may still take after the word to stop. Connections that are open by then are cut.
    pub shutdown_timeout: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            max_connections: 4096,
            per_address: PerAddress::at_most(512),
            handshake_timeout: Duration::from_secs(10),
            header_timeout: Duration::from_secs(10),
            idle_timeout: Duration::from_secs(75),
            // Cookies of a whole site fit many times over.
            max_header: 64 * 1024,
            write_timeout: Duration::from_secs(10),
            shutdown_timeout: Duration::from_secs(10),
        }
    }
}
