use std::fmt::Write as _;

use super::{CaseReport, Finding, OperationReport, Outcome, Report, Severity, Standing};

impl Report {
    /// Returns the run as `JUnit` XML, which every CI shows: an operation is a suite, a case a test.
    pub fn to_junit(&self) -> String {
        let totals = self.totals();
        let tests: usize = self.operations.iter().map(tests).sum();
        let mut xml = format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"handstamp audit\" tests=\"{tests}\" failures=\"{}\" time=\"{:.3}\">\n",
            totals.findings,
            self.took.as_secs_f64(),
        );
        for operation in &self.operations {
            suite(&mut xml, operation);
        }
        xml.push_str("</testsuites>\n");
        xml
    }
}

// Writing to a string cannot fail: the results of `write!` say nothing below.
fn suite(xml: &mut String, operation: &OperationReport) {
    let failed = operation.cases.iter().filter(|case| fails(&case.outcome)).count();
    let skipped = operation.cases.iter().filter(|case| skips(&case.outcome)).count();
    let name = escaped(&operation.operation);
    let tests = tests(operation);
    let _ = writeln!(
        xml,
        "  <testsuite name=\"{name}\" tests=\"{tests}\" failures=\"{failed}\" skipped=\"{}\">",
        skipped + usize::from(is_inconclusive(operation))
    );
    if let Standing::Inconclusive { because } = &operation.standing {
        let _ = writeln!(
            xml,
            "    <testcase classname=\"{name}\" name=\"control\"><skipped message=\"inconclusive: {}\"/></testcase>",
            escaped(because)
        );
    }
    for case in &operation.cases {
        self::case(xml, &name, case);
    }
    xml.push_str("  </testsuite>\n");
}

fn case(xml: &mut String, suite: &str, case: &CaseReport) {
    let name = format!("{} [{}]", escaped(&case.case), escaped(&case.carrier));
    let _ = write!(xml, "    <testcase classname=\"{suite}\" name=\"{name}\"");
    let _ = match &case.outcome {
        Outcome::Refused { .. } => writeln!(xml, "/>"),
        Outcome::Finding(finding) if fails(&case.outcome) => {
            writeln!(xml, ">{}</testcase>", failure(finding))
        }
        Outcome::Finding(finding) => {
            writeln!(xml, "><system-out>{}</system-out></testcase>", escaped(&finding.title))
        }
        Outcome::Inconclusive { because } => {
            writeln!(xml, "><skipped message=\"inconclusive: {}\"/></testcase>", escaped(because))
        }
        Outcome::NotTried { because } => {
            writeln!(xml, "><skipped message=\"not tried: {}\"/></testcase>", escaped(because))
        }
    };
}

fn failure(finding: &Finding) -> String {
    format!(
        "<failure type=\"{}\" message=\"{}\">{}\n{} -&gt; {}\n{}\n{}</failure>",
        finding.severity,
        escaped(&finding.title),
        escaped(&finding.rule),
        escaped(&finding.sent.line),
        escaped(&finding.received.status),
        escaped(&finding.why),
        escaped(&finding.fix),
    )
}

/// An operation that could not be judged has its control as a test.
fn tests(operation: &OperationReport) -> usize {
    operation.cases.len() + usize::from(is_inconclusive(operation))
}

fn is_inconclusive(operation: &OperationReport) -> bool {
    matches!(operation.standing, Standing::Inconclusive { .. })
}

fn fails(outcome: &Outcome) -> bool {
    matches!(outcome, Outcome::Finding(finding) if finding.severity > Severity::Note)
}

fn skips(outcome: &Outcome) -> bool {
    matches!(outcome, Outcome::Inconclusive { .. } | Outcome::NotTried { .. })
}

/// Text for XML 1.0, which has no place for control characters at all.
fn escaped(text: &str) -> String {
    text.chars().fold(String::with_capacity(text.len()), |mut escaped, c| {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            c if (c.is_control() && !matches!(c, '\n' | '\t')) || matches!(c, '\u{fffe}' | '\u{ffff}') => {
                escaped.push('\u{fffd}');
            }
            c => escaped.push(c),
        }
        escaped
    })
}
