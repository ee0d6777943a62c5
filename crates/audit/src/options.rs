use std::collections::BTreeMap;
use std::time::Duration;

use http::{HeaderName, HeaderValue};

use crate::Carrier;
use crate::openapi::OperationName;

/// What a run is told beside what to attack.
#[derive(Debug, Clone)]
pub struct Options {
    /// Operations that are open to everybody, on purpose.
    pub public: Vec<OperationName>,
    /// Operations whose objects belong to no organisation: everybody who is signed in may see them.
    pub shared: Vec<OperationName>,
    /// Operations to attack; empty means all.
    pub only_operations: Vec<OperationName>,
    /// Beginnings of the names of cases to try; empty means all.
    pub only_cases: Vec<String>,
    /// Values of parameters, by name.
    pub parameters: BTreeMap<String, String>,
    /// Headers that go along with every request.
    pub headers: Vec<(HeaderName, HeaderValue)>,
    /// Where tokens are carried, instead of where the description says.
    pub carriers: Vec<Carrier>,
    /// At most so many requests a second.
    pub rate: Option<u32>,
    /// How long an answer may take.
    pub patience: Duration,
    /// How long the whole run may take. What is left then is not tried, and the run is inconclusive at best.
    pub max_time: Duration,
    /// Whether an object that was there before may be changed or removed, where the run cannot make one of its own.
    pub touch_existing: bool,
    /// Whether forged tokens stand in the report in full. Good ones never do.
    pub show_forged: bool,
    /// How long a token that was taken back may still pass.
    pub revocation_delay: Duration,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            public: Vec::new(),
            shared: Vec::new(),
            only_operations: Vec::new(),
            only_cases: Vec::new(),
            parameters: BTreeMap::new(),
            headers: Vec::new(),
            carriers: Vec::new(),
            rate: None,
            patience: Duration::from_secs(10),
            max_time: Duration::from_mins(10),
            touch_existing: false,
            show_forged: false,
            revocation_delay: Duration::from_secs(1),
        }
    }
}

impl Options {
    /// Returns whether a case is to be tried.
    pub(crate) fn wants_case(&self, rule: &str) -> bool {
        self.only_cases.is_empty() || self.only_cases.iter().any(|start| rule.starts_with(start.as_str()))
    }

    /// Returns whether an operation is to be attacked.
    pub(crate) fn wants_operation(&self, name: &OperationName) -> bool {
        self.only_operations.is_empty() || self.only_operations.contains(name)
    }
}
