//! Addresses to listen at: `"127.0.0.1:8600"`.

use std::net::SocketAddr;

use serde::{Deserialize, Deserializer, de};

/// The text is no address with a port.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is not an address and a port in numbers: write \"127.0.0.1:8600\", or \"[::1]:8600\"")]
pub struct AddressError {
    text: String,
}

/// Reads an address and its port. A name is refused: it may stand for several addresses, and for others tomorrow.
pub fn parse(text: &str) -> Result<SocketAddr, AddressError> {
    text.trim().parse().map_err(|_| AddressError { text: text.chars().take(80).collect() })
}

/// Reads an address, for `#[serde(deserialize_with = …)]`.
pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<SocketAddr, D::Error> {
    parse(&String::deserialize(deserializer)?).map_err(de::Error::custom)
}

/// Reads an address that may be left out, for `#[serde(deserialize_with = …)]`.
pub fn optional<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<SocketAddr>, D::Error> {
    deserialize(deserializer).map(Some)
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn an_address_has_a_port() {
        for text in ["127.0.0.1:8600", "[::1]:8600", "0.0.0.0:0"] {
            assert_eq!(parse(text).unwrap().to_string(), text);
        }
    }

    #[test]
    fn what_is_none_is_told_how_one_is_written() {
        for text in ["8600", ":8600", "127.0.0.1", "localhost:8600", "::1:8600", "http://127.0.0.1:8600", ""]
        {
            let told = parse(text).unwrap_err().to_string();
            assert!(
                told.starts_with(&format!("{text:?} is not")) && told.contains("\"127.0.0.1:8600\""),
                "{told}"
            );
        }
    }
}
