use std::fmt;
use std::sync::Arc;

/// A text that is mostly short, and then kept on the spot.
///
/// Copying it writes to no shared counter, and reading it touches no memory of its own, which could lie beside what another core
/// is writing.
#[derive(Clone)]
pub(crate) enum Text {
    Inline { len: u8, bytes: [u8; INLINE_LEN] },
    Shared(Arc<str>),
}

/// Room for a SHA-256 thumbprint, which has 43 characters.
const INLINE_LEN: usize = 46;

impl Text {
    pub(crate) fn new(text: &str) -> Self {
        let mut bytes = [0; INLINE_LEN];
        match (bytes.get_mut(..text.len()), u8::try_from(text.len())) {
            (Some(start), Ok(len)) => {
                start.copy_from_slice(text.as_bytes());
                Self::Inline { len, bytes }
            }
            _ => Self::Shared(text.into()),
        }
    }

    pub(crate) fn as_str(&self) -> &str {
        match self {
            // Whole texts come in, so there is always one.
            Self::Inline { .. } => std::str::from_utf8(self.as_bytes()).unwrap_or_default(),
            Self::Shared(text) => text,
        }
    }

    /// Returns the text's bytes, which is cheaper than the text.
    pub(crate) fn as_bytes(&self) -> &[u8] {
        match self {
            Self::Inline { len, bytes } => bytes.get(..usize::from(*len)).unwrap_or_default(),
            Self::Shared(text) => text.as_bytes(),
        }
    }
}

impl fmt::Debug for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.as_str(), f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_comes_back_whatever_its_length() {
        for text in ["", "ES256", "é", &"x".repeat(46), &"x".repeat(47), &"é".repeat(23), &"é".repeat(300)]
        {
            assert_eq!((Text::new(text).as_str(), Text::new(text).as_bytes()), (text, text.as_bytes()));
        }
    }
}
