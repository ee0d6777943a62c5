use std::time::Duration;

use handstamp_testkit::recipe::Severity;
use tokio::time::{Instant, sleep_until};

use super::run::Run;
use crate::openapi::OperationName;
use crate::report::{CaseReport, Finding, OperationReport, Outcome, Received, Sent};
use crate::wire::Visit;

/// What is found where somebody comes to an address that a forged token names.
pub(super) const FETCHED: &str = "key-brought-along/fetched";

/// How long after the last such token it is waited for somebody to come: a service may answer first and fetch then.
const LATE: Duration = Duration::from_secs(1);

/// A request whose token named an address of ours, and where in the report it belongs.
pub(super) struct Lure {
    /// The part of the address that no other has.
    pub(super) name: String,
    pub(super) at: Instant,
    pub(super) operation: OperationName,
    pub(super) carrier: String,
    pub(super) rule: String,
    pub(super) sent: Sent,
    pub(super) received: Received,
}

impl Run<'_> {
    /// Reports who came to where forged tokens lead, when everybody had the time to.
    pub(super) async fn look_for_visitors(&mut self, reports: &mut [OperationReport]) {
        let (Some(canary), Some(last)) = (&self.site.canary, self.lures.last()) else { return };
        sleep_until(self.site.endurance.at_most(last.at + LATE)).await;
        let mut followed: Vec<usize> =
            canary.visits().iter().filter_map(|visit| followed(&self.lures, visit)).collect();
        followed.sort_unstable();
        followed.dedup();
        for lure in followed.into_iter().filter_map(|number| self.lures.get(number)) {
            let operation = lure.operation.to_string();
            if let Some(report) = reports.iter_mut().find(|report| report.operation == operation) {
                report.cases.push(fetched(lure));
                self.site.count_finding();
            }
        }
    }
}

/// Returns which token led a visitor here; none where it was somebody else's business.
fn followed(lures: &[Lure], visit: &Visit) -> Option<usize> {
    match &visit.asked {
        Some(asked) => lures.iter().position(|lure| asked.contains(&lure.name)),
        // Who does not say what for came for what was sent last.
        None => lures.iter().rposition(|lure| lure.at <= visit.at),
    }
}

fn fetched(lure: &Lure) -> CaseReport {
    CaseReport {
        case: lure.rule.clone(),
        carrier: lure.carrier.clone(),
        outcome: Outcome::Finding(Box::new(Finding {
            rule: FETCHED.to_owned(),
            severity: Severity::High,
            title: "fetches what a token tells it to".to_owned(),
            why: "A token that nobody has verified made the service open a connection: to any address within its network, as often \
                  as somebody likes (RFC 8725 §3.10)."
                .to_owned(),
            fix: "Take keys from one address that is configured. Ignore `jku`, `x5u` and an unknown `iss`.".to_owned(),
            sent: lure.sent.clone(),
            received: lure.received.clone(),
        })),
    }
}
