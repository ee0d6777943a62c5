use std::io::Read;

use base64_simd::URL_SAFE_NO_PAD;
use flate2::read::ZlibDecoder;
use serde::{Deserialize, Serialize};

/// The statuses of many tokens, a few bits each.
#[derive(Clone, PartialEq, Eq)]
pub struct StatusList {
    bits: Bits,
    bytes: Vec<u8>,
}

/// Where a token's status stands: its claim `status`.
///
/// ```
/// # use handstamp_verify::revocation::status_list::StatusReference;
/// #[derive(serde::Deserialize)]
/// struct Claims {
///     status: StatusReference,
/// }
/// # let json = r#"{"status":{"status_list":{"idx":412,"uri":"https://auth.example/status-lists/1"}}}"#;
/// let claims: Claims = serde_json::from_str(json)?;
/// assert_eq!(claims.status.status_list.idx, 412);
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StatusReference {
    /// The only kind of reference that is understood here.
    pub status_list: StatusListReference,
}

/// A place in a list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StatusListReference {
    /// The place, from 0.
    pub idx: u64,
    /// The list's address.
    pub uri: String,
}

/// The status of a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// The token is good.
    Valid,
    /// It was taken back for good.
    Invalid,
    /// It is not good now, and may be again.
    Suspended,
    /// Something that issuer and service have agreed on. Not good, for who has not.
    Other(u8),
}

/// Why a list cannot be read. The issuer's fault, and for [`OutOfRange`](Self::OutOfRange) the token's.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ListError {
    /// A status has 1, 2, 4 or 8 bits.
    #[error("a status of {bits} bits: it has 1, 2, 4 or 8")]
    Bits {
        /// What the list says.
        bits: u64,
    },
    /// The list is not base64url without padding.
    #[error("the list is not base64url")]
    Base64,
    /// The list is not compressed as zlib does it, or is cut off.
    #[error("the list cannot be decompressed")]
    Zlib,
    /// The list is larger than any list may be.
    #[error("the list has more than {limit} bytes")]
    TooLarge {
        /// The limit.
        limit: usize,
    },
    /// The token's place is not in the list, so its status is unknown.
    #[error("place {idx} is not in the list, which has {len}")]
    OutOfRange {
        /// The place.
        idx: u64,
        /// How many places there are.
        len: u64,
    },
}

/// The claim `status_list` of a status list token.
#[derive(Debug, Deserialize)]
pub(super) struct StatusListClaim {
    bits: u64,
    lst: String,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Bits {
    One,
    Two,
    Four,
    Eight,
}

/// A list of 32 million tokens at a bit each. A few kilobytes can claim to be gigabytes, so this is a limit and not a hint.
const MAX_BYTES: usize = 4 * 1024 * 1024;

impl StatusList {
    /// Reads the members `bits` and `lst`: zlib under base64url, at most 4 MiB of statuses.
    pub fn read(bits: u64, lst: &str) -> Result<Self, ListError> {
        let bits = Bits::new(bits)?;
        let compressed = URL_SAFE_NO_PAD.decode_to_vec(lst).map_err(|_| ListError::Base64)?;
        let mut bytes = Vec::new();
        let mut decoder = ZlibDecoder::new(compressed.as_slice()).take(MAX_BYTES as u64 + 1);
        decoder.read_to_end(&mut bytes).map_err(|_| ListError::Zlib)?;
        if bytes.len() > MAX_BYTES {
            return Err(ListError::TooLarge { limit: MAX_BYTES });
        }
        Ok(Self { bits, bytes })
    }

    pub(super) fn from_claim(claim: &StatusListClaim) -> Result<Self, ListError> {
        Self::read(claim.bits, &claim.lst)
    }

    /// Returns how many tokens the list has a status for.
    pub fn len(&self) -> u64 {
        self.bytes.len() as u64 * self.bits.per_byte()
    }

    /// Returns whether the list has no status at all.
    pub fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// Returns the status at a place. The lowest bits of a byte come first.
    pub fn status(&self, idx: u64) -> Result<Status, ListError> {
        let per_byte = self.bits.per_byte();
        let byte = usize::try_from(idx / per_byte).ok().and_then(|at| self.bytes.get(at));
        let byte = *byte.ok_or(ListError::OutOfRange { idx, len: self.len() })?;
        let value = (byte >> ((idx % per_byte) * self.bits.count())) & self.bits.mask();
        Ok(match value {
            0 => Status::Valid,
            1 => Status::Invalid,
            2 => Status::Suspended,
            other => Status::Other(other),
        })
    }
}

impl Bits {
    fn new(bits: u64) -> Result<Self, ListError> {
        match bits {
            1 => Ok(Self::One),
            2 => Ok(Self::Two),
            4 => Ok(Self::Four),
            8 => Ok(Self::Eight),
            bits => Err(ListError::Bits { bits }),
        }
    }

    fn count(self) -> u64 {
        match self {
            Self::One => 1,
            Self::Two => 2,
            Self::Four => 4,
            Self::Eight => 8,
        }
    }

    fn per_byte(self) -> u64 {
        8 / self.count()
    }

    fn mask(self) -> u8 {
        u8::MAX >> (8 - self.count())
    }
}

/// Without its statuses, which are many.
impl std::fmt::Debug for StatusList {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("StatusList")
            .field("bits", &self.bits.count())
            .field("len", &self.len())
            .finish_non_exhaustive()
    }
}
