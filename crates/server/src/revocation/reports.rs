use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use handstamp_core::{
    model::{ClientId, InstanceId, VerifierReport},
    store::{Change, Changes, Store, StoreError},
};
use jiff::Timestamp;

/// So many rows are written in one unit of work, so that a sign-in behind it does not notice.
const AT_ONCE: usize = 500;

/// What verifiers have reported to this replica. The figures of `/metrics` are taken from here; what decides about keys is read
/// from the store, where the reports to all replicas meet.
#[derive(Debug, Default)]
pub(crate) struct Reports {
    services: Mutex<Services>,
}

/// The processes of each service.
type Services = HashMap<Option<ClientId>, HashMap<InstanceId, Heard>>;

#[derive(Debug)]
struct Heard {
    report: VerifierReport,
    is_written: bool,
}

/// The service has as many processes as are remembered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct TooMany;

impl Reports {
    /// Takes a report, to be written soon.
    pub(crate) fn take(&self, report: VerifierReport) -> Result<(), TooMany> {
        let mut services = self.services();
        let processes = services.entry(report.client.clone()).or_default();
        let is_full = processes.len() >= VerifierReport::MOST_PER_CLIENT as usize;
        if is_full && !processes.contains_key(&report.instance) {
            return Err(TooMany);
        }
        processes.insert(report.instance.clone(), Heard { report, is_written: false });
        Ok(())
    }

    /// Writes down what was not written yet.
    pub(crate) async fn write(&self, store: &dyn Store) -> Result<(), StoreError> {
        loop {
            let reports = self.unwritten();
            if reports.is_empty() {
                return Ok(());
            }
            let changes = reports.iter().cloned().fold(Changes::default().relaxed(), |changes, report| {
                changes.and(Change::NoteReport { report, at_most: VerifierReport::MOST_PER_CLIENT })
            });
            // Nothing in it can conflict.
            store.apply(changes).await?;
            self.note_written(&reports);
        }
    }

    /// Returns how many processes follow, and the largest lag among them in milliseconds.
    pub(crate) fn figures(&self) -> (usize, u64) {
        let services = self.services();
        let heard = || services.values().flat_map(HashMap::values);
        let lag = heard().map(|heard| heard.report.lag).max().unwrap_or_default();
        (heard().count(), u64::try_from(lag.as_millis()).unwrap_or(u64::MAX))
    }

    /// Forgets processes that are gone.
    pub(super) fn sweep(&self, now: Timestamp) {
        self.services().retain(|_, processes| {
            processes.retain(|_, heard| heard.report.is_fresh(now));
            !processes.is_empty()
        });
    }

    fn unwritten(&self) -> Vec<VerifierReport> {
        let services = self.services();
        let heard = services.values().flat_map(HashMap::values).filter(|heard| !heard.is_written);
        heard.take(AT_ONCE).map(|heard| heard.report.clone()).collect()
    }

    fn note_written(&self, reports: &[VerifierReport]) {
        let mut services = self.services();
        for written in reports {
            let processes = services.get_mut(&written.client);
            let heard = processes.and_then(|processes| processes.get_mut(&written.instance));
            // One that came meanwhile is still to be written.
            if let Some(heard) = heard.filter(|heard| heard.report == *written) {
                heard.is_written = true;
            }
        }
    }

    fn services(&self) -> MutexGuard<'_, Services> {
        self.services.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use handstamp_core::{
        model::{LogPosition, VerifierReport},
        store::Store as _,
        test_support::MemoryStore,
    };
    use jiff::Timestamp;

    use super::{AT_ONCE, Reports, TooMany};

    fn report(client: Option<&str>, instance: usize, second: i64) -> VerifierReport {
        VerifierReport {
            client: client.map(|client| client.parse().unwrap()),
            instance: instance.to_string().parse().unwrap(),
            kids: Vec::new(),
            position: LogPosition { epoch: 1, seq: 1 },
            lag: Duration::from_millis(instance as u64),
            reported_at: Timestamp::from_second(second).unwrap(),
        }
    }

    #[tokio::test]
    async fn what_was_heard_is_written_once_and_again_when_it_changes() {
        let (reports, store) = (Reports::default(), MemoryStore::default());
        reports.take(report(Some("orders"), 1, 10)).unwrap();
        reports.write(&store).await.unwrap();
        assert_eq!(store.reports().await.unwrap(), [report(Some("orders"), 1, 10)]);
        assert!(reports.unwritten().is_empty());

        reports.take(report(Some("orders"), 1, 11)).unwrap();
        reports.write(&store).await.unwrap();
        assert_eq!(store.reports().await.unwrap(), [report(Some("orders"), 1, 11)]);
    }

    #[tokio::test]
    async fn a_fleet_is_written_in_several_units() {
        let (reports, store) = (Reports::default(), MemoryStore::default());
        for instance in 0..=AT_ONCE {
            reports.take(report(Some("orders"), instance, 10)).unwrap();
        }
        reports.write(&store).await.unwrap();
        assert_eq!(store.reports().await.unwrap().len(), AT_ONCE + 1);
    }

    #[test]
    fn a_report_that_came_while_the_last_was_written_is_still_to_be_written() {
        let reports = Reports::default();
        reports.take(report(None, 1, 10)).unwrap();
        let written = reports.unwritten();
        reports.take(report(None, 1, 11)).unwrap();
        reports.note_written(&written);
        assert_eq!(reports.unwritten(), [report(None, 1, 11)]);
    }

    #[test]
    fn a_service_that_invents_processes_fills_its_own_room_alone() {
        let reports = Reports::default();
        for instance in 0..VerifierReport::MOST_PER_CLIENT as usize {
            reports.take(report(Some("orders"), instance, 10)).unwrap();
        }
        assert_eq!(reports.take(report(Some("orders"), 1_000_000, 10)), Err(TooMany));
        assert_eq!(reports.take(report(Some("orders"), 3, 11)), Ok(()));
        assert_eq!(reports.take(report(Some("profiles"), 3, 11)), Ok(()));
    }

    #[test]
    fn processes_that_are_gone_are_forgotten() {
        let reports = Reports::default();
        reports.take(report(None, 1, 10)).unwrap();
        reports.take(report(None, 2, 100)).unwrap();
        reports.sweep(Timestamp::from_second(10 + 180).unwrap());
        assert_eq!(reports.figures(), (1, 2));
    }
}
