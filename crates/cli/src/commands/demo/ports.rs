use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};

use tokio::net::TcpListener;

use crate::edge::listen;
use crate::failure::Failure;
use crate::output;

/// One listener for each part, all on this machine alone.
pub(super) struct Ports {
    pub(super) auth: TcpListener,
    pub(super) app: TcpListener,
    pub(super) orders: TcpListener,
    pub(super) profiles: TcpListener,
}

impl Ports {
    /// Takes four ports in a row from `base`, and free ones in place of those that are taken.
    pub(super) async fn bind(base: u16) -> Result<Self, Failure> {
        let port = |offset| if base == 0 { 0 } else { base + offset };
        Ok(Self {
            auth: bind(port(0), "auth service").await?,
            app: bind(port(1), "page").await?,
            orders: bind(port(2), "orders service").await?,
            profiles: bind(port(3), "profiles service").await?,
        })
    }
}

async fn bind(wanted: u16, part: &str) -> Result<TcpListener, Failure> {
    if wanted == 0 || is_free_on_ipv6(wanted).await {
        match TcpListener::bind((Ipv4Addr::LOCALHOST, wanted)).await {
            Ok(listener) => return Ok(listener),
            Err(cause) if cause.kind() == io::ErrorKind::AddrInUse && wanted != 0 => {}
            Err(cause) => {
                return Err(Failure::because(format_args!("cannot listen on 127.0.0.1:{wanted}"), &cause));
            }
        }
    }
    let free = listen::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)), "--port").await?;
    let instead = listen::address(&free)?.port();
    output::notice(format_args!("Port {wanted} is taken: the {part} listens on {instead} instead."));
    Ok(free)
}

/// Browsers try `[::1]` first for `localhost`: whoever listens there would get what is meant for us.
async fn is_free_on_ipv6(port: u16) -> bool {
    match TcpListener::bind((Ipv6Addr::LOCALHOST, port)).await {
        Ok(_) => true,
        // No IPv6 on this machine: nobody else can be there either.
        Err(cause) => cause.kind() != io::ErrorKind::AddrInUse,
    }
}
