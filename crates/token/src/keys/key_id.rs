use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use super::KeyError;

/// The name of a key, `kid` ([RFC 7515 §4.1.4]): 1 to 128 visible ASCII characters.
///
/// The narrow alphabet keeps a `kid` harmless in logs, URLs, file names and queries. Cloning is cheap.
///
/// [RFC 7515 §4.1.4]: https://www.rfc-editor.org/rfc/rfc7515#section-4.1.4
#[derive(Clone)]
pub struct KeyId(Text);

/// Every verified token carries its key id. Copying a short one keeps cores from writing to one shared counter.
#[derive(Clone)]
enum Text {
    Inline { len: u8, bytes: [u8; INLINE_LEN] },
    Shared(Arc<str>),
}

/// Room for a SHA-256 thumbprint, which has 43 characters.
const INLINE_LEN: usize = 46;

impl KeyId {
    /// The longest accepted `kid`.
    pub const MAX_LEN: usize = 128;

    /// Creates a key id, or says that the text cannot be one.
    pub fn new(kid: impl Into<String>) -> Result<Self, KeyError> {
        let kid = kid.into();
        if kid.is_empty() || kid.len() > Self::MAX_LEN || !kid.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(KeyError::KeyId { kid });
        }
        let mut bytes = [0; INLINE_LEN];
        let text = match (bytes.get_mut(..kid.len()), u8::try_from(kid.len())) {
            (Some(start), Ok(len)) => {
                start.copy_from_slice(kid.as_bytes());
                Text::Inline { len, bytes }
            }
            _ => Text::Shared(kid.into()),
        };
        Ok(Self(text))
    }

    /// Returns the text.
    pub fn as_str(&self) -> &str {
        match &self.0 {
            // Only ASCII comes in, so there is always a text.
            Text::Inline { .. } => std::str::from_utf8(self.as_bytes()).unwrap_or_default(),
            Text::Shared(text) => text,
        }
    }

    /// Returns whether this is the id that a token names.
    pub(crate) fn is(&self, kid: &str) -> bool {
        self.as_bytes() == kid.as_bytes()
    }

    /// Returns the text's bytes, which is cheaper than the text.
    fn as_bytes(&self) -> &[u8] {
        match &self.0 {
            Text::Inline { len, bytes } => bytes.get(..usize::from(*len)).unwrap_or_default(),
            Text::Shared(text) => text.as_bytes(),
        }
    }
}

impl fmt::Debug for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("KeyId").field(&self.as_str()).finish()
    }
}

impl PartialEq for KeyId {
    fn eq(&self, other: &Self) -> bool {
        self.as_bytes() == other.as_bytes()
    }
}

impl Eq for KeyId {}

impl Hash for KeyId {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.as_str().hash(state);
    }
}

impl PartialOrd for KeyId {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for KeyId {
    fn cmp(&self, other: &Self) -> Ordering {
        self.as_bytes().cmp(other.as_bytes())
    }
}

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Serialize for KeyId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for KeyId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::new(String::deserialize(deserializer)?).map_err(de::Error::custom)
    }
}
