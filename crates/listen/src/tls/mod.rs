//! TLS 1.2 and 1.3 by rustls.

mod certificate;
mod error;
mod validity;

use std::{fmt, io, sync::Arc};

use arc_swap::ArcSwap;
use rustls::{
    ServerConfig,
    crypto::aws_lc_rs,
    server::{ClientHello, ResolvesServerCert},
    sign::CertifiedKey,
};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_rustls::{TlsAcceptor, server::TlsStream};

pub use certificate::Certificate;
pub use error::CertificateError;

use crate::version::Version;

/// What ALPN calls them (RFC 7301), the preferred one first.
const HTTP_2: &[u8] = b"h2";
const HTTP_1: &[u8] = b"http/1.1";

/// How listeners speak TLS: the certificate that they show, which can be replaced while connections are open.
///
/// Cloning is cheap, and all clones show the same certificate.
#[derive(Clone)]
pub struct Tls {
    shown: Arc<Shown>,
    config: Arc<ServerConfig>,
}

impl Tls {
    /// Shows this certificate.
    pub fn new(certificate: Certificate) -> Result<Self, CertificateError> {
        let shown = Arc::new(Shown(ArcSwap::new(certificate.into_key())));
        let provider = Arc::new(aws_lc_rs::default_provider());
        let mut config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(CertificateError::Unusable)?
            .with_no_client_auth()
            .with_cert_resolver(Arc::clone(&shown) as Arc<dyn ResolvesServerCert>);
        config.alpn_protocols = vec![HTTP_2.to_vec(), HTTP_1.to_vec()];
        // Clients come back without a full handshake, and the server remembers nothing for it. Its keys change every few
        // hours. Early data, which can be replayed (RFC 8446 §8), stays off: that is the default.
        config.ticketer = aws_lc_rs::Ticketer::new().map_err(CertificateError::Unusable)?;
        Ok(Self { shown, config: Arc::new(config) })
    }

    /// Shows another certificate from the next connection on. Connections that are open go on as they are.
    pub fn replace(&self, certificate: Certificate) {
        self.shown.0.store(certificate.into_key());
    }

    /// Shakes hands. For the caller to bound in time.
    pub(crate) async fn accept<S>(&self, stream: S) -> io::Result<(Box<TlsStream<S>>, Version)>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let stream = TlsAcceptor::from(Arc::clone(&self.config)).accept(stream).await?;
        let (_, session) = stream.get_ref();
        // Who names no version is an old client.
        let version = if session.alpn_protocol() == Some(HTTP_2) { Version::Http2 } else { Version::Http1 };
        Ok((Box::new(stream), version))
    }
}

impl fmt::Debug for Tls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tls").finish_non_exhaustive()
    }
}

/// The certificate that is shown at the moment, whatever name a client asks for.
struct Shown(ArcSwap<CertifiedKey>);

impl ResolvesServerCert for Shown {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.0.load_full())
    }
}

impl fmt::Debug for Shown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Shown")
    }
}
