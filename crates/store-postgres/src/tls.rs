//! TLS for the driver, on the same library as everything else.

use std::io;
use std::path::Path;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use rustls::crypto::aws_lc_rs;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use rustls_platform_verifier::BuilderVerifierExt;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_postgres::tls::{ChannelBinding, MakeTlsConnect, TlsConnect, TlsStream};
use tokio_rustls::{TlsConnector, client};

use crate::url::{Roots, TlsMode};

/// Makes connections secret, where that is wanted.
#[derive(Clone)]
pub(crate) struct Tls {
    /// Nothing where the driver is told not to encrypt, and so never asks.
    config: Option<Arc<ClientConfig>>,
}

/// Why TLS cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TlsError {
    /// The file with the certificates to trust is not there or is none.
    #[error("no certificates can be read from {file}")]
    Roots {
        /// Which file.
        file: String,
        /// Why.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The system's certificates cannot be used.
    #[error("the certificates that this system trusts cannot be used")]
    System(#[source] rustls::Error),
}

impl Tls {
    pub(crate) fn new(mode: &TlsMode) -> Result<Self, TlsError> {
        let TlsMode::Verified(roots) = mode else { return Ok(Self { config: None }) };
        let builder = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(TlsError::System)?;
        let config = match roots {
            Roots::System => builder.with_platform_verifier().map_err(TlsError::System)?,
            Roots::File(file) => builder.with_root_certificates(read_roots(file)?),
        };
        Ok(Self { config: Some(Arc::new(config.with_no_client_auth())) })
    }
}

fn read_roots(file: &Path) -> Result<RootCertStore, TlsError> {
    let failed = |source: Box<dyn std::error::Error + Send + Sync>| TlsError::Roots {
        file: file.display().to_string(),
        source,
    };
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_file_iter(file).map_err(|error| failed(error.into()))? {
        let certificate = certificate.map_err(|error| failed(error.into()))?;
        roots.add(certificate).map_err(|error| failed(error.into()))?;
    }
    if roots.is_empty() {
        return Err(failed("there is none in it".into()));
    }
    Ok(roots)
}

impl<S> MakeTlsConnect<S> for Tls
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    type Stream = Encrypted<S>;
    type TlsConnect = ToHost;
    type Error = io::Error;

    fn make_tls_connect(&mut self, host: &str) -> io::Result<ToHost> {
        // The driver asks before it knows whether it encrypts.
        let Some(config) = self.config.clone() else { return Ok(ToHost(None)) };
        let name = ServerName::try_from(host.to_owned()).map_err(io::Error::other)?;
        Ok(ToHost(Some((TlsConnector::from(config), name))))
    }
}

/// A connection to come, to a host whose name is checked. Nothing where there is no TLS.
pub(crate) struct ToHost(Option<(TlsConnector, ServerName<'static>)>);

impl<S> TlsConnect<S> for ToHost
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    type Stream = Encrypted<S>;
    type Error = io::Error;
    type Future = Pin<Box<dyn Future<Output = io::Result<Encrypted<S>>> + Send>>;

    fn connect(self, stream: S) -> Self::Future {
        Box::pin(async move {
            let (connector, name) = self.0.ok_or_else(|| io::Error::other("no TLS was asked for"))?;
            connector.connect(name, stream).await.map(Encrypted)
        })
    }
}

/// A stream that nobody between can read.
pub(crate) struct Encrypted<S>(client::TlsStream<S>);

impl<S: AsyncRead + AsyncWrite + Unpin> TlsStream for Encrypted<S> {
    fn channel_binding(&self) -> ChannelBinding {
        ChannelBinding::none()
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncRead for Encrypted<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_read(cx, buffer)
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncWrite for Encrypted<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(cx)
    }
}
