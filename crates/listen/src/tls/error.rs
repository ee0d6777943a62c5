use rustls::pki_types::pem;

/// A certificate cannot be used. What the key says is never part of the message.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CertificateError {
    /// The text for the certificate holds none.
    #[error("there is no certificate in it: a PEM file with the server's own certificate first is needed")]
    NoCertificate,
    /// The text for the certificate is PEM, and broken.
    #[error("its PEM cannot be read")]
    MalformedCertificate(#[source] pem::Error),
    /// The text for the key holds none.
    #[error("there is no private key in it: a PEM file with a key that is not encrypted is needed")]
    NoKey,
    /// The text for the key is PEM, and broken.
    #[error("the PEM of its key cannot be read")]
    MalformedKey(#[source] pem::Error),
    /// Each may be good, but they are of two pairs.
    #[error("the key belongs to another certificate")]
    KeyMismatch,
    /// The TLS library does not take it: an unknown kind of key, or one that is too weak.
    #[error("it cannot be used for TLS")]
    Unusable(#[source] rustls::Error),
    /// It does not say until when it is good.
    #[error("it is not an X.509 certificate with a time at which it ends")]
    NoEnd,
}
