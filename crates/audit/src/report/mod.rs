//! What a run found out, and the forms it is told in.

mod exhibit;
mod findings;
mod json;
mod junit;
mod sarif;
mod shown;
mod text;

use std::time::Duration;

pub use handstamp_testkit::recipe::Severity;
use serde::Serialize;

pub(crate) use exhibit::Veil;
pub use exhibit::{Received, Sent, TokenView};
pub use text::{Paint, Plain};

/// Everything a run found out.
#[derive(Debug, Clone, Serialize)]
pub struct Report {
    /// What was attacked.
    pub target: String,
    /// Where the good tokens came from.
    pub source: String,
    /// Each operation, in the order of the description.
    pub operations: Vec<OperationReport>,
    /// Why the run ended before everything was tried, where it did.
    pub cut_short: Option<String>,
    /// What is not about one operation.
    pub remarks: Vec<String>,
    /// How many requests went out.
    pub requests: u64,
    /// How long it took.
    #[serde(serialize_with = "seconds")]
    pub took: Duration,
}

/// What was found out about one operation.
#[derive(Debug, Clone, Serialize)]
pub struct OperationReport {
    /// Its name: `GET /orders/{id}`.
    pub operation: String,
    /// The line of the description on which it stands, where that could be found out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub line: Option<usize>,
    /// Whether it could be judged at all.
    #[serde(flatten)]
    pub standing: Standing,
    /// Every case that was tried, or why it was not.
    pub cases: Vec<CaseReport>,
}

/// Whether an operation could be judged.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "standing", rename_all = "snake_case")]
pub enum Standing {
    /// A good token was let in, so that a refusal of a bad one means something.
    Judged,
    /// It is open to everybody, on purpose.
    Public,
    /// Nothing can be said: a request with a good token was not let in either, or none could be made.
    Inconclusive {
        /// Why.
        because: String,
    },
}

/// One case on one operation.
#[derive(Debug, Clone, Serialize)]
pub struct CaseReport {
    /// The case: `signature/flipped`.
    pub case: String,
    /// Where the token was carried.
    pub carrier: String,
    /// What came of it.
    #[serde(flatten)]
    pub outcome: Outcome,
}

/// What came of a case.
#[derive(Debug, Clone, Serialize)]
#[serde(tag = "outcome", rename_all = "snake_case")]
pub enum Outcome {
    /// The service refused, as it must.
    Refused {
        /// How.
        with: String,
    },
    /// The service did what it must not.
    Finding(Box<Finding>),
    /// Nothing can be concluded.
    Inconclusive {
        /// Why.
        because: String,
    },
    /// It takes something that is not there.
    NotTried {
        /// What.
        because: String,
    },
}

/// A mistake of the service.
#[derive(Debug, Clone, Serialize)]
pub struct Finding {
    /// The rule that is broken: a case's name, or what was noticed beside it.
    pub rule: String,
    /// What it means.
    #[serde(serialize_with = "in_words")]
    pub severity: Severity,
    /// What is wrong, in one line.
    pub title: String,
    /// Why it matters.
    pub why: String,
    /// What to do.
    pub fix: String,
    /// What was sent.
    pub sent: Sent,
    /// What came back.
    pub received: Received,
}

/// A finding and where it is.
#[derive(Debug, Clone, Copy)]
pub struct Located<'a> {
    /// The operation's name.
    pub operation: &'a str,
    /// The line of the description on which the operation stands, where that could be found out.
    pub line: Option<usize>,
    /// Where the token was carried.
    pub carrier: &'a str,
    /// The finding.
    pub finding: &'a Finding,
}

/// How many cases ended how.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Totals {
    /// Operations in all.
    pub operations: usize,
    /// Those that could be judged.
    pub judged: usize,
    /// Those that are open on purpose.
    pub public: usize,
    /// Those of which nothing can be said.
    pub inconclusive: usize,
    /// Cases that were refused.
    pub refused: usize,
    /// Findings that fail a run.
    pub findings: usize,
    /// Findings that do not.
    pub notes: usize,
    /// Cases without a conclusion on operations that could be judged.
    pub undecided: usize,
    /// Cases that could not be made.
    pub not_tried: usize,
}

/// What a run comes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Every operation was judged and refused everything.
    Closed,
    /// Something got in, broke, or leaks.
    Open,
    /// Nothing got in, but not everything could be judged, or nothing was tried at all.
    Inconclusive,
}

impl Report {
    /// Returns every finding with its place, notes included.
    pub fn findings(&self) -> impl Iterator<Item = Located<'_>> {
        self.operations.iter().flat_map(|operation| {
            operation.cases.iter().filter_map(move |case| match &case.outcome {
                Outcome::Finding(finding) => Some(Located {
                    operation: &operation.operation,
                    line: operation.line,
                    carrier: &case.carrier,
                    finding,
                }),
                _ => None,
            })
        })
    }

    /// Returns how many of everything there are.
    pub fn totals(&self) -> Totals {
        let mut totals = Totals { operations: self.operations.len(), ..Totals::default() };
        for operation in &self.operations {
            match operation.standing {
                Standing::Judged => totals.judged += 1,
                Standing::Public => totals.public += 1,
                Standing::Inconclusive { .. } => totals.inconclusive += 1,
            }
            for case in &operation.cases {
                match &case.outcome {
                    Outcome::Refused { .. } => totals.refused += 1,
                    Outcome::Finding(finding) if finding.severity == Severity::Note => totals.notes += 1,
                    Outcome::Finding(_) => totals.findings += 1,
                    Outcome::Inconclusive { .. } => totals.undecided += 1,
                    Outcome::NotTried { .. } => totals.not_tried += 1,
                }
            }
        }
        totals
    }

    /// Returns what the run comes to. Notes are read, and fail nothing.
    pub fn verdict(&self) -> Verdict {
        let totals = self.totals();
        if totals.findings > 0 {
            Verdict::Open
        } else if self.cut_short.is_some()
            || totals.inconclusive > 0
            || totals.undecided > 0
            || totals.refused == 0
        {
            Verdict::Inconclusive
        } else {
            Verdict::Closed
        }
    }

    /// Returns how many cases went out in a second.
    pub fn requests_per_second(&self) -> f64 {
        #[expect(clippy::cast_precision_loss, reason = "a rate for people, not exact to begin with")]
        let requests = self.requests as f64;
        requests / self.took.as_secs_f64().max(0.001)
    }
}

fn seconds<S: serde::Serializer>(duration: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_f64(duration.as_secs_f64())
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it with a reference")]
fn in_words<S: serde::Serializer>(severity: &Severity, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(severity)
}
