use serde_json::{Value, json};

use super::Report;

/// The version of the form below. It rises when something is taken away or changes its meaning.
const FORM: u32 = 1;

impl Report {
    /// Returns everything as one JSON document.
    pub fn to_json(&self) -> Value {
        let mut document = json!({
            "form": FORM,
            "verdict": self.verdict(),
            "totals": self.totals(),
            "requests_per_second": (self.requests_per_second() * 10.0).round() / 10.0,
        });
        // A report is strings, numbers and lists of them: it can be written.
        let report = serde_json::to_value(self).unwrap_or_default();
        if let (Some(document), Value::Object(report)) = (document.as_object_mut(), report) {
            document.extend(report);
        }
        document
    }
}
