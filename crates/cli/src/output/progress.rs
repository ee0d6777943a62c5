use std::fmt;
use std::io::{self, IsTerminal, Write};

/// How far something is that takes its time, on one line of stderr. Silent when nobody is there to read it.
pub(crate) struct Progress {
    what: &'static str,
    shown: Option<u64>,
    is_shown: bool,
}

impl Progress {
    /// Starts with what is done: "copying".
    pub(crate) fn new(what: &'static str) -> Self {
        Self { what, shown: None, is_shown: io::stderr().is_terminal() }
    }

    /// Says how much of how much is done.
    pub(crate) fn is_at(&mut self, done: u64, all: u64) {
        let percent = done.saturating_mul(100) / all.max(1);
        if self.shown != Some(percent) {
            self.shown = Some(percent);
            self.say(format_args!("\r{} {percent} %", self.what));
        }
    }

    fn say(&self, text: fmt::Arguments<'_>) {
        if self.is_shown {
            let mut stderr = io::stderr().lock();
            // A closed terminal needs no progress.
            let _ = stderr.write_fmt(text);
            let _ = stderr.flush();
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if self.shown.is_some() {
            self.say(format_args!("\n"));
        }
    }
}
