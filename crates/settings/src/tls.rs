use std::{net::SocketAddr, path::PathBuf, time::Duration};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{Problems, address, duration};

/// `[ext_authz.tls]`: the certificate of a listener that is not for browsers.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct CertificateConfig {
    /// A PEM file with the listener's certificate and those that lead to its authority. With it, TLS is spoken.
    /// The file may be replaced at any time.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub certificate_file: Option<PathBuf>,
    /// A PEM file with the private key of the certificate, which nobody but its owner and group may read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key_file: Option<PathBuf>,
}

impl CertificateConfig {
    /// Checks what stands in `[SECTION.tls]`.
    pub fn check(&self, section: &str, problems: &mut Problems) {
        let key = |name: &str| format!("{section}.tls.{name}");
        match (&self.certificate_file, &self.key_file) {
            (Some(_), None) => {
                problems.wrong(&key("key_file"), "the certificate needs its private key: name the file");
            }
            (None, Some(_)) => problems.wrong(
                &key("certificate_file"),
                "the private key is good for nothing without its certificate: name the file",
            ),
            _ => {}
        }
    }
}

/// `[server.tls]`, `[gateway.tls]`: how connections are encrypted. The command line reads the files; the services never see them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct TlsConfig {
    /// A PEM file with the server's certificate and those that lead to its authority. With it, TLS is spoken at `listen`.
    /// The file may be replaced at any time.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub certificate_file: Option<PathBuf>,
    /// A PEM file with the private key of the certificate, which nobody but its owner and group may read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key_file: Option<PathBuf>,
    /// A second address, usually port 80, where plain http is answered with the way to https.
    #[serde(deserialize_with = "address::optional", skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    pub redirect_listen: Option<SocketAddr>,
    /// How long browsers are told to come by https alone (HSTS), whoever encrypts. `0s` tells them to forget it.
    #[serde(with = "duration")]
    #[schemars(with = "String")]
    pub hsts_max_age: Duration,
    /// Whether that goes for the hosts below this one as well.
    pub hsts_subdomains: bool,
}

impl Default for TlsConfig {
    fn default() -> Self {
        Self {
            certificate_file: None,
            key_file: None,
            redirect_listen: None,
            // Two years: what the preload lists ask for.
            hsts_max_age: Duration::from_hours(2 * 365 * 24),
            hsts_subdomains: true,
        }
    }
}

impl TlsConfig {
    /// Returns whether TLS is spoken.
    pub fn is_on(&self) -> bool {
        self.certificate_file.is_some()
    }

    /// Returns the files alone.
    pub fn certificate(&self) -> CertificateConfig {
        CertificateConfig { certificate_file: self.certificate_file.clone(), key_file: self.key_file.clone() }
    }

    /// Returns the value of the `Strict-Transport-Security` header (RFC 6797 §6.1).
    pub fn strict_transport_security(&self) -> String {
        let subdomains = if self.hsts_subdomains { "; includeSubDomains" } else { "" };
        format!("max-age={}{subdomains}", self.hsts_max_age.as_secs())
    }

    /// Checks what stands in `[SECTION.tls]` beside the rest of the section.
    pub fn check(
        &self,
        section: &str,
        listen: SocketAddr,
        public_url: Option<&str>,
        problems: &mut Problems,
    ) {
        let key = |name: &str| format!("{section}.tls.{name}");
        self.certificate().check(section, problems);
        if self.is_on() && public_url.is_some_and(|url| url.starts_with("http:")) {
            let message = "TLS is spoken here: write the address with https";
            problems.wrong(&format!("{section}.public_url"), message);
        }
        let Some(redirect) = self.redirect_listen else { return };
        if !self.is_on() {
            let message =
                format_args!("there is no https to send people to: set {}", key("certificate_file"));
            problems.wrong(&key("redirect_listen"), message);
        }
        if redirect == listen && redirect.port() != 0 {
            let message = format_args!("must not be {section}.listen: TLS is spoken there");
            problems.wrong(&key("redirect_listen"), message);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::TlsConfig;

    #[test]
    fn browsers_are_told_for_two_years_unless_somebody_says_otherwise() {
        let told = |seconds, hsts_subdomains| {
            let hsts_max_age = Duration::from_secs(seconds);
            TlsConfig { hsts_max_age, hsts_subdomains, ..TlsConfig::default() }.strict_transport_security()
        };

        assert_eq!(TlsConfig::default().strict_transport_security(), "max-age=63072000; includeSubDomains");
        assert_eq!(told(3600, false), "max-age=3600");
        assert_eq!(told(0, false), "max-age=0");
    }
}
