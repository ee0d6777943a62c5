use std::fmt;

use aws_lc_rs::constant_time;
use handstamp_token::SigningKey;
use zeroize::Zeroizing;

/// What proves to an upstream who we are. The command line reads it: it has no place in a configuration that is shown.
#[derive(Clone)]
pub enum ClientCredential {
    /// For `client_secret_basic` and `client_secret_post`.
    Secret(ClientSecret),
    /// For `private_key_jwt`.
    Key(SigningKey),
}

/// A secret that we share with an upstream. Prints as `[redacted]`.
#[derive(Clone)]
pub struct ClientSecret(Zeroizing<String>);

impl ClientSecret {
    /// Takes a secret as it stands in its file or variable; white space around it is not part of it. `None` if nothing is left.
    pub fn new(text: &str) -> Option<Self> {
        let text = text.trim();
        (!text.is_empty()).then(|| Self(Zeroizing::new(text.to_owned())))
    }

    pub(super) fn reveal(&self) -> &str {
        &self.0
    }
}

impl PartialEq for ClientCredential {
    fn eq(&self, other: &Self) -> bool {
        let same = |one: &[u8], other: &[u8]| constant_time::verify_slices_are_equal(one, other).is_ok();
        match (self, other) {
            (Self::Secret(one), Self::Secret(other)) => same(one.0.as_bytes(), other.0.as_bytes()),
            (Self::Key(one), Self::Key(other)) => {
                one.algorithm() == other.algorithm() && same(&one.to_private_der(), &other.to_private_der())
            }
            _ => false,
        }
    }
}

impl Eq for ClientCredential {}

impl fmt::Debug for ClientCredential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Secret(_) => f.write_str("[redacted]"),
            Self::Key(key) => key.fmt(f),
        }
    }
}

impl fmt::Debug for ClientSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[redacted]")
    }
}

#[cfg(test)]
mod tests {
    use super::{ClientCredential, ClientSecret};

    #[test]
    fn a_secret_is_what_stands_between_white_space() {
        assert_eq!(ClientSecret::new(" s3cret\n").unwrap().reveal(), "s3cret");
        assert!(ClientSecret::new(" \n").is_none());
    }

    #[test]
    fn a_secret_does_not_print() {
        let secret = ClientSecret::new("s3cret").unwrap();

        assert_eq!(
            format!("{secret:?} {:?}", ClientCredential::Secret(secret.clone())),
            "[redacted] [redacted]"
        );
    }
}
