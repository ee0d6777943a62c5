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
        let mut scanner = Scanner { text, bytes, tape, limits, duplicate: None };
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

impl<'a> Scanner<'a> {
    fn document(&mut self) -> Result<(), Fault> {
        let end = self.value(self.after_space(0), 0)?;
        let end = self.after_space(end);
        if end == self.bytes.len() { Ok(()) } else { Err(Fault::Trailing(to_u32(end))) }
    }

    fn value(&mut self, at: usize, depth: u8) -> Result<usize, Fault> {
        match self.peek(at) {
            Some(b'"') => self.string(at + 1).map(|(_, end)| end),
            Some(b'{') => self.object(at, depth),
            Some(b'[') => self.array(at, depth),
            Some(b'-' | b'0'..=b'9') => self.number(at),
            Some(b't') => self.literal(at, "true", Kind::True),
            Some(b'f') => self.literal(at, "false", Kind::False),
            Some(b'n') => self.literal(at, "null", Kind::Null),
            Some(_) => Err(Fault::Unexpected(to_u32(at))),
            None => Err(Fault::UnexpectedEnd),
        }
    }

    fn object(&mut self, at: usize, depth: u8) -> Result<usize, Fault> {
        let container = self.open(Kind::Object, at, depth)?;
        let mut suspicion = Suspicion::default();
        let mut count = 0;
        let mut at = self.after_space(at + 1);
        if self.peek(at) == Some(b'}') {
            self.close(container, count)?;
            return Ok(at + 1);
        }
        loop {
            let start = self.after(at, b'"')?;
            let (kind, end) = self.string(start)?;
            suspicion.note(self.bytes.get(start..end - 1).unwrap_or_default(), kind);
            let colon = self.after_space(end);
            at = self.after_space(self.after(colon, b':')?);
            // What most members hold, without the detour.
            at = match self.peek(at) {
                Some(b'"') => self.string(at + 1)?.1,
                _ => self.value(at, depth + 1)?,
            };
            count += 1;
            let next = self.next_child(at, b'}', count)?;
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
        let mut at = self.after_space(at + 1);
        if self.peek(at) == Some(b']') {
            self.close(container, count)?;
            return Ok(at + 1);
        }
        loop {
            at = self.value(at, depth + 1)?;
            count += 1;
            let next = self.next_child(at, b']', count)?;
            at = next.position;
            if next.ends {
                break;
            }
        }
        self.close(container, count).map(|()| at)
    }

    /// Steps over the comma to the next child, or over the closing bracket.
    #[inline]
    fn next_child(&self, at: usize, closing: u8, count: u32) -> Result<Next, Fault> {
        let at = self.after_space(at);
        match self.peek(at) {
            Some(b',') if count >= self.limits.children => Err(Fault::TooManyChildren(self.limits.children)),
            Some(b',') => Ok(Next { position: self.after_space(at + 1), ends: false }),
            Some(byte) if byte == closing => Ok(Next { position: at + 1, ends: true }),
            _ => Err(self.unexpected(at)),
        }
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
    #[inline]
    fn string(&mut self, start: usize) -> Result<(Kind, usize), Fault> {
        let end = string::plain_run(self.bytes, start);
        let (kind, end) = match self.peek(end) {
            Some(b'"') => (Kind::Plain, end),
            _ => (Kind::Escaped, self.end_of_escaped(end)?),
        };
        self.push(kind, start, end);
        Ok((kind, end + 1))
    }

    /// Returns where the string ends that has something at `at` which is neither plain nor its end.
    #[cold]
    fn end_of_escaped(&self, mut at: usize) -> Result<usize, Fault> {
        loop {
            match self.peek(at) {
                Some(b'"') => return Ok(at),
                Some(b'\\') => at += string::escape_len(self.rest(at))?,
                Some(_) => return Err(Fault::ControlCharacter(to_u32(at))),
                None => return Err(Fault::UnexpectedEnd),
            }
            at = string::plain_run(self.bytes, at);
        }
    }

    fn number(&mut self, start: usize) -> Result<usize, Fault> {
        let malformed = Err(Fault::BadNumber(to_u32(start)));
        let mut at = start + usize::from(self.peek(start) == Some(b'-'));
        let leading_zero = self.peek(at) == Some(b'0');
        let digits = self.digits(at);
        if digits == 0 || (leading_zero && digits > 1) {
            return malformed;
        }
        at += digits;
        let mut integer = true;
        if self.peek(at) == Some(b'.') {
            integer = false;
            let digits = self.digits(at + 1);
            if digits == 0 {
                return malformed;
            }
            at += 1 + digits;
        }
        if matches!(self.peek(at), Some(b'e' | b'E')) {
            integer = false;
            at += 1 + usize::from(matches!(self.peek(at + 1), Some(b'+' | b'-')));
            let digits = self.digits(at);
            if digits == 0 {
                return malformed;
            }
            at += digits;
        }
        // 18 digits always fit an i64; only longer ones and fractions are worth a second look.
        let kind = if integer && digits <= 18 {
            Kind::Integer
        } else {
            let source = &self.text[start..at];
            if integer && (source.parse::<i64>().is_ok() || source.parse::<u64>().is_ok()) {
                Kind::Integer
            } else if source.parse::<f64>().is_ok_and(f64::is_finite) {
                Kind::Float
            } else {
                return malformed;
            }
        };
        self.push(kind, start, at);
        Ok(at)
    }

    fn literal(&mut self, at: usize, word: &str, kind: Kind) -> Result<usize, Fault> {
        if !self.rest(at).starts_with(word.as_bytes()) {
            return Err(Fault::Unexpected(to_u32(at)));
        }
        let end = at + word.len();
        self.push(kind, at, end);
        Ok(end)
    }

    fn digits(&self, at: usize) -> usize {
        self.rest(at).iter().take_while(|byte| byte.is_ascii_digit()).count()
    }

    #[inline]
    fn after_space(&self, mut at: usize) -> usize {
        // Compact JSON has no white space: one comparison settles most calls.
        while self.peek(at).is_some_and(|byte| byte <= b' ' && matches!(byte, b' ' | b'\t' | b'\n' | b'\r')) {
            at += 1;
        }
        at
    }

    #[inline]
    fn after(&self, at: usize, byte: u8) -> Result<usize, Fault> {
        if self.peek(at) == Some(byte) { Ok(at + 1) } else { Err(self.unexpected(at)) }
    }

    fn unexpected(&self, at: usize) -> Fault {
        if at < self.bytes.len() { Fault::Unexpected(to_u32(at)) } else { Fault::UnexpectedEnd }
    }

    #[inline]
    fn push(&mut self, kind: Kind, start: usize, end: usize) {
        let next = to_u32(self.tape.len() + 1);
        self.tape.push(Node { kind, start: to_u32(start), end: to_u32(end), next });
    }

    #[inline]
    fn peek(&self, at: usize) -> Option<u8> {
        self.bytes.get(at).copied()
    }

    #[inline]
    fn rest(&self, at: usize) -> &'a [u8] {
        self.bytes.get(at..).unwrap_or_default()
    }
}

/// Where the next child of a container starts, or where the container ended.
struct Next {
    position: usize,
    ends: bool,
}

/// Positions fit: `parse` refused longer texts, and a node takes at least one byte of text.
#[expect(clippy::cast_possible_truncation, reason = "see above")]
const fn to_u32(position: usize) -> u32 {
    position as u32
}
