//! Strict JSON (RFC 8259) for documents that decide about trust.
//!
//! One pass over the text writes a flat tape of nodes: well-formedness, depth, numbers, escapes and duplicate names are
//! settled once, for every member, also those nobody asks for. Claims and the caller's own struct are then read from the
//! tape, without touching the text's syntax again.
//!
//! The tape decides. For payloads without surprises there is a [`reader`], which needs no tape and gives up where it is not
//! sure. What we sign is written by a [`writer`] that leaves its doubts to the tape as well.

mod de;
mod names;
pub(crate) mod reader;
mod scan;
mod seen;
mod string;
mod words;
pub(crate) mod writer;

use std::borrow::Cow;

pub(crate) use scan::Limits;
use words::to_u32;

/// What a node of the tape is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Null,
    False,
    True,
    /// An integer that fits an `i64` or a `u64`.
    Integer,
    /// Any other number; finite as an `f64`.
    Float,
    /// A string whose text stands in the source as it is.
    Plain,
    /// A string with at least one escape sequence.
    Escaped,
    Array,
    Object,
}

/// One value or member name. For strings, `start..end` excludes the quotes; for containers, `end` is the number of
/// children (members or elements).
#[derive(Clone, Copy, Debug)]
struct Node {
    kind: Kind,
    start: u32,
    end: u32,
    /// Index of the node after this one and everything inside it.
    next: u32,
}

/// A stretch of a text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Span {
    start: u32,
    end: u32,
}

impl Span {
    #[inline]
    pub(crate) fn new(start: usize, end: usize) -> Self {
        Self { start: to_u32(start), end: to_u32(end) }
    }

    /// Returns the stretch of the text it was made for.
    #[inline]
    pub(crate) fn of(self, text: &str) -> &str {
        text.get(self.start as usize..self.end as usize).unwrap_or_default()
    }

    /// Returns what is left without the first and the last byte: the quotes of a string, the brackets of an array.
    #[inline]
    pub(crate) fn inside(self) -> Self {
        Self { start: self.start + 1, end: self.end.saturating_sub(1) }
    }
}

/// A document known to be well-formed, within its limits and without a duplicate name.
#[derive(Debug)]
pub(crate) struct Document<'a> {
    text: &'a str,
    tape: Vec<Node>,
}

impl<'a> Document<'a> {
    /// Returns the top-level value.
    pub(crate) fn root(&self) -> Value<'_, 'a> {
        Value { document: self, index: 0 }
    }

    /// Returns the source text.
    pub(crate) fn text(&self) -> &'a str {
        self.text
    }

    #[inline]
    fn node(&self, index: usize) -> Node {
        self.tape[index]
    }

    #[inline]
    fn source(&self, node: Node) -> &'a str {
        &self.text[node.start as usize..node.end as usize]
    }
}

/// A value inside a [`Document`].
#[derive(Clone, Copy, Debug)]
pub(crate) struct Value<'d, 'a> {
    document: &'d Document<'a>,
    index: usize,
}

impl<'d, 'a> Value<'d, 'a> {
    #[inline]
    pub(crate) fn kind(self) -> Kind {
        self.node().kind
    }

    /// Returns what JSON calls this kind of value, for messages.
    pub(crate) fn kind_name(self) -> &'static str {
        match self.kind() {
            Kind::Null => "null",
            Kind::False | Kind::True => "a boolean",
            Kind::Integer | Kind::Float => "a number",
            Kind::Plain | Kind::Escaped => "a string",
            Kind::Array => "an array",
            Kind::Object => "an object",
        }
    }

    pub(crate) fn is_object(self) -> bool {
        self.kind() == Kind::Object
    }

    /// Returns the text of a string.
    #[inline]
    pub(crate) fn as_str(self) -> Option<Cow<'a, str>> {
        let node = self.node();
        match node.kind {
            Kind::Plain => Some(Cow::Borrowed(self.document.source(node))),
            Kind::Escaped => Some(Cow::Owned(string::unescape(self.document.source(node)))),
            _ => None,
        }
    }

    /// Returns where the text of a string stands, without its quotes and with its escapes.
    pub(crate) fn span(self) -> Span {
        let node = self.node();
        Span { start: node.start, end: node.end }
    }

    pub(crate) fn as_bool(self) -> Option<bool> {
        match self.kind() {
            Kind::False => Some(false),
            Kind::True => Some(true),
            _ => None,
        }
    }

    /// Returns the number as it is written.
    pub(crate) fn as_number(self) -> Option<&'a str> {
        matches!(self.kind(), Kind::Integer | Kind::Float).then(|| self.source())
    }

    /// Returns the members of an object in order; nothing for other kinds.
    pub(crate) fn members(self) -> impl Iterator<Item = (Cow<'a, str>, Value<'d, 'a>)> {
        self.member_nodes().map(|(name, value)| (name.as_str().unwrap_or_default(), value))
    }

    /// Returns the members' names with where each starts in the text.
    pub(crate) fn named_offsets(self) -> impl Iterator<Item = (Cow<'a, str>, usize)> {
        self.member_nodes()
            .map(|(name, _)| (name.as_str().unwrap_or_default(), name.node().start as usize - 1))
    }

    /// Returns the members' names.
    fn names(self) -> impl Iterator<Item = Value<'d, 'a>> {
        self.member_nodes().map(|(name, _)| name)
    }

    /// Returns the elements of an array in order; nothing for other kinds.
    pub(crate) fn elements(self) -> impl Iterator<Item = Value<'d, 'a>> {
        let count = if self.kind() == Kind::Array { self.node().end } else { 0 };
        let mut index = self.index + 1;
        (0..count).map(move |_| {
            let value = Value { document: self.document, index };
            index = value.node().next as usize;
            value
        })
    }

    fn member_nodes(self) -> impl Iterator<Item = (Value<'d, 'a>, Value<'d, 'a>)> {
        let count = if self.is_object() { self.node().end } else { 0 };
        let mut index = self.index + 1;
        (0..count).map(move |_| {
            let name = Value { document: self.document, index };
            let value = Value { document: self.document, index: index + 1 };
            index = value.node().next as usize;
            (name, value)
        })
    }

    #[inline]
    fn node(self) -> Node {
        self.document.node(self.index)
    }

    #[inline]
    fn source(self) -> &'a str {
        self.document.source(self.node())
    }
}
