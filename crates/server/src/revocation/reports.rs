use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

use handstamp_api_types::revocation::RevocationReport;
use jiff::{SignedDuration, Timestamp};

/// A service reports at least once a minute; one that has been silent for this long is gone.
const KEPT_FOR: SignedDuration = SignedDuration::from_mins(3);
/// So many processes are remembered at most.
const MOST_PROCESSES: usize = 10_000;

/// How far the verifiers are, as they say: which process of which service.
#[derive(Debug, Default)]
pub(crate) struct Reports {
    newest: Mutex<HashMap<(String, String), (RevocationReport, Timestamp)>>,
}

impl Reports {
    /// Takes a service's report.
    pub(crate) fn take(&self, service: &str, report: RevocationReport, now: Timestamp) {
        let mut newest = self.newest.lock().unwrap_or_else(PoisonError::into_inner);
        let process = (service.to_owned(), report.instance.clone());
        if newest.len() < MOST_PROCESSES || newest.contains_key(&process) {
            newest.insert(process, (report, now));
        }
    }

    /// Returns how many processes follow, and the largest lag among them in milliseconds.
    pub(crate) fn figures(&self) -> (usize, u64) {
        let newest = self.newest.lock().unwrap_or_else(PoisonError::into_inner);
        (newest.len(), newest.values().map(|(report, _)| report.lag_ms).max().unwrap_or(0))
    }

    pub(super) fn sweep(&self, now: Timestamp) {
        let mut newest = self.newest.lock().unwrap_or_else(PoisonError::into_inner);
        newest.retain(|_, (_, at)| now.duration_since(*at) < KEPT_FOR);
    }
}
