//! Writes the claims of a token as compact JSON, with an eye on what a verifier would refuse.
//!
//! What comes out is what `serde_json` would write. The difference: while writing, the writer notices what could be a name that
//! stands twice, and other things no verifier takes. It does not decide; it says that the text has to be looked at.

mod collections;
mod ser;

use std::fmt;

use serde::Serialize;

use super::seen::Seen;
use super::string::{is_plain, plain_run};

/// Why claims cannot be written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Unwritable {
    /// They are no struct and no map.
    NotAnObject,
    /// They do not serialise.
    Problem(Box<str>),
}

/// An object that is being written.
#[derive(Clone)]
pub(crate) struct Writer {
    out: Vec<u8>,
    /// Containers that are open.
    depth: u32,
    /// The names of the outermost object.
    names: Seen,
    /// The text may be one that verifiers refuse.
    doubtful: bool,
}

/// Inside the outermost object.
const TOP: u32 = 1;

/// Deeper, or with more children, and a text is doubtful. The exact limits are the tape's.
const USUAL_DEPTH: u32 = 16;
const USUAL_CHILDREN: u32 = 1024;

impl Writer {
    pub(crate) fn new() -> Self {
        let mut out = Vec::with_capacity(512);
        out.push(b'{');
        Self { out, depth: 0, names: Seen::default(), doubtful: false }
    }

    /// Adds a member.
    pub(crate) fn member<T: Serialize + ?Sized>(&mut self, name: &str, value: &T) -> Result<(), Unwritable> {
        let start = self.name(name);
        self.note_top_name(start, name.as_bytes());
        self.depth = TOP;
        value.serialize(&mut *self)
    }

    /// Adds all members of a struct or map.
    pub(crate) fn members<T: Serialize + ?Sized>(&mut self, all: &T) -> Result<(), Unwritable> {
        // With no container open, an object's members become ours, and nothing else can be written.
        self.depth = 0;
        all.serialize(&mut *self)
    }

    /// Returns the text, and whether a verifier may refuse it.
    pub(crate) fn finish(mut self) -> (Vec<u8>, bool) {
        self.out.push(b'}');
        (self.out, self.doubtful)
    }

    /// Writes a comma, unless the container that starts with this bracket is still empty.
    #[inline]
    fn separate(&mut self, opening: u8) {
        if self.out.last() != Some(&opening) {
            self.out.push(b',');
        }
    }

    /// Writes a member's name, with what stands around it. Returns where its inside starts.
    #[inline]
    fn name(&mut self, name: &str) -> usize {
        let bytes = name.as_bytes();
        self.out.reserve(bytes.len() + 4);
        if self.out.last() == Some(&b'{') {
            self.out.push(b'"');
        } else {
            self.out.extend_from_slice(b",\"");
        }
        let start = self.out.len();
        if is_plain(bytes) {
            self.out.extend_from_slice(bytes);
        } else {
            self.escaped(bytes);
            // Names are compared as they are written.
            self.doubtful = true;
        }
        self.out.extend_from_slice(b"\":");
        start
    }

    #[inline]
    fn note_top_name(&mut self, start: usize, name: &[u8]) {
        self.doubtful |= !self.names.is_new(&self.out, start, name);
    }

    /// Refuses a value where an object has to be.
    #[inline]
    fn inside(&self) -> Result<(), Unwritable> {
        if self.depth == 0 { Err(Unwritable::NotAnObject) } else { Ok(()) }
    }

    fn open(&mut self) {
        self.depth += 1;
        self.doubtful |= self.depth > USUAL_DEPTH;
    }

    #[inline]
    fn string(&mut self, text: &str) {
        let bytes = text.as_bytes();
        self.out.reserve(bytes.len() + 3);
        self.out.push(b'"');
        if is_plain(bytes) {
            self.out.extend_from_slice(bytes);
        } else {
            self.escaped(bytes);
        }
        self.out.push(b'"');
    }

    /// Writes the inside of a string that has something in it that needs an escape.
    #[cold]
    fn escaped(&mut self, bytes: &[u8]) {
        let mut at = plain_run(bytes, 0);
        self.out.extend_from_slice(bytes.get(..at).unwrap_or_default());
        while let Some(byte) = bytes.get(at) {
            match byte {
                b'"' | b'\\' => self.out.extend([b'\\', *byte]),
                0x08 => self.out.extend(b"\\b"),
                0x0c => self.out.extend(b"\\f"),
                b'\n' => self.out.extend(b"\\n"),
                b'\r' => self.out.extend(b"\\r"),
                b'\t' => self.out.extend(b"\\t"),
                other => self.out.extend(format!("\\u{other:04x}").bytes()),
            }
            let end = plain_run(bytes, at + 1);
            self.out.extend_from_slice(bytes.get(at + 1..end).unwrap_or_default());
            at = end;
        }
    }

    /// Writes what is rare enough to leave it to `serde_json`.
    fn rarely<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Unwritable> {
        self.inside()?;
        serde_json::to_writer(&mut self.out, value).map_err(serde::ser::Error::custom)
    }
}

impl fmt::Display for Unwritable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotAnObject => f.write_str("the claims must be a struct or a map"),
            Self::Problem(problem) => f.write_str(problem),
        }
    }
}

impl std::error::Error for Unwritable {}

impl serde::ser::Error for Unwritable {
    fn custom<T: fmt::Display>(problem: T) -> Self {
        Self::Problem(problem.to_string().into())
    }
}

#[cfg(test)]
mod tests;
