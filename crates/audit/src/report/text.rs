use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::{Located, OperationReport, Outcome, Report, Severity, Standing, Verdict};

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

/// Findings of one operation and one class are one mistake more often than not.
type Grouped<'a> = BTreeMap<(std::cmp::Reverse<Severity>, String, &'a str), Vec<Located<'a>>>;

impl Report {
    /// Returns the report for people: what is wrong first, then every operation in a line, then what was left out.
    pub fn to_text(&self, paint: &dyn Paint) -> String {
        let mut text = String::new();
        // Writing to a string cannot fail: the results of `write!` say nothing below.
        let _ = writeln!(text, "{} {}, with {}\n", paint.bold("Audit of"), self.target, self.source);
        self.write_findings(&mut text, paint);
        self.write_operations(&mut text, paint);
        self.write_left_out(&mut text, paint);
        for remark in &self.remarks {
            let _ = writeln!(text, "{remark}");
        }
        self.write_verdict(&mut text, paint);
        text
    }

    fn grouped(&self) -> Grouped<'_> {
        let mut grouped = Grouped::new();
        for located in self.findings() {
            let class = located.finding.rule.split('/').next().unwrap_or_default().to_owned();
            let severity = std::cmp::Reverse(located.finding.severity);
            grouped.entry((severity, class, located.operation)).or_default().push(located);
        }
        grouped
    }

    fn write_findings(&self, text: &mut String, paint: &dyn Paint) {
        let grouped = self.grouped();
        for ((severity, _, operation), all) in grouped.iter().filter(|(key, _)| key.0.0 > Severity::Note) {
            let Some(first) = all.first() else { continue };
            let severity = paint.bad(&severity.0.to_string().to_uppercase());
            let title = paint.bold(&first.finding.title);
            let _ = writeln!(text, "{severity}  {operation}  {title}  {}", paint.dim(&first.finding.rule));
            write_exchange(text, first, paint);
            let _ = writeln!(text, "  why   {}", first.finding.why);
            let _ = writeln!(text, "  fix   {}", first.finding.fix);
            write_siblings(text, all, paint);
            text.push('\n');
        }
        let notes: Vec<_> = grouped.iter().filter(|(key, _)| key.0.0 == Severity::Note).collect();
        if !notes.is_empty() {
            let _ = writeln!(text, "{}", paint.bold("Notes"));
        }
        for ((_, _, operation), all) in &notes {
            for located in first_of_each_rule(all) {
                let _ = writeln!(
                    text,
                    "  {operation}  {}  {}",
                    located.finding.title,
                    paint.dim(&located.finding.rule)
                );
            }
        }
        if !notes.is_empty() {
            text.push('\n');
        }
    }

    fn write_operations(&self, text: &mut String, paint: &dyn Paint) {
        let _ = writeln!(text, "{}", paint.bold("Operations"));
        let widest = self.operations.iter().map(|each| each.operation.chars().count()).max().unwrap_or(0);
        for operation in &self.operations {
            let state = match (&operation.standing, worst(operation)) {
                (_, Some(severity)) => {
                    paint.bad(&format!("{} ({severity})", count(failing(operation), "finding")))
                }
                (Standing::Judged, None) => paint.good(&format!("closed: {} refused", refused(operation))),
                (Standing::Public, None) => "public".to_owned(),
                (Standing::Inconclusive { because }, None) => paint.bad(&format!("inconclusive: {because}")),
            };
            let _ = writeln!(text, "  {:widest$}  {state}", operation.operation);
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
            let _ = writeln!(text, "  {reason}  {}", paint.dim(&classes.join(" ")));
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

fn write_exchange(text: &mut String, located: &Located<'_>, paint: &dyn Paint) {
    let (sent, received) = (&located.finding.sent, &located.finding.received);
    let _ = writeln!(text, "  sent  {}  {}", sent.line, paint.dim(located.carrier));
    for (name, value) in
        sent.headers.iter().filter(|(name, _)| !matches!(name.as_str(), "content-type" | "accept"))
    {
        let _ = writeln!(text, "        {}", paint.dim(&format!("{name}: {value}")));
    }
    if let Some(token) = sent.token.as_ref().filter(|token| !token.header.is_empty()) {
        let _ = writeln!(text, "        {}", paint.dim(&format!("token {} {}", token.header, token.claims)));
    }
    if let Some(raw) = sent.token.as_ref().and_then(|token| token.raw.as_ref()) {
        let _ = writeln!(text, "        {raw}");
    }
    let body = received.body.lines().next().unwrap_or_default();
    let _ = writeln!(text, "  got   {}  {}", received.status, paint.dim(body));
}

/// How many rules are named that broke in the same way.
const SHOWN: usize = 6;

fn write_siblings(text: &mut String, all: &[Located<'_>], paint: &dyn Paint) {
    let rules: Vec<&str> =
        first_of_each_rule(all).map(|located| located.finding.rule.as_str()).skip(1).collect();
    if !rules.is_empty() {
        let shown = rules.get(..rules.len().min(SHOWN)).unwrap_or_default().join(", ");
        let rest = rules.len().saturating_sub(SHOWN);
        let more = if rest > 0 { format!(" and {rest} more") } else { String::new() };
        let _ = writeln!(text, "  also  {}", paint.dim(&format!("{shown}{more}")));
    }
}

fn first_of_each_rule<'a, 'b>(all: &'b [Located<'a>]) -> impl Iterator<Item = &'b Located<'a>> {
    let mut seen: Vec<&str> = Vec::new();
    all.iter().filter(move |located| {
        let is_new = !seen.contains(&located.finding.rule.as_str());
        if is_new {
            seen.push(&located.finding.rule);
        }
        is_new
    })
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
