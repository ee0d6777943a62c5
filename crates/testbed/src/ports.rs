//! Ports that nobody has.

use std::net::TcpListener;

/// Returns a port of the loopback address that is free just now.
///
/// Neither server can be told "any port" and asked later which one it took; whoever starts one tries again when somebody was faster.
pub(crate) fn free() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("the loopback address has a free port");
    listener.local_addr().expect("a bound socket has an address").port()
}
