//! Makes a request of an operation that its service should take: values from schemas, examples first.

mod body;
mod merge;
mod number;
mod pattern;
mod query;
mod request;
mod text;
mod value;

pub(crate) use request::{Draft, Parts, draft, path_segment};

/// How a request is made: the same operation may be tried in several ways until its service takes one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Variant {
    /// Whether members that may be left out are there.
    pub(crate) whole: bool,
    /// Whether the document's examples are used where there are any.
    pub(crate) examples: bool,
    /// Which of the body's media types is used.
    pub(crate) media: usize,
}

impl Variant {
    /// Returns the ways to try, the most promising first.
    pub(crate) fn all(media_types: usize) -> impl Iterator<Item = Self> {
        let ways = [(false, true), (true, true), (false, false), (true, false)];
        (0..media_types.clamp(1, 3))
            .flat_map(move |media| ways.map(|(whole, examples)| Self { whole, examples, media }))
    }
}

/// What makes the free text of one request unlike that of every other.
///
/// A service that wants names to be unique is content, and what was stored in spite of a refusal can be found again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Mark(String);

impl Mark {
    pub(crate) fn new(run: &str, number: u64) -> Self {
        // Of one length, so that no mark is the beginning of another: no run sends ten million requests.
        Self(format!("audit-{run}-{number:07}"))
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns whether a text holds all of it, as a word or as a UUID, so that nobody can have used that text before.
    pub(crate) fn is_in(&self, text: &str) -> bool {
        text.contains(self.as_str()) || text.contains(&text::uuid(self))
    }
}
