use std::fmt;
use std::io::{self, Write};

use crate::edge::environment;

/// Whether to use colour and weight.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Style {
    /// Plain text, for pipes, files, dumb terminals and people who asked for it.
    Plain,
    /// ANSI escapes.
    Colour,
}

impl Style {
    /// Returns what suits a stream. `NO_COLOR` (<https://no-color.org>) and `TERM=dumb` turn colour off.
    pub(crate) fn for_stream(is_terminal: bool) -> Self {
        let refused =
            environment::is_set("NO_COLOR") || environment::text("TERM").is_some_and(|t| t == "dumb");
        if is_terminal && !refused { Self::Colour } else { Self::Plain }
    }

    fn wrap(self, code: &str, text: impl fmt::Display) -> String {
        match self {
            Self::Plain => text.to_string(),
            Self::Colour => format!("\u{1b}[{code}m{text}\u{1b}[0m"),
        }
    }

    /// Returns text that stands out.
    pub(crate) fn bold(self, text: impl fmt::Display) -> String {
        self.wrap("1", text)
    }

    /// Returns text that stands back.
    pub(crate) fn dim(self, text: impl fmt::Display) -> String {
        self.wrap("2", text)
    }

    /// Returns text that says "good".
    pub(crate) fn good(self, text: impl fmt::Display) -> String {
        self.wrap("32", text)
    }

    /// Returns text that says "look here".
    pub(crate) fn bad(self, text: impl fmt::Display) -> String {
        self.wrap("31", text)
    }
}

/// A stream and the style that suits it.
pub(crate) struct Styled<W> {
    stream: W,
    /// What suits the stream.
    pub(crate) style: Style,
}

impl<W: Write> Styled<W> {
    /// Puts a style beside a stream.
    pub(crate) fn new(stream: W, style: Style) -> Self {
        Self { stream, style }
    }
}

impl<W: Write> Write for Styled<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.stream.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.stream.flush()
    }
}
