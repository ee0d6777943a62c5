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
    /// Warns of https that nobody speaks.
    pub(crate) fn warn_of_plain_http(&self) {
        if self.is_open() {
            let Self { section, address, .. } = self;
            tracing::warn!(
                %address,
                "the public URL is https, and other machines reach this address by plain http: set {section}.tls.certificate_file, \
                 or name the proxy that encrypts in {section}.trusted_proxies"
            );
        }
    }

    /// Returns whether others can come by plain http to where people come by https, past the proxy that encrypts, if there is one.
    fn is_open(&self) -> bool {
        self.public_url.is_https()
            && !self.speaks_tls
            && self.trusted_proxies.is_empty()
            && !self.address.ip().is_loopback()
    }
}

#[cfg(test)]
mod tests {
    use handstamp_server::config::{Network, PublicUrl};

    use super::Reached;

    const HTTPS: &str = "https://auth.example.org";

    fn is_open(address: &str, public_url: &str, speaks_tls: bool, proxy: Option<&str>) -> bool {
        let trusted: Vec<Network> = proxy.map(|proxy| proxy.parse().unwrap()).into_iter().collect();
        let public_url = PublicUrl::parse(public_url, true).unwrap();
        let address = address.parse().unwrap();
        let reached = Reached {
            section: "server",
            address,
            public_url: &public_url,
            speaks_tls,
            trusted_proxies: &trusted,
        };
        reached.is_open()
    }

    #[test]
    fn https_that_nobody_speaks_is_worth_a_warning() {
        assert!(is_open("0.0.0.0:8600", HTTPS, false, None));
        assert!(is_open("[::]:8600", HTTPS, false, None));
        assert!(is_open("192.0.2.7:8600", HTTPS, false, None));
    }

    #[test]
    fn whoever_has_seen_to_it_is_not_warned() {
        assert!(!is_open("0.0.0.0:8600", HTTPS, true, None), "we speak it");
        assert!(!is_open("0.0.0.0:8600", HTTPS, false, Some("10.0.0.1")), "a proxy does");
        assert!(!is_open("127.0.0.1:8600", HTTPS, false, None), "only this machine gets here");
        assert!(!is_open("0.0.0.0:8600", "http://auth.lan", false, None), "nobody was promised https");
    }
}
