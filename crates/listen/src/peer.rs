use std::net::SocketAddr;

/// The other end of the connection. [`serve`](crate::serve) puts it into the extensions of each request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Peer {
    /// Where the connection comes from: the client, or a proxy.
    pub address: SocketAddr,
    /// Whether the connection is encrypted by a listener of ours.
    pub tls: bool,
}
