use std::collections::BTreeSet;
use std::fmt;

use axum::http::{Method, StatusCode};

use crate::recipe::{Case, Mode};

/// What an [`Attack`](super::Attack) has found. Shown, it says what is open and how to close it.
#[derive(Debug, Default)]
pub struct Report {
    pub(super) findings: Vec<Finding>,
    pub(super) problems: Vec<Problem>,
    pub(super) requests: usize,
    /// How often news of revocations was waited for.
    pub(super) waits: usize,
}

/// A method and a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Operation {
    /// The method.
    pub method: Method,
    /// The path as it was declared: `/orders/{id}`.
    pub path: String,
}

/// A bad token that was not refused.
#[derive(Debug, Clone)]
pub struct Finding {
    pub(super) operation: Operation,
    pub(super) mode: Mode,
    pub(super) case: &'static Case,
    pub(super) answer: Answer,
}

/// Why an operation could not be attacked, or is open without a word about it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Problem {
    /// The route lets everybody in, and the test does not say that it should.
    #[error("{path} lets everybody in: if it should, name it with .public({path:?})")]
    Open {
        /// The path.
        path: String,
    },
    /// The route declares nothing, and so is closed to everybody.
    #[error("{path} does not say who may use it: add .access(…) to the route")]
    Undeclared {
        /// The path.
        path: String,
    },
    /// The good token was refused, so that it shows nothing that bad ones are.
    #[error(
        "{operation} answered {answer} to the good token, so it shows nothing that it refuses bad ones: build the app with \
         issuer.verifier(), and give it a token it lets in with .good(…) or .good_for(…)"
    )]
    GoodTokenRefused {
        /// The operation, or the path where all its methods answered the same.
        operation: String,
        /// What it answered.
        answer: Answer,
    },
    /// The good token was let in before the bad ones, and refused after them.
    #[error(
        "{operation} answered {answer} to the good token after the bad ones, so it shows nothing that it refused those: does it \
         count failures, or end the session that it is called in? Where it ends one, test it by itself"
    )]
    GoodTokenRefusedAfter {
        /// The operation.
        operation: String,
        /// What it answered.
        answer: Answer,
    },
    /// No request could be made of the operation, so nothing was tried.
    #[error(
        "{operation} cannot be sent: its path, or the good token, has characters that a request cannot have"
    )]
    Unsendable {
        /// The operation.
        operation: String,
    },
    /// The same for the good token in the cookie, where it was let in as bearer.
    #[error(
        "{operation} answered {answer} to the good token in the cookie {cookie:?}, so it shows nothing that it refuses bad ones \
         there: name the app's cookie with .cookie_name(…), or say .modes([Mode::Bearer]) if it takes none"
    )]
    GoodCookieRefused {
        /// The operation.
        operation: String,
        /// The cookie's name.
        cookie: String,
        /// What it answered.
        answer: Answer,
    },
    /// A path that was named is not one of those that are attacked.
    #[error("nothing answers at {path}")]
    NoSuchPath {
        /// The path.
        path: String,
    },
    /// An operation that was named is not there, or what it is about: apps that guard everything refuse bad tokens there too.
    #[error(
        "{operation} answered {answer} to the good token, as where nothing is: name an operation that is there, and fill its \
         parameters with something that is there too, with .parameter(…)"
    )]
    NothingThere {
        /// The operation.
        operation: String,
        /// What it answered.
        answer: Answer,
    },
    /// There was nothing to attack, and so there is nothing that was refused.
    #[error("nothing was attacked: there is no operation that is not public, or no mode to send a token in")]
    NothingAttacked,
    /// There is no good token to begin with.
    #[error("{path}: bad tokens are made of a good one of the same issuer, and this is none: {problem}")]
    NoToken {
        /// The path it was for.
        path: String,
        /// What is wrong.
        problem: String,
    },
}

/// What came back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Answer {
    /// A status.
    Status(StatusCode),
    /// The handler panicked.
    Panic,
}

/// So many cases of one operation are named; the rest is counted.
const NAMED: usize = 12;

impl Problem {
    /// Returns what came back, where that is the problem.
    pub(super) fn answer(&self) -> Option<Answer> {
        match self {
            Self::GoodTokenRefused { answer, .. } => Some(*answer),
            _ => None,
        }
    }
}

impl Report {
    /// Adds a finding. `GET` is found first, and `HEAD` is answered by the same handler unless it is found to be otherwise.
    pub(super) fn add(&mut self, finding: Finding) {
        let is_told = |told: &Finding| {
            told.operation.method == Method::GET
                && told.operation.path == finding.operation.path
                && (told.mode, told.case.name(), told.answer)
                    == (finding.mode, finding.case.name(), finding.answer)
        };
        if finding.operation.method != Method::HEAD || !self.findings.iter().any(is_told) {
            self.findings.push(finding);
        }
    }

    /// Returns whether everything was refused that should be, and everything could be tried.
    pub fn is_closed(&self) -> bool {
        self.findings.is_empty() && self.problems.is_empty()
    }

    /// Returns the bad tokens that were not refused.
    pub fn findings(&self) -> &[Finding] {
        &self.findings
    }

    /// Returns what could not be attacked, or is open without a word about it.
    pub fn problems(&self) -> &[Problem] {
        &self.problems
    }

    /// Returns how many requests were sent.
    pub fn requests(&self) -> usize {
        self.requests
    }
}

impl Finding {
    /// Returns which operation it is about.
    pub fn operation(&self) -> &Operation {
        &self.operation
    }

    /// Returns where the token was.
    pub fn mode(&self) -> Mode {
        self.mode
    }

    /// Returns what was sent.
    pub fn case(&self) -> &'static Case {
        self.case
    }

    /// Returns what came back.
    pub fn answer(&self) -> Answer {
        self.answer
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_closed() {
            return write!(f, "closed: {} requests, every bad token was refused", self.requests);
        }
        f.write_str("not closed\n")?;
        for problem in &self.problems {
            write!(f, "\n{problem}\n")?;
        }
        let mut operations: Vec<&Operation> = Vec::new();
        for finding in &self.findings {
            if !operations.contains(&&finding.operation) {
                operations.push(&finding.operation);
            }
        }
        for operation in operations {
            let findings: Vec<_> =
                self.findings.iter().filter(|finding| finding.operation == *operation).collect();
            show(operation, &findings, f)?;
        }
        Ok(())
    }
}

fn show(operation: &Operation, findings: &[&Finding], f: &mut fmt::Formatter<'_>) -> fmt::Result {
    write!(f, "\n{operation} did not refuse {} bad tokens:\n", findings.len())?;
    let mut worst = findings.to_vec();
    worst.sort_by_key(|finding| std::cmp::Reverse(finding.case.severity()));
    for finding in worst.iter().take(NAMED) {
        let Finding { mode, case, answer, .. } = finding;
        let place = match mode {
            Mode::Bearer => "bearer",
            Mode::Cookie => "cookie",
        };
        let (severity, name, title) = (case.severity(), case.name(), case.title());
        writeln!(
            f,
            "  {severity:8} {name} ({place}): {title}: answered {answer}, expected {}",
            case.status()
        )?;
    }
    if findings.len() > NAMED {
        writeln!(f, "  … and {} more", findings.len() - NAMED)?;
    }
    let mut said = BTreeSet::new();
    for finding in worst {
        let class = finding.case.class();
        if said.insert(class.name()) {
            writeln!(f, "  {}: {} {}", class.title(), class.why(), class.fix())?;
        }
    }
    Ok(())
}

impl fmt::Display for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.method, self.path)
    }
}

impl fmt::Display for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Status(status) => write!(f, "{}", status.as_u16()),
            Self::Panic => f.write_str("a panic"),
        }
    }
}
