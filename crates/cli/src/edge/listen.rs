use std::io;
use std::net::SocketAddr;

use tokio::net::TcpListener;

use crate::failure::Failure;

/// Listens at an address. Port 0 takes a free one.
pub(crate) async fn bind(address: SocketAddr) -> Result<TcpListener, Failure> {
    TcpListener::bind(address).await.map_err(|cause| match cause.kind() {
        io::ErrorKind::AddrInUse => Failure::new(format!(
            "{address} is taken by another process: choose another address with --listen, or port 0 for a free one"
        )),
        _ => Failure::because(format_args!("cannot listen on {address}"), &cause),
    })
}

/// Returns the address a listener ended up with.
pub(crate) fn address(listener: &TcpListener) -> Result<SocketAddr, Failure> {
    listener.local_addr().map_err(|cause| Failure::because("cannot tell the listening address", &cause))
}
