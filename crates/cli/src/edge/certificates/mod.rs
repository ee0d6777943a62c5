//! The certificate that the listeners show: read from its files at start, and again when they change.

mod follow;

use std::fs;
use std::io;
use std::path::PathBuf;

use handstamp_listen::{Certificate, Tls};
use handstamp_server::config::CertificateConfig;
use jiff::{SignedDuration, Timestamp};
use tokio::task::JoinSet;
use zeroize::Zeroizing;

use super::{clock, secret_file};
use crate::failure::Failure;

/// How long before its end a certificate is worth a warning. Authorities that renew by themselves do so a month before.
pub(crate) const WARN_BEFORE: SignedDuration = SignedDuration::from_hours(14 * 24);

/// Larger than any chain; a wrong file name must not fill the memory.
const MAX_LEN: u64 = 1024 * 1024;

/// Where a certificate and its key are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct CertificateFiles {
    pub(crate) certificate: PathBuf,
    pub(crate) key: PathBuf,
}

/// What the files said when they were read.
#[derive(Clone, PartialEq, Eq)]
struct Contents {
    certificate: Vec<u8>,
    key: Zeroizing<String>,
}

/// Reads the certificate to show it, and says in the log what is odd about it; `None` where connections are not encrypted.
///
/// `host` is what browsers look for in it, where it is for browsers.
pub(crate) fn open(config: &CertificateConfig, host: Option<&str>) -> Result<Option<Shown>, Failure> {
    CertificateFiles::of(config).map(|files| files.show(host)).transpose()
}

/// Shows what the files hold, whenever they change, until what this returns is dropped.
pub(crate) fn follow(all: impl IntoIterator<Item = Shown>) -> JoinSet<()> {
    all.into_iter().map(Shown::follow).collect()
}

impl CertificateFiles {
    /// Returns the two files; `None` where connections are not encrypted.
    pub(crate) fn of(config: &CertificateConfig) -> Option<Self> {
        Some(Self { certificate: config.certificate_file.clone()?, key: config.key_file.clone()? })
    }

    /// Reads the certificate that the files hold at the moment.
    pub(crate) fn read(&self) -> Result<Certificate, Failure> {
        self.parse(&self.contents()?)
    }

    fn show(self, host: Option<&str>) -> Result<Shown, Failure> {
        let contents = self.contents()?;
        let certificate = self.parse(&contents)?;
        if let Some(host) = host.filter(|host| !certificate.is_for(host)) {
            tracing::warn!(
                host,
                "the certificate is not for the host of the public URL: browsers will refuse it"
            );
        }
        let ends = certificate.ends();
        warn_of_end(ends, clock::now());
        let tls = Tls::new(certificate).map_err(|cause| self.failure(&cause))?;
        Ok(Shown { files: self, contents, ends, tls })
    }

    fn contents(&self) -> Result<Contents, Failure> {
        let shown = self.certificate.display();
        let failed =
            |cause: io::Error| Failure::because(format_args!("cannot read the certificate {shown}"), &cause);
        let file = fs::File::open(&self.certificate).map_err(failed)?;
        let mut certificate = Vec::new();
        io::Read::read_to_end(&mut io::Read::take(file, MAX_LEN), &mut certificate).map_err(failed)?;
        let shown = self.key.display();
        let key = secret_file::read_with_group(&self.key, "the key of the certificate")?
            .ok_or_else(|| Failure::new(format!("the key of the certificate {shown} is missing")))?;
        Ok(Contents { certificate, key })
    }

    fn parse(&self, contents: &Contents) -> Result<Certificate, Failure> {
        Certificate::from_pem(&contents.certificate, contents.key.as_bytes())
            .map_err(|cause| self.failure(&cause))
    }

    fn failure(&self, cause: &(dyn std::error::Error + 'static)) -> Failure {
        let (certificate, key) = (self.certificate.display(), self.key.display());
        Failure::because(
            format_args!("the certificate {certificate} with the key {key} cannot be used"),
            cause,
        )
    }
}

/// A certificate that is shown.
pub(crate) struct Shown {
    files: CertificateFiles,
    contents: Contents,
    ends: Timestamp,
    tls: Tls,
}

impl Shown {
    /// Returns how listeners show it.
    pub(crate) fn tls(&self) -> &Tls {
        &self.tls
    }
}

fn warn_of_end(ends: Timestamp, now: Timestamp) {
    if ends < now {
        tracing::warn!(%ends, "the certificate has expired: browsers and services refuse it");
    } else if ends.duration_since(now) < WARN_BEFORE {
        tracing::warn!(%ends, "the certificate ends soon: put a new one in its place");
    }
}
