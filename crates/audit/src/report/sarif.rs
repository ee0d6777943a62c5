use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{Finding, Located, Report, Severity};

impl Report {
    /// Returns the findings as SARIF 2.1.0, which code hosts show beside the code. `description` is the path of the `OpenAPI` file
    /// within the repository, where there is one: a finding has no line of code, but an operation has a place there.
    pub fn to_sarif(&self, description: Option<&str>) -> Value {
        let mut rules: BTreeMap<&str, &Finding> = BTreeMap::new();
        for located in self.findings() {
            rules.entry(&located.finding.rule).or_insert(located.finding);
        }
        let results: Vec<Value> = self.findings().map(|located| result(located, description)).collect();
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
                "invocations": [{ "executionSuccessful": true }],
            }],
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

fn result(located: Located<'_>, description: Option<&str>) -> Value {
    let Located { operation, carrier, finding } = located;
    let mut location = json!({
        "logicalLocations": [{ "fullyQualifiedName": operation, "kind": "resource" }],
    });
    if let (Some(description), Some(location)) = (description, location.as_object_mut()) {
        location.insert(
            "physicalLocation".to_owned(),
            json!({ "artifactLocation": { "uri": uri(description) }, "region": { "startLine": 1 } }),
        );
    }
    json!({
        "ruleId": finding.rule,
        "level": level(finding.severity),
        "message": { "text": format!(
            "{operation} ({carrier}): {}. Sent {}, received {}. {}",
            finding.title, finding.sent.line, finding.received.status, finding.fix
        )},
        "locations": [location],
        // The same finding in the next run is the same, whatever object it was tried on.
        "partialFingerprints": { "operationRuleCarrier/v1": format!("{operation}|{}|{carrier}", finding.rule) },
    })
}

/// Returns a file's path as a reference (SARIF 2.1.0 §3.4.3), which has no blanks and no backslashes.
fn uri(path: &str) -> String {
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
    use super::uri;

    #[test]
    fn a_path_becomes_a_reference() {
        for (path, reference) in [
            ("api/openapi.yaml", "api/openapi.yaml"),
            ("./my api.json", "my%20api.json"),
            ("api\\100%.json", "api/100%25.json"),
        ] {
            assert_eq!(uri(path), reference);
        }
    }
}
