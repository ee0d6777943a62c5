use super::{Document, Kind, Node, names, string};

/// How far a document may go. Its length is the caller's to limit, before it comes here.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    /// Containers inside one another; the top-level object is the first.
    pub(crate) depth: u8,
    /// Members of one object, or elements of one array.
    pub(crate) children: u32,
}

/// Why a text is not an acceptable JSON document.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Problem {
    #[error("it is not UTF-8")]
    NotUtf8,
    #[error("it is longer than {0} bytes")]
    TooLong(usize),
    #[error("it ends too early")]
    UnexpectedEnd,
    #[error("unexpected character at byte {0}")]
    Unexpected(usize),
    #[error("text follows the end of the document at byte {0}")]
    Trailing(usize),
    #[error("a control character stands inside a string at byte {0}")]
    ControlCharacter(usize),
    #[error("a string holds an unknown escape sequence")]
    BadEscape,
    #[error("a string holds half of a surrogate pair")]
    LoneSurrogate,
    #[error("the number at byte {0} is malformed or too large")]
    BadNumber(usize),
    #[error("it nests deeper than {0} levels")]
    TooDeep(u8),
    #[error("an object or array has more than {0} children")]
    TooManyChildren(u32),
    #[error("the name {0:?} stands twice in one object")]
    Duplicate(String),
}

impl<'a> Document<'a> {
    /// Checks the whole text and returns the document.
    pub(crate) fn parse(bytes: &'a [u8], limits: Limits) -> Result<Self, Problem> {
        let text = std::str::from_utf8(bytes).map_err(|_| Problem::NotUtf8)?;
        if u32::try_from(bytes.len()).is_err() {
            return Err(Problem::TooLong(u32::MAX as usize));
        }
        // A node per six bytes of text fits the usual token without growing.
        let mut scanner = Scanner { text, pos: 0, tape: Vec::with_capacity(8 + bytes.len() / 6), limits };
        scanner.skip_space();
        scanner.value(0)?;
        scanner.skip_space();
        if scanner.pos != bytes.len() {
            return Err(Problem::Trailing(scanner.pos));
        }
        Ok(Self { text, tape: scanner.tape })
    }
}

struct Scanner<'a> {
    text: &'a str,
    pos: usize,
    tape: Vec<Node>,
    limits: Limits,
}

impl Scanner<'_> {
    fn value(&mut self, depth: u8) -> Result<(), Problem> {
        match self.peek() {
            Some(b'"') => self.string(),
            Some(b'{') => self.object(depth),
            Some(b'[') => self.array(depth),
            Some(b'-' | b'0'..=b'9') => self.number(),
            Some(b't') => self.literal("true", Kind::True),
            Some(b'f') => self.literal("false", Kind::False),
            Some(b'n') => self.literal("null", Kind::Null),
            Some(_) => Err(Problem::Unexpected(self.pos)),
            None => Err(Problem::UnexpectedEnd),
        }
    }

    fn object(&mut self, depth: u8) -> Result<(), Problem> {
        let container = self.open(Kind::Object, depth)?;
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
            self.string()?;
            self.skip_space();
            self.expect(b':')?;
            self.skip_space();
            self.value(depth + 1)?;
            count += 1;
            if self.list_ends(b'}', count)? {
                break;
            }
        }
        match names::duplicate(self.text, &self.tape, container + 1, count as usize) {
            Some(name) => Err(Problem::Duplicate(name)),
            None => self.close(container, count),
        }
    }

    fn array(&mut self, depth: u8) -> Result<(), Problem> {
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
    fn list_ends(&mut self, closing: u8, count: u32) -> Result<bool, Problem> {
        self.skip_space();
        match self.peek() {
            Some(b',') if count >= self.limits.children => {
                Err(Problem::TooManyChildren(self.limits.children))
            }
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

    fn open(&mut self, kind: Kind, depth: u8) -> Result<usize, Problem> {
        if depth >= self.limits.depth {
            return Err(Problem::TooDeep(self.limits.depth));
        }
        self.pos += 1;
        self.push(kind, self.pos, self.pos);
        Ok(self.tape.len() - 1)
    }

    fn close(&mut self, container: usize, count: u32) -> Result<(), Problem> {
        let next = to_u32(self.tape.len());
        let node = self.tape.get_mut(container).ok_or(Problem::UnexpectedEnd)?;
        node.end = count;
        node.next = next;
        Ok(())
    }

    fn string(&mut self) -> Result<(), Problem> {
        self.pos += 1;
        let start = self.pos;
        let mut kind = Kind::Plain;
        loop {
            self.pos += string::plain_run(self.rest());
            match self.peek() {
                Some(b'"') => break,
                Some(b'\\') => {
                    kind = Kind::Escaped;
                    self.pos += string::escape_len(self.rest())?;
                }
                Some(_) => return Err(Problem::ControlCharacter(self.pos)),
                None => return Err(Problem::UnexpectedEnd),
            }
        }
        self.push(kind, start, self.pos);
        self.pos += 1;
        Ok(())
    }

    fn number(&mut self) -> Result<(), Problem> {
        let start = self.pos;
        if self.peek() == Some(b'-') {
            self.pos += 1;
        }
        let leading_zero = self.peek() == Some(b'0');
        let digits = self.digits();
        if digits == 0 || (leading_zero && digits > 1) {
            return Err(Problem::BadNumber(start));
        }
        let mut integer = true;
        if self.peek() == Some(b'.') {
            integer = false;
            self.pos += 1;
            if self.digits() == 0 {
                return Err(Problem::BadNumber(start));
            }
        }
        if matches!(self.peek(), Some(b'e' | b'E')) {
            integer = false;
            self.pos += 1;
            if matches!(self.peek(), Some(b'+' | b'-')) {
                self.pos += 1;
            }
            if self.digits() == 0 {
                return Err(Problem::BadNumber(start));
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
                return Err(Problem::BadNumber(start));
            };
        self.push(kind, start, self.pos);
        Ok(())
    }

    fn literal(&mut self, word: &str, kind: Kind) -> Result<(), Problem> {
        if !self.rest().starts_with(word.as_bytes()) {
            return Err(Problem::Unexpected(self.pos));
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

    fn skip_space(&mut self) {
        while let Some(b' ' | b'\t' | b'\n' | b'\r') = self.peek() {
            self.pos += 1;
        }
    }

    fn expect(&mut self, byte: u8) -> Result<(), Problem> {
        if self.peek() == Some(byte) {
            self.pos += 1;
            Ok(())
        } else {
            Err(self.unexpected())
        }
    }

    fn unexpected(&self) -> Problem {
        if self.pos < self.text.len() { Problem::Unexpected(self.pos) } else { Problem::UnexpectedEnd }
    }

    fn push(&mut self, kind: Kind, start: usize, end: usize) {
        let next = to_u32(self.tape.len() + 1);
        self.tape.push(Node { kind, start: to_u32(start), end: to_u32(end), next });
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.pos).copied()
    }

    fn rest(&self) -> &[u8] {
        self.text.as_bytes().get(self.pos..).unwrap_or_default()
    }
}

/// Positions fit: `parse` refused longer texts, and a node takes at least one byte of text.
fn to_u32(position: usize) -> u32 {
    u32::try_from(position).unwrap_or(u32::MAX)
}
