use super::super::names::mark;
use super::{Document, Kind, Watch};

/// A member's name as it stood in an object before. An issuer writes the same names in the same order into every token of a
/// kind: comparing takes less than reading.
#[derive(Debug)]
pub(crate) struct Expected {
    /// `"name":`, letter for letter.
    pub(super) written: Box<[u8]>,
    pub(super) mark: u64,
    /// What the watch makes of the name.
    pub(super) place: u8,
}

/// Claims beyond this many are read as if they had never been seen.
const MOST: usize = 32;

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

    /// Returns what may be expected after a name that was not the next one: what stands behind it, or what was expected anyway.
    ///
    /// It never goes back. So a name that comes as expected stands behind all others of the list that came before it, and is
    /// not one of them.
    pub(super) fn after<'e>(expected: &'e [Self], name: &str) -> &'e [Self] {
        let place = expected.iter().position(|other| other.name() == name.as_bytes());
        place.and_then(|place| expected.get(place + 1..)).unwrap_or(expected)
    }

    fn new<W: Watch>(name: super::super::Value<'_, '_>) -> Self {
        let name = name.source();
        let written = [b"\"", name.as_bytes(), b"\":"].concat().into();
        Self { written, mark: mark(name.as_bytes()), place: W::place(name) }
    }

    fn name(&self) -> &[u8] {
        self.written.get(1..self.written.len() - 2).unwrap_or_default()
    }
}
