use std::io;
use std::net::SocketAddr;

use handstamp_server::config::{Network, PublicUrl};
use tokio::net::TcpListener;

use crate::failure::Failure;

/// Listens at an address that this setting, or flag, has named. Port 0 takes a free one.
pub(crate) async fn bind(address: SocketAddr, named_by: &str) -> Result<TcpListener, Failure> {
    TcpListener::bind(address).await.map_err(|cause| match cause.kind() {
        io::ErrorKind::AddrInUse => Failure::new(format!(
            "{address} is taken by another process: choose another address with {named_by}, or port 0 for a free one"
        )),
        _ => Failure::because(format_args!("cannot listen on {address} ({named_by})"), &cause),
    })
}

/// Listens at an address, if there is one.
pub(crate) async fn bind_if(
    address: Option<SocketAddr>,
    named_by: &str,
) -> Result<Option<TcpListener>, Failure> {
    match address {
        Some(address) => bind(address, named_by).await.map(Some),
        None => Ok(None),
    }
}

/// Returns the address a listener ended up with.
pub(crate) fn address(listener: &TcpListener) -> Result<SocketAddr, Failure> {
    listener.local_addr().map_err(|cause| Failure::because("cannot tell the listening address", &cause))
}

/// Where people come to a service by https, and how it is reached.
pub(crate) struct Reached<'a> {
    /// `server` or `gateway`.
    pub(crate) section: &'static str,
    pub(crate) address: SocketAddr,
    pub(crate) public_url: &'a PublicUrl,
    pub(crate) speaks_tls: bool,
    pub(crate) trusted_proxies: &'a [Network],
}

impl Reached<'_> {
    /// Warns of https that nobody speaks: other machines can come by plain http, past the proxy that encrypts, if there is one.
    pub(crate) fn warn_of_plain_http(&self) {
        let Self { section, address, public_url, speaks_tls, trusted_proxies } = self;
        let is_open =
            public_url.is_https() && !speaks_tls && trusted_proxies.is_empty() && !address.ip().is_loopback();
        if is_open {
            tracing::warn!(
                %address,
                "the public URL is https, and other machines reach this address by plain http: set {section}.tls.certificate_file, \
                 or name the proxy that encrypts in {section}.trusted_proxies"
            );
        }
    }
}
