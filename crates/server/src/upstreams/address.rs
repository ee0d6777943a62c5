use handstamp_settings::is_loopback;
use url::Url;

/// An address of an upstream that may be asked, or people be sent to: https, or plain http within this machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Address(Url);

/// The text cannot be an address of an upstream.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum AddressError {
    #[error("{text:?} is not an address: write it like \"https://id.example.org/authorize\"")]
    Malformed { text: String },
    #[error("{text:?} is not https: codes and tokens would travel unencrypted")]
    Insecure { text: String },
    #[error("{text:?} is within this machine, and its issuer is not")]
    Loopback { text: String },
}

impl Address {
    /// Reads an address.
    pub(crate) fn parse(text: &str) -> Result<Self, AddressError> {
        let shown = || text.chars().take(200).collect();
        let url = Url::parse(text).map_err(|_| AddressError::Malformed { text: shown() })?;
        let is_bare = url.username().is_empty() && url.password().is_none() && url.fragment().is_none();
        if url.host().is_none() || !is_bare || !matches!(url.scheme(), "http" | "https") {
            return Err(AddressError::Malformed { text: shown() });
        }
        if url.scheme() == "http" && !is_loopback(&url) {
            return Err(AddressError::Insecure { text: shown() });
        }
        Ok(Self(url))
    }

    /// Reads an address that the metadata of this issuer names. Only an issuer within this machine may lead into it: metadata
    /// must not be a way to services that listen for nobody else.
    pub(crate) fn named_by(issuer: &Self, text: &str) -> Result<Self, AddressError> {
        let address = Self::parse(text)?;
        if is_loopback(&address.0) && !is_loopback(&issuer.0) {
            return Err(AddressError::Loopback { text: text.chars().take(200).collect() });
        }
        Ok(address)
    }

    pub(crate) fn url(&self) -> &Url {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::{Address, AddressError};

    #[test]
    fn plain_http_stays_within_this_machine() {
        for good in [
            "https://id.example/x?y=z",
            "http://localhost:3000/token",
            "http://127.0.0.1:1/",
            "http://[::1]/",
        ] {
            assert_eq!(
                Address::parse(good).map(|address| address.url().as_str().to_owned()),
                Ok(good.to_owned())
            );
        }
        for bad in ["http://id.example/", "http://10.0.0.1/", "http://localhost.evil.example/"] {
            assert!(matches!(Address::parse(bad), Err(AddressError::Insecure { .. })), "{bad}");
        }
    }

    #[test]
    fn what_is_no_address_is_refused() {
        for bad in [
            "",
            "id.example",
            "/token",
            "file:///etc/passwd",
            "https://u:p@id.example/",
            "https://id.example/#x",
        ] {
            assert!(matches!(Address::parse(bad), Err(AddressError::Malformed { .. })), "{bad}");
        }
    }

    #[test]
    fn metadata_leads_into_this_machine_only_from_within() {
        let (far, near) =
            (Address::parse("https://id.example").unwrap(), Address::parse("http://127.0.0.1:9").unwrap());

        for inside in ["http://127.0.0.1:9/token", "https://localhost/token"] {
            assert!(
                matches!(Address::named_by(&far, inside), Err(AddressError::Loopback { .. })),
                "{inside}"
            );
            assert!(Address::named_by(&near, inside).is_ok(), "{inside}");
        }
        assert!(Address::named_by(&far, "https://tokens.example/token").is_ok());
    }
}
