use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::shown::shown;
use super::{OperationReport, Outcome, Report, Severity, Standing, Verdict, findings};

/// How a text stands out. A file is given [`Plain`].
pub trait Paint {
    /// Returns text that stands out.
    fn bold(&self, text: &str) -> String;
    /// Returns text that stands back.
    fn dim(&self, text: &str) -> String;
    /// Returns text that says "good".
    fn good(&self, text: &str) -> String;
    /// Returns text that says "look here".
    fn bad(&self, text: &str) -> String;
}

/// Nothing stands out.
#[derive(Debug, Clone, Copy)]
pub struct Plain;

impl Paint for Plain {
    fn bold(&self, text: &str) -> String {
        text.to_owned()
    }

    fn dim(&self, text: &str) -> String {
        text.to_owned()
    }

    fn good(&self, text: &str) -> String {
        text.to_owned()
    }

    fn bad(&self, text: &str) -> String {
        text.to_owned()
    }
}

impl Report {
    /// Returns the report for people: what is wrong first, then every operation in a line, then what was left out.
    pub fn to_text(&self, paint: &dyn Paint) -> String {
        let mut text = String::new();
        // Writing to a string cannot fail: the results of `write!` say nothing below.
        let _ = writeln!(
            text,
            "{} {}, with {}\n",
            paint.bold("Audit of"),
            shown(&self.target),
            shown(&self.source)
        );
        findings::write(self, &mut text, paint);
        self.write_operations(&mut text, paint);
        self.write_left_out(&mut text, paint);
        for remark in &self.remarks {
            let _ = writeln!(text, "{}", shown(remark));
        }
        if let Some(because) = &self.cut_short {
            let _ = writeln!(text, "{}: {}", paint.bad("Cut short"), shown(because));
        }
        self.write_verdict(&mut text, paint);
        text
    }

    fn write_operations(&self, text: &mut String, paint: &dyn Paint) {
        let _ = writeln!(text, "{}", paint.bold("Operations"));
        let widest =
            self.operations.iter().map(|each| shown(&each.operation).chars().count()).max().unwrap_or(0);
        for operation in &self.operations {
            let state = match (&operation.standing, worst(operation)) {
                (_, Some(severity)) => {
                    paint.bad(&format!("{} ({severity})", count(failing(operation), "finding")))
                }
                (Standing::Judged, None) => paint.good(&format!("closed: {} refused", refused(operation))),
                (Standing::Public, None) => "public".to_owned(),
                (Standing::Inconclusive { because }, None) => {
                    paint.bad(&format!("inconclusive: {}", shown(because)))
                }
            };
            let _ = writeln!(text, "  {:widest$}  {state}", shown(&operation.operation));
        }
        text.push('\n');
    }

    /// A pass that was not tried is no pass: why not is told once for all of a kind.
    fn write_left_out(&self, text: &mut String, paint: &dyn Paint) {
        let mut reasons: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for case in self.operations.iter().flat_map(|operation| &operation.cases) {
            if let Outcome::NotTried { because } | Outcome::Inconclusive { because } = &case.outcome {
                let class = case.case.split('/').next().unwrap_or_default();
                let classes = reasons.entry(because).or_default();
                if !classes.contains(&class) {
                    classes.push(class);
                }
            }
        }
        if reasons.is_empty() {
            return;
        }
        let _ = writeln!(text, "{}", paint.bold("Not tried, or without a conclusion"));
        for (reason, classes) in reasons {
            let _ = writeln!(text, "  {}  {}", shown(reason), paint.dim(&shown(&classes.join(" "))));
        }
        text.push('\n');
    }

    fn write_verdict(&self, text: &mut String, paint: &dyn Paint) {
        let totals = self.totals();
        let verdict = match self.verdict() {
            Verdict::Closed => paint.good("Closed"),
            Verdict::Open => paint.bad(&count(totals.findings, "finding")),
            Verdict::Inconclusive => paint.bad("Inconclusive"),
        };
        let _ = writeln!(
            text,
            "{verdict}. {} judged, {} public, {} inconclusive; {} refused, {}; {} requests in {:.1} s ({:.0}/s).",
            count(totals.judged, "operation"),
            totals.public,
            totals.inconclusive,
            totals.refused,
            count(totals.notes, "note"),
            self.requests,
            self.took.as_secs_f64(),
            self.requests_per_second(),
        );
    }
}

fn failures(operation: &OperationReport) -> impl Iterator<Item = Severity> {
    operation.cases.iter().filter_map(|case| match &case.outcome {
        Outcome::Finding(finding) if finding.severity > Severity::Note => Some(finding.severity),
        _ => None,
    })
}

fn worst(operation: &OperationReport) -> Option<Severity> {
    failures(operation).max()
}

fn failing(operation: &OperationReport) -> usize {
    failures(operation).count()
}

fn refused(operation: &OperationReport) -> usize {
    operation.cases.iter().filter(|case| matches!(case.outcome, Outcome::Refused { .. })).count()
}

fn count(number: usize, thing: &str) -> String {
    if number == 1 { format!("1 {thing}") } else { format!("{number} {thing}s") }
}
