use std::fmt;

use super::names::Suspicion;
use super::words::{self, after, after_space, peek, to_u32, unexpected};
use super::{Document, Kind, Node};

/// How far a document may go. Its length is the caller's to limit, before it comes here.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    /// Containers inside one another; the top-level object is the first.
    pub(crate) depth: u8,
    /// Members of one object, or elements of one array.
    pub(crate) children: u32,
}

/// Why a text is not an acceptable JSON document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Problem {
    fault: Fault,
    /// The name that stands twice, if that is the fault.
    duplicate: Option<String>,
}

impl Problem {
    /// Returns the name that stands twice in one object, if that is the problem.
    pub(crate) fn into_duplicate(self) -> Result<String, Self> {
        match self.duplicate {
            Some(name) => Ok(name),
            None => Err(self),
        }
    }
}

impl From<Fault> for Problem {
    fn from(fault: Fault) -> Self {
        Self { fault, duplicate: None }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.duplicate {
            Some(name) => write!(f, "the name {name:?} stands twice in one object"),
            None => fmt::Display::fmt(&self.fault, f),
        }
    }
}

/// What the scanner stops at. Small enough to be handed up in registers: the scanner is the hot path.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Fault {
    #[error("it is not UTF-8")]
    NotUtf8,
    #[error("it is longer than 4 GiB")]
    TooLong,
    #[error("it ends too early")]
    UnexpectedEnd,
    #[error("unexpected character at byte {0}")]
    Unexpected(u32),
    #[error("text follows the end of the document at byte {0}")]
    Trailing(u32),
    #[error("a control character stands inside a string at byte {0}")]
    ControlCharacter(u32),
    #[error("a string holds an unknown escape sequence")]
    BadEscape,
    #[error("a string holds half of a surrogate pair")]
    LoneSurrogate,
    #[error("the number at byte {0} is malformed or too large")]
    BadNumber(u32),
    #[error("it nests deeper than {0} levels")]
    TooDeep(u32),
    #[error("an object or array has more than {0} children")]
    TooManyChildren(u32),
    #[error("a name stands twice in one object")]
    Duplicate,
}

impl<'a> Document<'a> {
    /// Checks the whole text and returns the document.
    pub(crate) fn parse(bytes: &'a [u8], limits: Limits) -> Result<Self, Problem> {
        Self::parse_text(std::str::from_utf8(bytes).map_err(|_| Fault::NotUtf8)?, limits)
    }

    /// Does the same for what is known to be UTF-8.
    pub(crate) fn parse_text(text: &'a str, limits: Limits) -> Result<Self, Problem> {
        if u32::try_from(text.len()).is_err() {
            return Err(Fault::TooLong.into());
        }
        // A node per six bytes of text fits the usual token without growing.
        let tape = Vec::with_capacity(8 + text.len() / 6);
        let mut scanner = Scanner { text, bytes: text.as_bytes(), tape, limits, duplicate: None };
        match scanner.document() {
            Ok(()) => Ok(Self { text, tape: scanner.tape }),
            Err(fault) => Err(Problem { fault, duplicate: scanner.duplicate }),
        }
    }
}

/// Each step takes the position it starts at and returns the one it ended at: a position kept in here would be stored and
/// loaded again at every byte that matters.
struct Scanner<'a> {
    text: &'a str,
    bytes: &'a [u8],
    tape: Vec<Node>,
    limits: Limits,
    duplicate: Option<String>,
}

impl Scanner<'_> {
    fn document(&mut self) -> Result<(), Fault> {
        let end = self.value(after_space(self.bytes, 0), 0)?;
        let end = after_space(self.bytes, end);
        if end == self.bytes.len() { Ok(()) } else { Err(Fault::Trailing(to_u32(end))) }
    }

    fn value(&mut self, at: usize, depth: u8) -> Result<usize, Fault> {
        match peek(self.bytes, at) {
            Some(b'"') => self.string(at + 1).map(|(_, end)| end),
            Some(b'{') => self.object(at, depth),
            Some(b'[') => self.array(at, depth),
            Some(b'-' | b'0'..=b'9') => self.number(at),
            Some(b't') => self.literal(at, "true", Kind::True),
            Some(b'f') => self.literal(at, "false", Kind::False),
            Some(b'n') => self.literal(at, "null", Kind::Null),
            _ => Err(unexpected(self.bytes, at)),
        }
    }

    fn object(&mut self, at: usize, depth: u8) -> Result<usize, Fault> {
        let container = self.open(Kind::Object, at, depth)?;
        let mut suspicion = Suspicion::default();
        let mut count = 0;
        let mut at = after_space(self.bytes, at + 1);
        if peek(self.bytes, at) == Some(b'}') {
            self.close(container, count)?;
            return Ok(at + 1);
        }
        loop {
            let start = after(self.bytes, at, b'"')?;
            let (kind, end) = self.string(start)?;
            suspicion.note(self.bytes.get(start..end - 1).unwrap_or_default(), kind);
            let colon = after_space(self.bytes, end);
            at = after_space(self.bytes, after(self.bytes, colon, b':')?);
            at = self.value(at, depth + 1)?;
            count += 1;
            let next = next_child(self.bytes, at, b'}', count, self.limits)?;
            at = next.position;
            if next.ends {
                break;
            }
        }
        match suspicion.duplicate(self.text, &self.tape, container + 1) {
            Some(name) => {
                self.duplicate = Some(name);
                Err(Fault::Duplicate)
            }
            None => self.close(container, count).map(|()| at),
        }
    }

    fn array(&mut self, at: usize, depth: u8) -> Result<usize, Fault> {
        let container = self.open(Kind::Array, at, depth)?;
        let mut count = 0;
        let mut at = after_space(self.bytes, at + 1);
        if peek(self.bytes, at) == Some(b']') {
            self.close(container, count)?;
            return Ok(at + 1);
        }
        loop {
            at = self.value(at, depth + 1)?;
            count += 1;
            let next = next_child(self.bytes, at, b']', count, self.limits)?;
            at = next.position;
            if next.ends {
                break;
            }
        }
        self.close(container, count).map(|()| at)
    }

    fn open(&mut self, kind: Kind, at: usize, depth: u8) -> Result<usize, Fault> {
        if depth >= self.limits.depth {
            return Err(Fault::TooDeep(u32::from(self.limits.depth)));
        }
        self.push(kind, at + 1, at + 1);
        Ok(self.tape.len() - 1)
    }

    fn close(&mut self, container: usize, count: u32) -> Result<(), Fault> {
        let next = to_u32(self.tape.len());
        let node = self.tape.get_mut(container).ok_or(Fault::UnexpectedEnd)?;
        node.end = count;
        node.next = next;
        Ok(())
    }

    /// Reads the string whose inside starts at `start`; returns the position after its closing quote.
    fn string(&mut self, start: usize) -> Result<(Kind, usize), Fault> {
        let (kind, end) = words::string(self.bytes, start)?;
        self.push(kind, start, end);
        Ok((kind, end + 1))
    }

    fn number(&mut self, start: usize) -> Result<usize, Fault> {
        let number = words::number(self.text, start)?;
        self.push(number.kind, start, number.end);
        Ok(number.end)
    }

    fn literal(&mut self, at: usize, word: &str, kind: Kind) -> Result<usize, Fault> {
        let end = words::literal(self.bytes, at, word)?;
        self.push(kind, at, end);
        Ok(end)
    }

    #[inline]
    fn push(&mut self, kind: Kind, start: usize, end: usize) {
        let next = to_u32(self.tape.len() + 1);
        self.tape.push(Node { kind, start: to_u32(start), end: to_u32(end), next });
    }
}

/// Where the next child of a container starts, or where the container ended.
pub(super) struct Next {
    pub(super) position: usize,
    pub(super) ends: bool,
}

/// Steps from the end of the child number `count` over the comma to the next one, or over the closing bracket.
#[inline]
pub(super) fn next_child(
    bytes: &[u8],
    at: usize,
    closing: u8,
    count: u32,
    limits: Limits,
) -> Result<Next, Fault> {
    let at = after_space(bytes, at);
    match peek(bytes, at) {
        Some(b',') if count >= limits.children => Err(Fault::TooManyChildren(limits.children)),
        Some(b',') => Ok(Next { position: after_space(bytes, at + 1), ends: false }),
        Some(byte) if byte == closing => Ok(Next { position: at + 1, ends: true }),
        _ => Err(unexpected(bytes, at)),
    }
}
