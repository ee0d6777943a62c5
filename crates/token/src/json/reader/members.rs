use serde::de::value::BorrowedStrDeserializer;
use serde::de::{DeserializeSeed, MapAccess, Visitor};

use super::super::Span;
use super::super::seen::Seen;
use super::{Expected, GaveUp, Reader};

/// Sees what an object holds while somebody else reads it.
pub(crate) trait Watch {
    /// Returns what the watch makes of a name: the same for the same name, always.
    fn place(name: &str) -> u8;

    /// Comes to the next member.
    fn name(&mut self, name: &str);

    /// Has passed its value: what the name means, what the value is and where it stands.
    fn value(&mut self, place: u8, value: Passed, span: Span);
}

/// A value that was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Passed {
    /// A string without escapes.
    Plain,
    /// A whole number that is not negative, of few digits.
    Number(u64),
    /// Anything else.
    Other,
}

/// Nobody watches.
impl Watch for () {
    #[inline]
    fn place(_: &str) -> u8 {
        0
    }

    #[inline]
    fn name(&mut self, _: &str) {}

    #[inline]
    fn value(&mut self, _: u8, _: Passed, _: Span) {}
}

impl<W: Watch> Watch for &mut W {
    #[inline]
    fn place(name: &str) -> u8 {
        W::place(name)
    }

    #[inline]
    fn name(&mut self, name: &str) {
        W::name(self, name);
    }

    #[inline]
    fn value(&mut self, place: u8, value: Passed, span: Span) {
        W::value(self, place, value, span);
    }
}

/// The members of an object.
pub(super) struct Members<'r, 'de, W> {
    reader: &'r mut Reader<'de>,
    watch: W,
    /// The members of an object before, which this one may be like.
    expected: &'r [Expected],
    /// Which of them is next, if it is.
    next: usize,
    /// A bit for each of them that was there.
    met: u32,
    /// The names that are not among them.
    others: Seen,
    place: u8,
    count: u32,
    ended: bool,
    /// The name was handed out, its value not yet.
    value_is_due: bool,
}

impl<'r, 'de, W: Watch> Members<'r, 'de, W> {
    /// Steps into the object at which the reader stands.
    pub(super) fn open(
        reader: &'r mut Reader<'de>,
        watch: W,
        expected: &'r [Expected],
    ) -> Result<Self, GaveUp> {
        reader.open()?;
        let ended = reader.closes_at_once(b'}');
        let (next, met, others) = (0, 0, Seen::default());
        Ok(Self {
            reader,
            watch,
            expected,
            next,
            met,
            others,
            place: 0,
            count: 0,
            ended,
            value_is_due: false,
        })
    }

    /// Lets the visitor read the object, all of which is checked also if the visitor stops early.
    pub(super) fn visit<V: Visitor<'de>>(mut self, visitor: V) -> Result<V::Value, GaveUp> {
        let map = visitor.visit_map(&mut self)?;
        self.skip_rest()?;
        Ok(map)
    }

    /// Steps over what is left of the object.
    pub(super) fn skip_rest(&mut self) -> Result<(), GaveUp> {
        if self.value_is_due {
            self.value(Reader::skip)?;
        }
        while self.name()?.is_some() {
            self.value(Reader::skip)?;
        }
        Ok(())
    }

    #[inline]
    fn name(&mut self) -> Result<Option<&'de str>, GaveUp> {
        if self.value_is_due {
            return Err(GaveUp);
        }
        if self.ended {
            return Ok(None);
        }
        self.value_is_due = true;
        if let Some(name) = self.expected_name() {
            return Ok(Some(name));
        }
        self.any_name().map(Some)
    }

    /// Steps over the name that is expected, if it is there, letter for letter.
    #[inline]
    fn expected_name(&mut self) -> Option<&'de str> {
        let next = self.expected.get(self.next)?;
        let name = self.reader.expected_name(next)?;
        // What is next was not there before: whatever was, is behind.
        self.met |= 1 << self.next;
        self.next += 1;
        self.place = next.place;
        self.watch.name(name);
        Some(name)
    }

    /// Reads whatever name comes, and goes on from there.
    fn any_name(&mut self) -> Result<&'de str, GaveUp> {
        let (start, name) = self.reader.name()?;
        let is_new = match self.expected.iter().position(|expected| expected.is_for(name)) {
            Some(index) => {
                let bit = 1 << index;
                let is_new = self.met & bit == 0;
                self.met |= bit;
                self.next = self.next.max(index + 1);
                is_new
            }
            None => self.others.is_new(self.reader.bytes, start, name.as_bytes()),
        };
        if !is_new {
            return Err(GaveUp);
        }
        self.place = W::place(name);
        self.watch.name(name);
        Ok(name)
    }

    #[inline]
    fn value<T>(&mut self, read: impl FnOnce(&mut Reader<'de>) -> Result<T, GaveUp>) -> Result<T, GaveUp> {
        if !std::mem::take(&mut self.value_is_due) {
            return Err(GaveUp);
        }
        let start = self.reader.at;
        let value = read(self.reader)?;
        self.watch.value(self.place, self.reader.passed, Span::new(start, self.reader.at));
        self.count += 1;
        self.ended = !self.reader.next_child(b'}', self.count)?;
        Ok(value)
    }
}

impl<'de, W: Watch> MapAccess<'de> for Members<'_, 'de, W> {
    type Error = GaveUp;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, GaveUp> {
        let name = self.name();
        let key = match name {
            Ok(Some(name)) => seed.deserialize(BorrowedStrDeserializer::new(name)).map(Some),
            Ok(None) => Ok(None),
            Err(gave_up) => Err(gave_up),
        };
        self.reader.noted(key)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, GaveUp> {
        let value = self.value(|reader| seed.deserialize(reader));
        self.reader.noted(value)
    }
}
