//! Reads JSON straight into the caller's type: one pass, no tape. That is what an everyday payload costs.
//!
//! The reader takes nothing that the tape would refuse, and reads the same from it. Where something is out of the ordinary
//! (an escaped name, more names than can be compared at a glance, a shape that the caller's type does not expect) it gives
//! up, which says nothing about the text: the tape then decides, and words the refusal.

mod de;
mod expected;
mod members;
mod root;

use super::scan::{Fault, Limits, next_child};
use super::seen::Seen;
use super::words::{self, after, after_space, peek};
use super::{Document, Kind};
pub(crate) use expected::{Expected, ExpectedNames};
pub(crate) use members::{Passed, Watch};

/// The reader leaves the text to the tape.
#[derive(Clone, Copy, Debug)]
pub(crate) struct GaveUp;

impl From<Fault> for GaveUp {
    fn from(_: Fault) -> Self {
        Self
    }
}

/// A place in a text, and what has to be known to go on from there.
pub(crate) struct Reader<'a> {
    text: &'a str,
    bytes: &'a [u8],
    at: usize,
    depth: u8,
    limits: Limits,
    /// The value that was read last.
    passed: Passed,
    /// A caller's type may swallow an error in the middle of a value, and what is read from there on means nothing. So once an
    /// error has passed, whatever comes out is thrown away.
    failed: bool,
}

/// Reads a whole text as an object in the caller's type. `watch` sees each member of the object. `expected` are the names of
/// an object like this one: those that come as expected take less time.
pub(crate) fn read_watched<'a, T, W>(
    text: &'a str,
    limits: Limits,
    expected: &[Expected],
    watch: &mut W,
) -> Result<T, GaveUp>
where
    T: serde::Deserialize<'a>,
    W: Watch,
{
    let mut reader = Reader::new(text, limits)?;
    let value = T::deserialize(root::Root::new(&mut reader, watch, expected))?;
    reader.finish()?;
    Ok(value)
}

/// Reads a whole text in the caller's type.
pub(crate) fn read<'a, T: serde::Deserialize<'a>>(text: &'a str, limits: Limits) -> Result<T, GaveUp> {
    let mut reader = Reader::new(text, limits)?;
    let value = T::deserialize(&mut reader)?;
    reader.finish()?;
    Ok(value)
}

impl<'a> Reader<'a> {
    fn new(text: &'a str, limits: Limits) -> Result<Self, GaveUp> {
        u32::try_from(text.len()).map_err(|_| GaveUp)?;
        let bytes = text.as_bytes();
        Ok(Self {
            text,
            bytes,
            at: after_space(bytes, 0),
            depth: 0,
            limits,
            passed: Passed::Other,
            failed: false,
        })
    }

    /// Says whether what was read counts: nothing else is there, and no error has passed.
    fn finish(&self) -> Result<(), GaveUp> {
        let whole = after_space(self.bytes, self.at) == self.bytes.len();
        if whole && !self.failed { Ok(()) } else { Err(GaveUp) }
    }

    #[inline]
    fn peek(&self) -> Option<u8> {
        peek(self.bytes, self.at)
    }

    /// Remembers that an error passed.
    #[inline]
    fn noted<T>(&mut self, result: Result<T, GaveUp>) -> Result<T, GaveUp> {
        self.failed |= result.is_err();
        result
    }

    /// Steps into a container.
    fn open(&mut self) -> Result<(), GaveUp> {
        if self.depth >= self.limits.depth {
            return Err(GaveUp);
        }
        self.depth += 1;
        self.at = after_space(self.bytes, self.at + 1);
        Ok(())
    }

    /// Steps out of an empty container, or says that it is not empty.
    #[inline]
    fn closes_at_once(&mut self, closing: u8) -> bool {
        let closes = self.peek() == Some(closing);
        if closes {
            self.at += 1;
            self.depth -= 1;
        }
        closes
    }

    /// Steps from the end of a child to the next one; false if that was the last.
    #[inline]
    fn next_child(&mut self, closing: u8, count: u32) -> Result<bool, GaveUp> {
        let next = next_child(self.bytes, self.at, closing, count, self.limits)?;
        self.at = next.position;
        self.depth -= u8::from(next.ends);
        Ok(!next.ends)
    }

    /// Reads a string; returns where its inside starts and ends.
    #[inline]
    fn string(&mut self) -> Result<(Kind, usize, usize), GaveUp> {
        let start = after(self.bytes, self.at, b'"')?;
        let (kind, end) = words::string(self.bytes, start)?;
        self.at = end + 1;
        self.passed = if kind == Kind::Plain { Passed::Plain } else { Passed::Other };
        Ok((kind, start, end))
    }

    /// Reads a member's name and steps to its value. Returns also where the name starts.
    #[inline]
    fn name(&mut self) -> Result<(usize, &'a str), GaveUp> {
        let start = after(self.bytes, self.at, b'"')?;
        let (Kind::Plain, end) = words::string(self.bytes, start)? else { return Err(GaveUp) };
        let colon = after_space(self.bytes, end + 1);
        self.at = after_space(self.bytes, after(self.bytes, colon, b':')?);
        Ok((start, &self.text[start..end]))
    }

    /// Steps to the value of the member that is expected, if it is what comes next.
    #[inline]
    fn expected_name(&mut self, next: &Expected) -> Option<&'a str> {
        let after = self.at + next.len();
        if !next.is(self.bytes.get(self.at..after)?) {
            return None;
        }
        let name = self.text.get(self.at + 1..after - 2);
        self.at = after_space(self.bytes, after);
        name
    }

    /// Steps over a value that nobody asks for, checking all of it.
    fn skip(&mut self) -> Result<(), GaveUp> {
        let mut passed = Passed::Other;
        self.at = match self.peek() {
            Some(b'"') => return self.string().map(drop),
            Some(b'{') => return self.skip_object(),
            Some(b'[') => return self.skip_array(),
            Some(b't') => words::literal(self.bytes, self.at, "true")?,
            Some(b'f') => words::literal(self.bytes, self.at, "false")?,
            Some(b'n') => words::literal(self.bytes, self.at, "null")?,
            first => {
                let number = words::number(self.text, self.at)?;
                let digits = number.digits.filter(|_| first != Some(b'-'));
                passed = digits.map_or(passed, Passed::Number);
                number.end
            }
        };
        self.passed = passed;
        Ok(())
    }

    fn skip_object(&mut self) -> Result<(), GaveUp> {
        self.open()?;
        self.passed = Passed::Other;
        if self.closes_at_once(b'}') {
            return Ok(());
        }
        let mut names = Seen::default();
        let mut count = 0;
        loop {
            let (start, name) = self.name()?;
            if !names.is_new(self.bytes, start, name.as_bytes()) {
                return Err(GaveUp);
            }
            self.skip()?;
            count += 1;
            if !self.next_child(b'}', count)? {
                self.passed = Passed::Other;
                return Ok(());
            }
        }
    }

    fn skip_array(&mut self) -> Result<(), GaveUp> {
        self.open()?;
        self.passed = Passed::Other;
        if self.closes_at_once(b']') {
            return Ok(());
        }
        let mut count = 0;
        loop {
            self.skip()?;
            count += 1;
            if !self.next_child(b']', count)? {
                self.passed = Passed::Other;
                return Ok(());
            }
        }
    }
}

#[cfg(test)]
mod tests;
