use std::{fmt, str::FromStr};

use super::{IdError, SessionId, ids::is_configured_name};

/// The name of a site: another domain on which this service signs people in, as the operator calls it in the configuration.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SiteName(Box<str>);

/// Where a session comes from that began on a site: nobody proved anything there, they were signed in at home.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Carried {
    /// The session at home. It is carried itself never: what is carried from it makes one group with it.
    pub from: SessionId,
    /// The site.
    pub to: SiteName,
}

impl SiteName {
    /// The longest name.
    pub const MAX_LEN: usize = 32;

    /// Returns the name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for SiteName {
    type Err = IdError;

    fn from_str(text: &str) -> Result<Self, IdError> {
        if is_configured_name(text, Self::MAX_LEN) {
            Ok(Self(text.into()))
        } else {
            Err(IdError::Site { text: text.chars().take(80).collect() })
        }
    }
}

impl fmt::Display for SiteName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::SiteName;

    #[test]
    fn a_name_is_a_short_plain_word() {
        for name in ["shop", "shop-2", "2"] {
            assert_eq!(name.parse::<SiteName>().map(|name| name.to_string()), Ok(name.to_owned()));
        }
        for wrong in ["", "-shop", "Shop", "shop.two", "shöp", "a b", &"s".repeat(33)] {
            assert!(wrong.parse::<SiteName>().is_err(), "{wrong:?}");
        }
    }
}
