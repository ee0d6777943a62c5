use std::collections::BTreeMap;

use serde_json::{Value, json};
use url::Url;

use super::{Finding, Located, Outcome, Report, Severity, Standing};

impl Report {
    /// Returns the findings as SARIF 2.1.0, which code hosts show beside the code. A finding has no line of code, and code hosts show
    /// nothing that has no file: its place is that of the operation in the description, which is where `description` says: a path within
    /// the repository, or an absolute URI where the service describes itself. Without one it is the service.
    pub fn to_sarif(&self, description: Option<&str>) -> Value {
        let place = description.map_or_else(|| reference(&self.target), reference);
        let mut rules: BTreeMap<&str, &Finding> = BTreeMap::new();
        for located in self.findings() {
            rules.entry(&located.finding.rule).or_insert(located.finding);
        }
        let line = |located: Located<'_>| description.and(located.line).unwrap_or(1);
        let results: Vec<Value> =
            self.findings().map(|located| result(located, &place, line(located))).collect();
        json!({
            "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
            "version": "2.1.0",
            "runs": [{
                "tool": { "driver": {
                    "name": "handstamp audit",
                    "version": env!("CARGO_PKG_VERSION"),
                    "rules": rules.into_values().map(rule).collect::<Vec<_>>(),
                }},
                "results": results,
                "invocations": [{
                    "executionSuccessful": self.cut_short.is_none(),
                    "toolExecutionNotifications": self.notifications(),
                }],
            }],
        })
    }

    /// No results are no pass: what could not be judged is told beside them.
    fn notifications(&self) -> Vec<Value> {
        let unjudged = self.operations.iter().filter_map(|operation| match &operation.standing {
            Standing::Inconclusive { because } => {
                Some(("warning", format!("{}: {because}", operation.operation)))
            }
            _ => None,
        });
        let cut_short = self.cut_short.iter().map(|because| ("error", format!("Cut short: {because}")));
        let remarks = self.remarks.iter().map(|remark| ("note", remark.clone()));
        let told = cut_short.chain(unjudged).chain(self.undecided()).chain(remarks);
        told.map(|(level, text)| json!({ "level": level, "message": { "text": text } })).collect()
    }

    /// Cases without a conclusion, those of one operation and one reason together.
    fn undecided(&self) -> impl Iterator<Item = (&'static str, String)> {
        let mut alike: BTreeMap<(&str, &str), Vec<&str>> = BTreeMap::new();
        for operation in &self.operations {
            for case in &operation.cases {
                if let Outcome::Inconclusive { because } = &case.outcome {
                    alike.entry((&operation.operation, because)).or_default().push(&case.case);
                }
            }
        }
        alike.into_iter().filter_map(|((operation, because), cases)| {
            let (first, others) = cases.split_first()?;
            let more = if others.is_empty() { String::new() } else { format!(" and {} more", others.len()) };
            Some(("warning", format!("{operation}, {first}{more}: {because}")))
        })
    }
}

fn rule(finding: &Finding) -> Value {
    json!({
        "id": finding.rule,
        "shortDescription": { "text": finding.title },
        "fullDescription": { "text": finding.why },
        "help": { "text": finding.fix },
        "defaultConfiguration": { "level": level(finding.severity) },
        "properties": { "security-severity": score(finding.severity), "tags": ["security", "authentication"] },
    })
}

fn result(located: Located<'_>, place: &str, line: usize) -> Value {
    let Located { operation, carrier, finding, .. } = located;
    json!({
        "ruleId": finding.rule,
        "level": level(finding.severity),
        "message": { "text": format!(
            "{operation} ({carrier}): {}. Sent {}, received {}. {}",
            finding.title, finding.sent.line, finding.received.status, finding.fix
        )},
        "locations": [{
            "physicalLocation": { "artifactLocation": { "uri": place }, "region": { "startLine": line } },
            "logicalLocations": [{ "fullyQualifiedName": operation, "kind": "resource" }],
        }],
        // The same finding in the next run is the same, whatever object it was tried on.
        "partialFingerprints": { "operationRuleCarrier/v1": format!("{operation}|{}|{carrier}", finding.rule) },
    })
}

/// Returns where a description is, as a reference (SARIF 2.1.0 §3.4.3): a path has no blanks and no backslashes, and an address has
/// nothing that could be a secret.
fn reference(description: &str) -> String {
    // `C:\\api.yaml` is a path, although `C:` could be a scheme.
    let Some(mut url) = Url::parse(description).ok().filter(|_| description.contains("://")) else {
        return path(description);
    };
    // These fail where there is no place for them, and then there is none there.
    let _ = url.set_username("");
    let _ = url.set_password(None);
    url.set_query(None);
    url.set_fragment(None);
    url.into()
}

fn path(path: &str) -> String {
    let path = path.replace('\\', "/");
    let segments: Vec<String> = path.split('/').map(crate::synthesis::path_segment).collect();
    segments.join("/").trim_start_matches("./").to_owned()
}

fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Note => "note",
        Severity::Low | Severity::Medium => "warning",
        _ => "error",
    }
}

/// What code hosts sort by: the upper half of each band of CVSS.
fn score(severity: Severity) -> &'static str {
    match severity {
        Severity::Note => "0.0",
        Severity::Low => "3.0",
        Severity::Medium => "6.0",
        Severity::High => "8.5",
        _ => "9.8",
    }
}

#[cfg(test)]
mod tests {
    use super::reference;

    #[test]
    fn a_path_becomes_a_reference() {
        for (path, expected) in [
            ("api/openapi.yaml", "api/openapi.yaml"),
            ("./my api.json", "my%20api.json"),
            ("api\\100%.json", "api/100%25.json"),
        ] {
            assert_eq!(reference(path), expected);
        }
    }

    #[test]
    fn an_address_stays_one_without_what_may_be_a_secret() {
        for (address, expected) in [
            ("https://api.example/openapi.json", "https://api.example/openapi.json"),
            ("http://ada:pw@127.0.0.1:8080/v1/my api.json?key=1#x", "http://127.0.0.1:8080/v1/my%20api.json"),
            ("file:///srv/app/openapi.yaml", "file:///srv/app/openapi.yaml"),
        ] {
            assert_eq!(reference(address), expected);
        }
    }
}
