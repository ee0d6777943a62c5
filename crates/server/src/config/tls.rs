use std::{net::SocketAddr, path::PathBuf, time::Duration};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Problems, ServerConfig, duration};

/// `[tls]`: how connections are encrypted. The command line reads the files; the service itself never sees them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct TlsConfig {
    /// A PEM file with the server's certificate and those that lead to its authority. With it, the service speaks TLS at
    /// `server.listen`. The file may be replaced while the service runs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub certificate_file: Option<PathBuf>,
    /// A PEM file with the private key of the certificate, which nobody but its owner and group may read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key_file: Option<PathBuf>,
    /// A second address, usually port 80, where plain http is answered with the way to https.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    pub redirect_listen: Option<SocketAddr>,
    /// How long browsers are told to come by https alone (HSTS), whoever encrypts. `0s` tells them to forget it.
    #[serde(with = "duration")]
    #[schemars(with = "String")]
    pub hsts_max_age: Duration,
    /// Whether that goes for the hosts below the service's own as well.
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
    /// Returns whether the service speaks TLS itself.
    pub fn is_on(&self) -> bool {
        self.certificate_file.is_some()
    }

    /// Returns the value of the `Strict-Transport-Security` header (RFC 6797 §6.1).
    pub(crate) fn strict_transport_security(&self) -> String {
        let subdomains = if self.hsts_subdomains { "; includeSubDomains" } else { "" };
        format!("max-age={}{subdomains}", self.hsts_max_age.as_secs())
    }

    pub(super) fn check(&self, server: &ServerConfig, problems: &mut Problems) {
        match (&self.certificate_file, &self.key_file) {
            (Some(_), None) => {
                problems.wrong("tls.key_file", "the certificate needs its private key: name the file")
            }
            (None, Some(_)) => {
                problems.wrong(
                    "tls.certificate_file",
                    "the private key is good for nothing without its certificate: name the file",
                );
            }
            _ => {}
        }
        if self.is_on() && server.public_url.as_deref().is_some_and(|url| url.starts_with("http:")) {
            problems.wrong("server.public_url", "the service speaks TLS: write the address with https");
        }
        if let Some(redirect) = self.redirect_listen {
            if !self.is_on() {
                problems.wrong(
                    "tls.redirect_listen",
                    "there is no https to send people to: set tls.certificate_file",
                );
            }
            if redirect == server.listen && redirect.port() != 0 {
                problems.wrong("tls.redirect_listen", "must not be server.listen: TLS is spoken there");
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::config::Config;

    fn refused(text: &str) -> String {
        Config::load(Some(("handstamp.toml", text)), &[]).unwrap_err().to_string()
    }

    #[test]
    fn a_certificate_and_its_key_come_together() {
        assert!(
            refused("[tls]\ncertificate_file = \"a.pem\"\n").contains("tls.key_file: the certificate needs")
        );
        assert!(
            refused("[tls]\nkey_file = \"a.key\"\n").contains("tls.certificate_file: the private key is")
        );
    }

    #[test]
    fn a_redirect_without_tls_is_refused() {
        let refused = refused("[tls]\nredirect_listen = \"127.0.0.1:80\"\n");

        assert!(refused.contains("tls.redirect_listen: there is no https"), "{refused}");
    }

    #[test]
    fn two_listeners_cannot_have_one_address() {
        let refused = refused(
            "[server]\nlisten = \"127.0.0.1:443\"\n\
             [tls]\ncertificate_file = \"a.pem\"\nkey_file = \"a.key\"\nredirect_listen = \"127.0.0.1:443\"\n",
        );

        assert!(refused.contains("tls.redirect_listen: must not be server.listen"), "{refused}");
    }

    #[test]
    fn a_plain_address_for_people_is_refused_where_tls_is_spoken() {
        let refused = refused(
            "[server]\npublic_url = \"http://localhost:8600\"\n[tls]\ncertificate_file = \"a.pem\"\nkey_file = \"a.key\"\n",
        );

        assert!(refused.contains("server.public_url: the service speaks TLS"), "{refused}");
    }

    #[test]
    fn who_names_no_address_gets_one_with_https_where_tls_is_spoken() {
        let text = "[tls]\ncertificate_file = \"a.pem\"\nkey_file = \"a.key\"\n";
        let config = Config::load(Some(("handstamp.toml", text)), &[]).unwrap();

        let url = config.public_url("127.0.0.1:8600".parse().unwrap()).unwrap();

        assert_eq!(url.as_str(), "https://127.0.0.1:8600");
    }

    #[test]
    fn browsers_are_told_for_two_years_unless_somebody_says_otherwise() {
        let told = |text: &str| {
            Config::load(Some(("handstamp.toml", text)), &[]).unwrap().tls.strict_transport_security()
        };

        assert_eq!(told(""), "max-age=63072000; includeSubDomains");
        assert_eq!(told("[tls]\nhsts_max_age = \"1h\"\nhsts_subdomains = false\n"), "max-age=3600");
        assert_eq!(told("[tls]\nhsts_max_age = \"0s\"\nhsts_subdomains = false\n"), "max-age=0");
    }
}
