use std::error::Error;
use std::fmt;
use std::io::{self, Write};
use std::process::ExitCode;

/// A command could not do what it was asked: one sentence for stderr, exit code 1.
#[derive(Debug)]
pub(crate) struct Failure {
    kind: Kind,
}

#[derive(Debug)]
enum Kind {
    /// Say this.
    Sentence(String),
    /// Print `{"code","detail"}` to stdout for machines, and the detail to stderr for people.
    Verdict { code: &'static str, detail: String },
    /// Print this, as for any other wrong usage.
    Usage(String),
    /// Everything has been said already: end with this exit code.
    Told(u8),
    /// The reader of our output went away, as `head` does. Nobody is left to tell.
    PipeClosed,
}

impl Failure {
    /// Returns a failure told by this sentence.
    pub(crate) fn new(sentence: impl Into<String>) -> Self {
        Self { kind: Kind::Sentence(sentence.into()) }
    }

    /// Returns a failure that is itself the result asked for: why a token is refused.
    pub(crate) fn verdict(code: &'static str, detail: String) -> Self {
        Self { kind: Kind::Verdict { code, detail } }
    }

    /// Returns a failure of whoever typed the command, which only running it could show: exit code 2.
    pub(crate) fn usage(sentence: impl Into<String>) -> Self {
        Self { kind: Kind::Usage(sentence.into()) }
    }

    /// Returns a failure that the output has told in full: nothing more is printed.
    pub(crate) fn told(exit_code: u8) -> Self {
        Self { kind: Kind::Told(exit_code) }
    }

    /// Returns a failure that says what was being done and then, cause by cause, why it went wrong.
    pub(crate) fn because(doing: impl fmt::Display, cause: &(dyn Error + 'static)) -> Self {
        let mut sentence = format!("{doing}: {cause}");
        let mut next = cause.source();
        while let Some(cause) = next {
            // Some errors repeat their source in their own text.
            let text = cause.to_string();
            if !sentence.ends_with(&text) {
                sentence.push_str(": ");
                sentence.push_str(&text);
            }
            next = cause.source();
        }
        Self::new(sentence)
    }

    /// Returns a failure that says what was being done and the cause of all causes: the layers between say where in a library it went
    /// wrong, and nothing to whoever typed an address.
    pub(crate) fn because_at_root(doing: impl fmt::Display, cause: &(dyn Error + 'static)) -> Self {
        let mut root = cause;
        while let Some(cause) = root.source() {
            root = cause;
        }
        Self::new(format!("{doing}: {root}"))
    }

    /// Returns the failure told to people alone.
    pub(crate) fn into_sentence(self) -> Self {
        match self.kind {
            Kind::Verdict { code, detail } => Self::new(format!("{detail} ({code})")),
            kind => Self { kind },
        }
    }

    /// Prints the failure and returns the exit code that goes with it.
    pub(crate) fn report(self) -> ExitCode {
        match self.kind {
            Kind::PipeClosed => ExitCode::SUCCESS,
            Kind::Sentence(sentence) => {
                tell(&sentence);
                ExitCode::FAILURE
            }
            Kind::Usage(sentence) => {
                tell(&sentence);
                ExitCode::from(2)
            }
            Kind::Told(exit_code) => ExitCode::from(exit_code),
            Kind::Verdict { code, detail } => {
                let verdict = serde_json::json!({ "code": code, "detail": detail });
                let _ = writeln!(io::stdout().lock(), "{verdict}");
                tell(&format!("{detail} ({code})"));
                ExitCode::FAILURE
            }
        }
    }
}

/// One line whatever a library put into its message: logs and people read lines.
fn tell(sentence: &str) {
    let line = crate::output::printable(&sentence.split_whitespace().collect::<Vec<_>>().join(" "));
    let _ = writeln!(io::stderr().lock(), "error: {line}");
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.kind {
            Kind::Sentence(text) | Kind::Usage(text) | Kind::Verdict { detail: text, .. } => {
                f.write_str(text)
            }
            Kind::Told(_) => f.write_str("the output says why"),
            Kind::PipeClosed => f.write_str("the reader of the output went away"),
        }
    }
}

/// For writing results; reading has sentences of its own.
impl From<io::Error> for Failure {
    fn from(cause: io::Error) -> Self {
        if cause.kind() == io::ErrorKind::BrokenPipe {
            return Self { kind: Kind::PipeClosed };
        }
        Self::because("cannot write the output", &cause)
    }
}

#[cfg(test)]
mod tests {
    use super::Failure;

    #[derive(Debug, thiserror::Error)]
    #[error("outer")]
    struct Outer(#[source] std::num::ParseIntError);

    #[test]
    fn a_failure_tells_its_causes_in_one_sentence() {
        let cause = Outer("x".parse::<u8>().unwrap_err());

        let failure = Failure::because("cannot count", &cause);

        assert_eq!(failure.to_string(), "cannot count: outer: invalid digit found in string");
    }

    #[test]
    fn a_failure_deep_in_a_library_tells_where_it_began() {
        let cause = Outer("x".parse::<u8>().unwrap_err());

        let failure = Failure::because_at_root("cannot count", &cause);

        assert_eq!(failure.to_string(), "cannot count: invalid digit found in string");
    }
}
