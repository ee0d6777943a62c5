use std::{fmt, sync::Arc};

use jiff::Timestamp;
use rustls::{
    Error, InconsistentKeys,
    client::verify_server_name,
    crypto::aws_lc_rs,
    pki_types::{
        CertificateDer, PrivateKeyDer, ServerName,
        pem::{self, PemObject as _},
    },
    server::ParsedCertificate,
    sign::CertifiedKey,
};

use super::{CertificateError, validity};

/// A certificate with its chain and its key, which belong together.
#[derive(Clone)]
pub struct Certificate {
    key: Arc<CertifiedKey>,
    ends: Timestamp,
}

impl Certificate {
    /// Reads a chain, the server's own certificate first, and the key, as PEM.
    ///
    /// Whether it has expired, whose it is and who has signed it is for others to judge: an expired certificate is shown,
    /// since refusing to start would help nobody.
    pub fn from_pem(chain: &[u8], key: &[u8]) -> Result<Self, CertificateError> {
        let chain = CertificateDer::pem_slice_iter(chain).collect::<Result<Vec<_>, _>>();
        let chain = chain.map_err(CertificateError::MalformedCertificate)?;
        let own = chain.first().ok_or(CertificateError::NoCertificate)?;
        let ends = validity::end(own).ok_or(CertificateError::NoEnd)?;
        let key = PrivateKeyDer::from_pem_slice(key).map_err(|error| match error {
            pem::Error::NoItemsFound => CertificateError::NoKey,
            error => CertificateError::MalformedKey(error),
        })?;
        let key =
            CertifiedKey::from_der(chain, key, &aws_lc_rs::default_provider()).map_err(
                |error| match error {
                    Error::InconsistentKeys(InconsistentKeys::KeyMismatch) => CertificateError::KeyMismatch,
                    error => CertificateError::Unusable(error),
                },
            )?;
        Ok(Self { key: Arc::new(key), ends })
    }

    /// Returns when it ends: the last second at which it is good.
    pub fn ends(&self) -> Timestamp {
        self.ends
    }

    /// Returns whether it is made out to this host: a name, or an address without brackets.
    pub fn is_for(&self, host: &str) -> bool {
        let own = self.key.end_entity_cert().and_then(ParsedCertificate::try_from);
        let name = ServerName::try_from(host);
        matches!((own, name), (Ok(own), Ok(name)) if verify_server_name(&own, &name).is_ok())
    }

    pub(super) fn into_key(self) -> Arc<CertifiedKey> {
        self.key
    }
}

impl fmt::Debug for Certificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Certificate").field("ends", &self.ends).finish_non_exhaustive()
    }
}
