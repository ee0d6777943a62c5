//! The socket side of Handstamp's servers: who may connect, for how long they may take, and how they are let go.
//!
//! It knows nothing of what is served. The auth service and the gateway both stand behind it, so that one place bounds what a
//! client can hold: connections, headers, time. Listeners share one number of places, and no address takes all of them.
//!
//! ```no_run
//! # use handstamp_listen::{Limits, Listener, Peer};
//! # use http::{Request, Response};
//! # use http_body_util::Full;
//! # use hyper::body::{Bytes, Incoming};
//! # async fn start() -> std::io::Result<()> {
//! let tcp = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
//! let service = hyper::service::service_fn(async |request: Request<Incoming>| {
//!     let peer = request.extensions().get::<Peer>().map(|peer| peer.address);
//!     Ok::<_, std::convert::Infallible>(Response::new(Full::new(Bytes::from(format!("{peer:?}")))))
//! });
//! handstamp_listen::serve(vec![Listener::plain(tcp)], Limits::default(), service, async { /* until Ctrl-C */ }).await
//! # }
//! ```

mod activity;
mod connection;
mod door;
mod exchange;
pub mod forwarded;
mod limits;
mod listener;
mod peer;
mod per_address;
mod places;
mod progress;
mod redirect;
pub mod request_id;
mod serve;
mod stream;
mod tls;
mod version;

pub use limits::Limits;
pub use listener::Listener;
pub use peer::Peer;
pub use per_address::{Counted, Counts, PerAddress, customer};
pub use serve::serve;
pub use tls::{Certificate, CertificateError, Tls};
