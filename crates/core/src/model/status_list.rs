use std::{fmt, str::FromStr};

use handstamp_token::Entropy;
use jiff::Timestamp;

use super::IdError;

/// A list that says of many sessions whether their tokens are still good (Token Status List,
/// [draft-ietf-oauth-status-list](https://datatracker.ietf.org/doc/draft-ietf-oauth-status-list/)).
///
/// It says only what has become of a place. Whose place it is stands in the session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StatusList {
    /// The last part of its address.
    pub id: StatusListId,
    /// How much a place can say.
    pub bits: StatusBits,
    /// How many places it has.
    pub size: u32,
    /// How many of them were given away. Only ever rises: no place is given twice.
    pub taken: u32,
    /// When it was begun.
    pub created_at: Timestamp,
    /// By then the last token with a place in it is dead.
    pub keep_until: Timestamp,
}

/// How many bits a place has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum StatusBits {
    /// Good or not.
    One,
    /// Good, over, or suspended.
    Two,
}

/// The place of a session in a list: the claim `status` of its tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct StatusPlace {
    /// Which list.
    pub list: StatusListId,
    /// Where in it, from 0.
    pub index: u32,
}

/// What a list says of a place that is not simply good.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum TokenStatus {
    /// The session is over (`INVALID`).
    Invalid,
    /// The organisation is suspended; the session goes on when it resumes (`SUSPENDED`).
    Suspended,
}

/// A list's id: the epoch of the revocation log it was begun in, and 32 random bits.
///
/// Of a database that went back to an older state nobody knows which places were given away since. A new epoch therefore begins
/// new lists, under addresses that no older one had, and nothing is good any more that is in an earlier one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct StatusListId([u8; 8]);

impl StatusBits {
    /// Returns the number.
    pub const fn count(self) -> u8 {
        match self {
            Self::One => 1,
            Self::Two => 2,
        }
    }

    /// Returns the size with this number of bits.
    pub const fn from_count(count: u8) -> Option<Self> {
        match count {
            1 => Some(Self::One),
            2 => Some(Self::Two),
            _ => None,
        }
    }
}

impl StatusListId {
    /// Draws a new id for a list that begins in this epoch.
    pub fn random(epoch: u32, entropy: &dyn Entropy) -> Self {
        let mut bytes = [0; 8];
        bytes[..4].copy_from_slice(&epoch.to_be_bytes());
        entropy.fill(&mut bytes[4..]);
        Self(bytes)
    }

    /// Returns the epoch the list was begun in.
    pub const fn epoch(&self) -> u32 {
        let [a, b, c, d, ..] = self.0;
        u32::from_be_bytes([a, b, c, d])
    }

    /// Returns the id made of these bytes.
    pub const fn from_bytes(bytes: [u8; 8]) -> Self {
        Self(bytes)
    }

    /// Returns the id's bytes.
    pub const fn as_bytes(&self) -> &[u8; 8] {
        &self.0
    }
}

impl fmt::Display for StatusListId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl FromStr for StatusListId {
    type Err = IdError;

    fn from_str(text: &str) -> Result<Self, IdError> {
        let wrong = || IdError::StatusList { text: text.chars().take(80).collect() };
        if text.len() != 16 || !text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f')) {
            return Err(wrong());
        }
        u64::from_str_radix(text, 16).map(|number| Self(number.to_be_bytes())).map_err(|_| wrong())
    }
}

#[cfg(test)]
mod tests {
    use super::StatusListId;
    use crate::test_support::Sevens;

    #[test]
    fn an_id_tells_the_epoch_its_list_was_begun_in() {
        let id = StatusListId::random(0x0102_ff04, &Sevens);
        assert_eq!(id.epoch(), 0x0102_ff04);
        assert_eq!(id.to_string(), "0102ff0407070707");
    }

    #[test]
    fn an_id_has_one_spelling() {
        let id = StatusListId::from_bytes([0, 1, 2, 0xab, 0, 0, 0, 0xff]);
        assert_eq!(id.to_string(), "000102ab000000ff");
        assert_eq!("000102ab000000ff".parse(), Ok(id));
        for wrong in ["", "000102AB000000FF", "000102ab000000f", "000102ab000000ff0", "+00102ab000000ff", "1"]
        {
            assert!(wrong.parse::<StatusListId>().is_err(), "{wrong:?}");
        }
    }
}
