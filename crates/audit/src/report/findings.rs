//! Findings as people read them: one mistake told once, however many cases show it.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use super::shown::shown;
use super::{Located, Paint, Report, Severity};

/// The case that nothing but a missing check lets in: whatever else gets in there gets in for the same reason.
const WIDE_OPEN: &str = "credentials/none";

/// How many rules are named that broke in the same way.
const SHOWN: usize = 6;

/// How much of an answer fits into a line.
const EXCERPT: usize = 160;

/// What is told together: the worst first, then by operation.
type Mistakes<'a> = BTreeMap<(Reverse<Severity>, &'a str, String), Vec<Located<'a>>>;

// Writing to a string cannot fail: the results of `write!` say nothing below.
pub(super) fn write(report: &Report, text: &mut String, paint: &dyn Paint) {
    let (notes, failures): (Vec<_>, Vec<_>) =
        report.findings().partition(|located| located.finding.severity == Severity::Note);
    for ((severity, operation, _), all) in mistakes(&failures) {
        let Some(first) = all.first() else { continue };
        let severity = paint.bad(&severity.0.to_string().to_uppercase());
        let title = paint.bold(&shown(&first.finding.title));
        let (operation, rule) = (shown(operation), paint.dim(&shown(&first.finding.rule)));
        let _ = writeln!(text, "{severity}  {operation}  {title}  {rule}");
        write_exchange(text, first, paint);
        let _ = writeln!(text, "  why   {}", shown(&first.finding.why));
        let _ = writeln!(text, "  fix   {}", shown(&first.finding.fix));
        write_siblings(text, &all, paint);
        text.push('\n');
    }
    write_notes(text, &notes, paint);
}

/// Puts findings together that are one mistake: those of one class, and all that a missing check lets in.
fn mistakes<'a>(failures: &[Located<'a>]) -> Mistakes<'a> {
    let open: BTreeSet<&str> = failures
        .iter()
        .filter(|located| located.finding.rule == WIDE_OPEN)
        .map(|located| located.operation)
        .collect();
    let mut mistakes = Mistakes::new();
    for located in failures {
        let class = class(&located.finding.rule);
        let is_let_in = !matches!(class, "crash" | "leak" | "cors" | "effect");
        let (severity, mistake) = if is_let_in && open.contains(located.operation) {
            (Severity::Critical, WIDE_OPEN)
        } else {
            (located.finding.severity, class)
        };
        let key = (Reverse(severity), located.operation, mistake.to_owned());
        mistakes.entry(key).or_default().push(*located);
    }
    for all in mistakes.values_mut() {
        all.sort_by_key(|located| located.finding.rule != WIDE_OPEN);
    }
    mistakes
}

fn class(rule: &str) -> &str {
    rule.split('/').next().unwrap_or_default()
}

fn write_exchange(text: &mut String, located: &Located<'_>, paint: &dyn Paint) {
    let (sent, received) = (&located.finding.sent, &located.finding.received);
    let _ = writeln!(text, "  sent  {}  {}", shown(&sent.line), paint.dim(&shown(located.carrier)));
    let telling = sent.headers.iter().filter(|(name, _)| !matches!(name.as_str(), "content-type" | "accept"));
    for (name, value) in telling {
        let _ = writeln!(text, "        {}", paint.dim(&shown(&format!("{name}: {value}"))));
    }
    if let Some(token) = sent.token.as_ref().filter(|token| !token.header.is_empty()) {
        let said = shown(&format!("token {} {}", token.header, token.claims));
        let _ = writeln!(text, "        {}", paint.dim(&said));
    }
    if let Some(raw) = sent.token.as_ref().and_then(|token| token.raw.as_ref()) {
        let _ = writeln!(text, "        {}", shown(raw));
    }
    let body: String = received.body.lines().next().unwrap_or_default().chars().take(EXCERPT).collect();
    let _ = writeln!(text, "  got   {}  {}", shown(&received.status), paint.dim(&shown(&body)));
}

fn write_siblings(text: &mut String, all: &[Located<'_>], paint: &dyn Paint) {
    let rules: BTreeSet<&str> = all.iter().skip(1).map(|located| located.finding.rule.as_str()).collect();
    let first = all.first().map_or("", |located| located.finding.rule.as_str());
    let others: Vec<&str> = rules.into_iter().filter(|rule| *rule != first).collect();
    if others.is_empty() {
        return;
    }
    let named = others.get(..others.len().min(SHOWN)).unwrap_or_default().join(", ");
    let rest = others.len().saturating_sub(SHOWN);
    let more = if rest > 0 { format!(" and {rest} more") } else { String::new() };
    let _ = writeln!(text, "  also  {}", paint.dim(&shown(&format!("{named}{more}"))));
}

/// One line for what is the same: a strange refusal is one matter, however many cases and operations meet it.
fn write_notes(text: &mut String, notes: &[Located<'_>], paint: &dyn Paint) {
    if notes.is_empty() {
        return;
    }
    let mut alike: BTreeMap<(&str, &str, &str), Vec<&Located<'_>>> = BTreeMap::new();
    for located in notes {
        let class = class(&located.finding.rule);
        alike.entry((located.operation, class, &located.finding.received.status)).or_default().push(located);
    }
    let mut told: BTreeMap<(&str, &str, usize), Vec<&str>> = BTreeMap::new();
    for ((operation, ..), all) in alike {
        let Some(first) = all.first() else { continue };
        let what = (first.finding.rule.as_str(), first.finding.title.as_str(), all.len() - 1);
        told.entry(what).or_default().push(operation);
    }
    let _ = writeln!(text, "{}", paint.bold("Notes"));
    for ((rule, title, more), operations) in told {
        let Some((operation, others)) = operations.split_first() else { continue };
        let others = and_more(others.len(), "");
        let more = and_more(more, " like it");
        let _ = writeln!(
            text,
            "  {}{others}  {}{more}  {}",
            shown(operation),
            shown(title),
            paint.dim(&shown(rule))
        );
    }
    text.push('\n');
}

fn and_more(number: usize, what: &str) -> String {
    if number > 0 { format!(", and {number} more{what}") } else { String::new() }
}
