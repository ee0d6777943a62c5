use super::{Document, Kind, Watch};

/// A member's name as it stood in an object before. An issuer writes the same names in the same order into every token of a
/// kind: comparing takes less than reading.
#[derive(Debug)]
pub(crate) struct Expected {
    /// `"name":`, letter for letter.
    pub(super) written: Box<[u8]>,
    /// What the watch makes of the name.
    pub(super) place: u8,
}

/// Claims beyond this many are read as if they had never been seen: each has a bit.
const MOST: usize = u32::BITS as usize;

/// So are names longer than this.
const LONGEST: usize = 64;

impl Expected {
    /// Returns what to expect of objects like this one.
    pub(crate) fn like<W: Watch>(object: &Document<'_>) -> Box<[Self]> {
        let names = object.root().names().take(MOST);
        names
            .filter(|name| name.kind() == Kind::Plain && name.source().len() <= LONGEST)
            .map(Self::new::<W>)
            .collect()
    }

    fn new<W: Watch>(name: super::super::Value<'_, '_>) -> Self {
        let name = name.source();
        let written = [b"\"", name.as_bytes(), b"\":"].concat().into();
        Self { written, place: W::place(name) }
    }

    /// Returns whether this text of the same length is the same. Most names fit into two words that may overlap.
    #[inline]
    pub(super) fn is(&self, text: &[u8]) -> bool {
        let written = &*self.written;
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
        self.written.get(1..self.written.len() - 2) == Some(name.as_bytes())
    }
}
