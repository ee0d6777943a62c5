use std::net::SocketAddr;

use url::Url;

use crate::is_loopback;

/// Where the world reaches the auth service: the `iss` of its tokens.
///
/// A whole origin, never a path below one: cookies and well-known documents are then where everybody looks for them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicUrl {
    origin: String,
    https: bool,
    loopback: bool,
    port: Option<u16>,
}

/// The address cannot be the public URL of an auth service.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PublicUrlError {
    /// Not a URL of the form `scheme://host[:port]`.
    #[error(
        "{text:?} is not the public URL of a service: write scheme and host only, such as \"https://auth.example.org\""
    )]
    Malformed {
        /// What was given.
        text: String,
    },
    /// Plain http where others can listen: tokens and passwords would travel in the open.
    #[error(
        "{text:?} is plain http on a host that is not this machine: passwords and tokens would travel unencrypted. \
         Use https, or set insecure_http = true if the network itself is trusted"
    )]
    Insecure {
        /// What was given.
        text: String,
    },
    /// The service listens on every interface, so its own address says nothing about its name.
    #[error(
        "the service listens on {listen}, which nobody can visit: set public_url to the address people use"
    )]
    Unspecified {
        /// The listening address.
        listen: SocketAddr,
    },
}

impl PublicUrl {
    /// Reads a public URL; plain http passes on loopback, and elsewhere only when `insecure_http`.
    pub fn parse(text: &str, insecure_http: bool) -> Result<Self, PublicUrlError> {
        let malformed = || PublicUrlError::Malformed { text: text.chars().take(200).collect() };
        let url = Url::parse(text).map_err(|_| malformed())?;
        let bare = matches!(url.path(), "" | "/")
            && url.query().is_none()
            && url.fragment().is_none()
            && url.username().is_empty()
            && url.password().is_none();
        let https = match url.scheme() {
            "https" => true,
            "http" => false,
            _ => return Err(malformed()),
        };
        let loopback = is_loopback(&url);
        if !bare || url.host().is_none() {
            return Err(malformed());
        }
        if !https && !loopback && !insecure_http {
            return Err(PublicUrlError::Insecure { text: text.to_owned() });
        }
        Ok(Self { origin: url.origin().ascii_serialization(), https, loopback, port: url.port() })
    }

    /// Returns the URL of a service that nobody gave a public one: its own listening address, without TLS on loopback only.
    pub fn of_listener(listen: SocketAddr, tls: bool, insecure_http: bool) -> Result<Self, PublicUrlError> {
        if listen.ip().is_unspecified() {
            return Err(PublicUrlError::Unspecified { listen });
        }
        let scheme = if tls { "https" } else { "http" };
        Self::parse(&format!("{scheme}://{listen}"), insecure_http)
    }

    /// Returns the URL without a trailing slash: the issuer, and the `Origin` of our own pages.
    pub fn as_str(&self) -> &str {
        &self.origin
    }

    /// Returns the name or the address in the URL as a certificate has it: without port and brackets.
    pub fn host(&self) -> String {
        let url = Url::parse(&self.origin).ok();
        let host = url.as_ref().and_then(Url::host_str).unwrap_or_default();
        host.trim_matches(['[', ']']).to_owned()
    }

    /// Returns whether people reach the service over TLS.
    pub fn is_https(&self) -> bool {
        self.https
    }

    /// Returns whether a browser keeps `Secure` cookies for this URL: https, or this machine.
    pub fn is_trustworthy(&self) -> bool {
        self.https || self.loopback
    }

    /// Returns the port on a development address. Ports of one host share one cookie jar, so names must tell them apart.
    pub fn development_port(&self) -> Option<u16> {
        (!self.https && self.loopback).then_some(self.port.unwrap_or(80))
    }
}

impl std::fmt::Display for PublicUrl {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.origin)
    }
}

#[cfg(test)]
mod tests {
    use super::{PublicUrl, PublicUrlError};

    #[test]
    fn plain_http_passes_on_this_machine_alone() {
        for local in
            ["http://localhost:8600", "http://127.0.0.1:1", "http://[::1]:8600", "http://app.localhost"]
        {
            assert!(PublicUrl::parse(local, false).is_ok(), "{local}");
        }
        for remote in
            ["http://auth.example", "http://192.168.1.4:80", "http://localhost.example", "http://0.0.0.0:80"]
        {
            assert!(
                matches!(PublicUrl::parse(remote, false), Err(PublicUrlError::Insecure { .. })),
                "{remote}"
            );
            assert!(PublicUrl::parse(remote, true).is_ok(), "{remote}");
        }
    }

    #[test]
    fn an_issuer_is_an_origin_and_nothing_more() {
        for wrong in [
            "auth.example",
            "https://auth.example/path",
            "https://auth.example/?q",
            "https://auth.example/#f",
            "https://u:p@auth.example",
            "ftp://auth.example",
            "",
        ] {
            assert!(
                matches!(PublicUrl::parse(wrong, true), Err(PublicUrlError::Malformed { .. })),
                "{wrong}"
            );
        }
        assert_eq!(
            PublicUrl::parse("https://Auth.Example:443/", false).unwrap().as_str(),
            "https://auth.example"
        );
    }

    #[test]
    fn a_service_on_every_interface_must_be_told_its_name() {
        let listen = "0.0.0.0:8600".parse().unwrap();

        assert_eq!(PublicUrl::of_listener(listen, false, true), Err(PublicUrlError::Unspecified { listen }));
    }

    /// The gateway has a section of its own.
    #[test]
    fn nobody_is_sent_to_a_setting_of_another_program() {
        let insecure = PublicUrl::parse("http://app.example", false).unwrap_err().to_string();
        let nameless = PublicUrl::of_listener("0.0.0.0:8700".parse().unwrap(), false, true).unwrap_err();

        assert!(insecure.contains("set insecure_http = true"), "{insecure}");
        assert!(nameless.to_string().contains("set public_url to"), "{nameless}");
    }

    #[test]
    fn a_certificate_names_the_host_alone() {
        for (url, host) in [("https://Auth.example:8443", "auth.example"), ("https://[::1]:8443", "::1")] {
            assert_eq!(PublicUrl::parse(url, false).unwrap().host(), host);
        }
    }

    #[test]
    fn development_addresses_are_told_apart_by_port() {
        assert_eq!(PublicUrl::parse("http://localhost:8600", false).unwrap().development_port(), Some(8600));
        assert_eq!(PublicUrl::parse("http://localhost", false).unwrap().development_port(), Some(80));
        assert_eq!(PublicUrl::parse("https://localhost:8600", false).unwrap().development_port(), None);
    }
}
