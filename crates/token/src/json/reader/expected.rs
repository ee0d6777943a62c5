use super::super::Value;
use super::{Document, Kind, Watch};

/// A member's name as it stood in an object before. An issuer writes the same names in the same order into every token of a
/// kind: comparing takes less than reading.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Expected {
    /// `"name":`, letter for letter, and zeros.
    written: [u8; ROOM],
    len: u8,
    /// What the watch makes of the name.
    pub(super) place: u8,
}

/// Longer names are read as if they had never been seen.
const ROOM: usize = 30;

/// So are members beyond this many: each has a bit.
const MOST: usize = u32::BITS as usize;

/// The names of an object.
#[derive(Debug, Default)]
pub(crate) struct ExpectedNames {
    names: [Expected; MOST],
    count: usize,
}

impl ExpectedNames {
    /// Returns what to expect of objects like this one.
    pub(crate) fn like<W: Watch>(object: &Document<'_>) -> Self {
        let mut expected = Self::default();
        for name in object.root().names().filter_map(Expected::new::<W>).take(MOST) {
            expected.names[expected.count] = name;
            expected.count += 1;
        }
        expected
    }

    pub(crate) fn as_slice(&self) -> &[Expected] {
        self.names.get(..self.count).unwrap_or_default()
    }
}

impl Expected {
    fn new<W: Watch>(name: Value<'_, '_>) -> Option<Self> {
        let source = (name.kind() == Kind::Plain).then(|| name.source())?;
        let mut written = [0; ROOM];
        let quoted = [b"\"", source.as_bytes(), b"\":"].concat();
        written.get_mut(..quoted.len())?.copy_from_slice(&quoted);
        Some(Self { written, len: u8::try_from(quoted.len()).ok()?, place: W::place(source) })
    }

    #[inline]
    pub(super) fn len(&self) -> usize {
        usize::from(self.len)
    }

    /// Returns whether this text of the same length is the same. Most names fit into two words that may overlap.
    #[inline]
    pub(super) fn is(&self, text: &[u8]) -> bool {
        let written = self.written();
        match written.len() {
            8..=16 => {
                written.first_chunk::<8>() == text.first_chunk()
                    && written.last_chunk::<8>() == text.last_chunk()
            }
            4..8 => {
                written.first_chunk::<4>() == text.first_chunk()
                    && written.last_chunk::<4>() == text.last_chunk()
            }
            _ => written == text,
        }
    }

    /// Returns whether it is a member of this name.
    pub(super) fn is_for(&self, name: &str) -> bool {
        self.written().get(1..self.len() - 2) == Some(name.as_bytes())
    }

    #[inline]
    fn written(&self) -> &[u8] {
        self.written.get(..self.len()).unwrap_or_default()
    }
}
