use std::fmt;

use super::names::Suspicion;
use super::{Document, Kind, Node, string};

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
        let refused = |fault| Problem { fault, duplicate: None };
        let text = std::str::from_utf8(bytes).map_err(|_| refused(Fault::NotUtf8))?;
        if u32::try_from(bytes.len()).is_err() {
            return Err(refused(Fault::TooLong));
        }
        // A node per six bytes of text fits the usual token without growing.
        let tape = Vec::with_capacity(8 + bytes.len() / 6);
        let mut scanner = Scanner { text, bytes, pos: 0, tape, limits, duplicate: None };
        match scanner.document() {
            Ok(()) => Ok(Self { text, tape: scanner.tape }),
            Err(fault) => Err(Problem { fault, duplicate: scanner.duplicate }),
        }
    }
}

struct Scanner<'a> {
    text: &'a str,
    bytes: &'a [u8],
    pos: usize,
    tape: Vec<Node>,
    limits: Limits,
    duplicate: Option<String>,
}

impl<'a> Scanner<'a> {
    fn document(&mut self) -> Result<(), Fault> {
        self.skip_space();
        self.value(0)?;
        self.skip_space();
        if self.pos == self.bytes.len() { Ok(()) } else { Err(Fault::Trailing(to_u32(self.pos))) }
    }

    fn value(&mut self, depth: u8) -> Result<(), Fault> {
        match self.peek() {
            Some(b'"') => self.string().map(|_| ()),
            Some(b'{') => self.object(depth),
            Some(b'[') => self.array(depth),
            Some(b'-' | b'0'..=b'9') => self.number(),
            Some(b't') => self.literal("true", Kind::True),
            Some(b'f') => self.literal("false", Kind::False),
            Some(b'n') => self.literal("null", Kind::Null),
            Some(_) => Err(Fault::Unexpected(to_u32(self.pos))),
            None => Err(Fault::UnexpectedEnd),
        }
    }

    fn object(&mut self, depth: u8) -> Result<(), Fault> {
        let container = self.open(Kind::Object, depth)?;
        let mut suspicion = Suspicion::default();
        let mut count = 0;
        self.skip_space();
        if self.peek() == Some(b'}') {
            self.pos += 1;
            return self.close(container, count);
        }
        loop {
            if self.peek() != Some(b'"') {
                return Err(self.unexpected());
            }
            let start = self.pos + 1;
            let kind = self.string()?;
            suspicion.note(self.bytes.get(start..self.pos - 1).unwrap_or_default(), kind);
            self.skip_space();
            self.expect(b':')?;
            self.skip_space();
            self.value(depth + 1)?;
            count += 1;
            if self.list_ends(b'}', count)? {
                break;
            }
        }
        match suspicion.duplicate(self.text, &self.tape, container + 1) {
            Some(name) => {
                self.duplicate = Some(name);
                Err(Fault::Duplicate)
            }
            None => self.close(container, count),
        }
    }

    fn array(&mut self, depth: u8) -> Result<(), Fault> {
        let container = self.open(Kind::Array, depth)?;
        let mut count = 0;
        self.skip_space();
        if self.peek() == Some(b']') {
            self.pos += 1;
            return self.close(container, count);
        }
        loop {
            self.value(depth + 1)?;
            count += 1;
            if self.list_ends(b']', count)? {
                break;
            }
        }
        self.close(container, count)
    }

    /// Steps over the comma to the next child, or over the closing bracket.
    #[inline]
    fn list_ends(&mut self, closing: u8, count: u32) -> Result<bool, Fault> {
        self.skip_space();
        match self.peek() {
            Some(b',') if count >= self.limits.children => Err(Fault::TooManyChildren(self.limits.children)),
            Some(b',') => {
                self.pos += 1;
                self.skip_space();
                Ok(false)
            }
            Some(byte) if byte == closing => {
                self.pos += 1;
                Ok(true)
            }
            _ => Err(self.unexpected()),
        }
    }

    fn open(&mut self, kind: Kind, depth: u8) -> Result<usize, Fault> {
        if depth >= self.limits.depth {
            return Err(Fault::TooDeep(u32::from(self.limits.depth)));
        }
        self.pos += 1;
        self.push(kind, self.pos, self.pos);
        Ok(self.tape.len() - 1)
    }

    fn close(&mut self, container: usize, count: u32) -> Result<(), Fault> {
        let next = to_u32(self.tape.len());
        let node = self.tape.get_mut(container).ok_or(Fault::UnexpectedEnd)?;
        node.end = count;
        node.next = next;
        Ok(())
    }

    #[inline]
    fn string(&mut self) -> Result<Kind, Fault> {
        self.pos += 1;
        let start = self.pos;
        let mut kind = Kind::Plain;
        loop {
            self.pos = string::plain_run(self.bytes, self.pos);
            match self.peek() {
                Some(b'"') => break,
                Some(b'\\') => {
                    kind = Kind::Escaped;
                    self.pos += string::escape_len(self.rest())?;
                }
                Some(_) => return Err(Fault::ControlCharacter(to_u32(self.pos))),
                None => return Err(Fault::UnexpectedEnd),
            }
        }
        self.push(kind, start, self.pos);
        self.pos += 1;
        Ok(kind)
    }

    fn number(&mut self) -> Result<(), Fault> {
        let start = self.pos;
        if self.peek() == Some(b'-') {
            self.pos += 1;
        }
        let leading_zero = self.peek() == Some(b'0');
        let digits = self.digits();
        if digits == 0 || (leading_zero && digits > 1) {
            return Err(Fault::BadNumber(to_u32(start)));
        }
        let mut integer = true;
        if self.peek() == Some(b'.') {
            integer = false;
            self.pos += 1;
            if self.digits() == 0 {
                return Err(Fault::BadNumber(to_u32(start)));
            }
        }
        if matches!(self.peek(), Some(b'e' | b'E')) {
            integer = false;
            self.pos += 1;
            if matches!(self.peek(), Some(b'+' | b'-')) {
                self.pos += 1;
            }
            if self.digits() == 0 {
                return Err(Fault::BadNumber(to_u32(start)));
            }
        }
        let source = &self.text[start..self.pos];
        // 18 digits always fit an i64; only longer ones and fractions are worth a second look.
        let kind =
            if integer && (digits <= 18 || source.parse::<i64>().is_ok() || source.parse::<u64>().is_ok()) {
                Kind::Integer
            } else if source.parse::<f64>().is_ok_and(f64::is_finite) {
                Kind::Float
            } else {
                return Err(Fault::BadNumber(to_u32(start)));
            };
        self.push(kind, start, self.pos);
        Ok(())
    }

    fn literal(&mut self, word: &str, kind: Kind) -> Result<(), Fault> {
        if !self.rest().starts_with(word.as_bytes()) {
            return Err(Fault::Unexpected(to_u32(self.pos)));
        }
        self.push(kind, self.pos, self.pos + word.len());
        self.pos += word.len();
        Ok(())
    }

    fn digits(&mut self) -> usize {
        let count = self.rest().iter().take_while(|byte| byte.is_ascii_digit()).count();
        self.pos += count;
        count
    }

    #[inline]
    fn skip_space(&mut self) {
        // Compact JSON has no white space: one comparison settles most calls.
        while self.peek().is_some_and(|byte| byte <= b' ' && matches!(byte, b' ' | b'\t' | b'\n' | b'\r')) {
            self.pos += 1;
        }
    }

    fn expect(&mut self, byte: u8) -> Result<(), Fault> {
        if self.peek() == Some(byte) {
            self.pos += 1;
            Ok(())
        } else {
            Err(self.unexpected())
        }
    }

    fn unexpected(&self) -> Fault {
        if self.pos < self.bytes.len() { Fault::Unexpected(to_u32(self.pos)) } else { Fault::UnexpectedEnd }
    }

    #[inline]
    fn push(&mut self, kind: Kind, start: usize, end: usize) {
        let next = to_u32(self.tape.len() + 1);
        self.tape.push(Node { kind, start: to_u32(start), end: to_u32(end), next });
    }

    #[inline]
    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.pos).copied()
    }

    #[inline]
    fn rest(&self) -> &'a [u8] {
        self.bytes.get(self.pos..).unwrap_or_default()
    }
}

/// Positions fit: `parse` refused longer texts, and a node takes at least one byte of text.
#[expect(clippy::cast_possible_truncation, reason = "see above")]
const fn to_u32(position: usize) -> u32 {
    position as u32
}
