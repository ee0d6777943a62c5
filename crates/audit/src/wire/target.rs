use std::fmt;

use url::{Host, Url};

use super::resolve;

/// The service that is attacked: one host and port, and the path its operations are below.
///
/// Only who may attack a host can say so: a machine of somebody else is refused until its name is on the list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    origin: String,
    host: String,
    base_path: Option<String>,
    is_loopback: bool,
}

/// Why an address is not attacked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TargetError {
    /// It is not the address of a service.
    #[error("{url:?} is not the address of a service: expected one like http://127.0.0.1:8080")]
    NotAnAddress {
        /// What was given.
        url: String,
    },
    /// The host is not this machine, and nobody said that it may be attacked.
    #[error("{host} is not this machine, and attacking it has not been allowed")]
    NotAllowed {
        /// The host.
        host: String,
    },
}

impl Target {
    /// Reads an address. A host that is not this machine must be among `allowed`.
    pub fn parse(address: &str, allowed: &[String]) -> Result<Self, TargetError> {
        let wrong = || TargetError::NotAnAddress { url: address.to_owned() };
        let url = Url::parse(address).map_err(|_| wrong())?;
        let host = url.host_str().ok_or_else(wrong)?.to_owned();
        let plain = url.username().is_empty()
            && url.password().is_none()
            && url.query().is_none()
            && url.fragment().is_none();
        if !matches!(url.scheme(), "http" | "https") || !plain {
            return Err(wrong());
        }
        let is_loopback = is_loopback(&url);
        if !is_loopback && !allowed.iter().any(|name| name.eq_ignore_ascii_case(&host)) {
            return Err(TargetError::NotAllowed { host });
        }
        let path = url.path().trim_end_matches('/');
        Ok(Self {
            origin: url.origin().ascii_serialization(),
            host,
            base_path: (!path.is_empty()).then(|| path.to_owned()),
            is_loopback,
        })
    }

    /// Returns scheme, host and port: `http://127.0.0.1:8080`.
    pub fn origin(&self) -> &str {
        &self.origin
    }

    /// Returns the host's name.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// Returns whether the host is this machine.
    pub fn is_loopback(&self) -> bool {
        self.is_loopback
    }

    /// Returns the path of the address, which wins over what the description says.
    pub(crate) fn base_path(&self) -> Option<&str> {
        self.base_path.as_deref()
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.origin, self.base_path.as_deref().unwrap_or_default())
    }
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => resolve::is_loopback(name),
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::{Target, TargetError};

    #[test]
    fn this_machine_needs_no_permission_and_every_other_does() {
        for near in ["http://127.0.0.1:8080", "http://localhost:1/v1/", "https://[::1]"] {
            assert!(Target::parse(near, &[]).unwrap().is_loopback(), "{near}");
        }
        for far in [
            "http://10.0.0.1",
            "https://api.example.org",
            "http://localhost.example.org",
            "http://127.0.0.1.nip.io",
        ] {
            assert!(matches!(Target::parse(far, &[]), Err(TargetError::NotAllowed { .. })), "{far}");
        }
        let allowed = ["api.example.org".to_owned()];
        assert!(!Target::parse("https://API.example.org", &allowed).unwrap().is_loopback());
        assert!(Target::parse("https://other.example.org", &allowed).is_err());
    }

    #[test]
    fn what_is_no_plain_address_is_refused() {
        for wrong in [
            "orders",
            "file:///etc/passwd",
            "http://user:pw@localhost",
            "http://localhost?x=1",
            "http://localhost#x",
        ] {
            assert!(matches!(Target::parse(wrong, &[]), Err(TargetError::NotAnAddress { .. })), "{wrong}");
        }
    }

    #[test]
    fn a_path_is_where_the_operations_are() {
        let target = Target::parse("http://localhost:80/v1/", &[]).unwrap();

        assert_eq!((target.origin(), target.base_path()), ("http://localhost", Some("/v1")));
        assert_eq!(Target::parse("http://localhost:8080/", &[]).unwrap().base_path(), None);
    }
}
