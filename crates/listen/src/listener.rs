use std::{future::poll_fn, io, net::SocketAddr, task::Poll};

use tokio::net::{TcpListener, TcpStream};

use crate::{Tls, redirect::Redirect};

/// A socket that clients connect to, and how they are spoken to.
#[derive(Debug)]
pub struct Listener {
    tcp: TcpListener,
    speaks: Speaks,
}

/// How clients of a listener are spoken to.
#[derive(Debug, Clone)]
pub(crate) enum Speaks {
    Http1,
    /// The version that the client begins with.
    ByPreface,
    Tls(Tls),
    Redirect(Redirect),
}

impl Listener {
    /// Speaks HTTP/1.1, unencrypted: on loopback, or behind a proxy.
    pub fn plain(tcp: TcpListener) -> Self {
        Self { tcp, speaks: Speaks::Http1 }
    }

    /// Speaks HTTP/1.1, or HTTP/2 with a client that begins with it (RFC 9113 §3.3), unencrypted.
    pub fn plain_with_http2(tcp: TcpListener) -> Self {
        Self { tcp, speaks: Speaks::ByPreface }
    }

    /// Speaks HTTP/2 or HTTP/1.1 over TLS, as the client prefers.
    pub fn tls(tcp: TcpListener, tls: &Tls) -> Self {
        Self { tcp, speaks: Speaks::Tls(tls.clone()) }
    }

    /// Sends everybody to this origin, such as `https://auth.example.org`. The service never hears of them.
    pub fn redirect(tcp: TcpListener, origin: &str) -> Self {
        Self { tcp, speaks: Speaks::Redirect(Redirect::to(origin)) }
    }

    pub(crate) fn is_redirect(&self) -> bool {
        matches!(self.speaks, Speaks::Redirect(_))
    }
}

/// The listeners, and whose turn it is.
pub(crate) struct Listeners {
    all: Vec<Listener>,
    turn: usize,
}

impl Listeners {
    pub(crate) fn new(all: Vec<Listener>) -> Self {
        Self { all, turn: 0 }
    }

    /// Waits for the next connection. Listeners take turns, so that a busy one does not starve the others.
    pub(crate) async fn accept(&mut self) -> io::Result<(TcpStream, SocketAddr, Speaks)> {
        poll_fn(|cx| {
            for _ in 0..self.all.len() {
                self.turn = (self.turn + 1) % self.all.len();
                let listener = &self.all[self.turn];
                if let Poll::Ready(accepted) = listener.tcp.poll_accept(cx) {
                    return Poll::Ready(
                        accepted.map(|(stream, peer)| (stream, peer, listener.speaks.clone())),
                    );
                }
            }
            Poll::Pending
        })
        .await
    }
}
