use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use handstamp_token::{Entropy, SystemEntropy};
use handstamp_verify::Clock;
use http::header;
use tokio::time::Instant;

use super::endurance::{Endurance, Over};
use super::{AuditError, Progress};
use crate::openapi::{Document, Operation};
use crate::options::Options;
use crate::source::TokenSource;
use crate::synthesis::{self, Draft, Mark, Parts, Variant};
use crate::wire::{Answer, Canary, Shot, Wire};

/// What a run works with: it does not change while it goes on.
pub(crate) struct Site<'a> {
    pub(crate) wire: Wire,
    pub(crate) document: &'a Document,
    pub(crate) source: &'a dyn TokenSource,
    pub(crate) clock: &'a dyn Clock,
    pub(crate) options: &'a Options,
    /// Where forged addresses lead; none where the target could not reach it.
    pub(crate) canary: Option<Canary>,
    pub(crate) endurance: Endurance,
    pub(crate) base_path: String,
    /// Tells this run's marks from those of every other.
    run: String,
    marks: AtomicU64,
    findings: AtomicUsize,
    progress: &'a dyn Progress,
}

impl<'a> Site<'a> {
    pub(super) async fn new(
        audit: &'a super::Audit,
        start: Instant,
        progress: &'a dyn Progress,
    ) -> Result<Self, AuditError> {
        let wire = Wire::new(audit.target.clone(), audit.options.rate, audit.options.patience)?;
        let run = run_id();
        // Only what runs on this machine can come to a port of this machine.
        let canary = if audit.target.is_loopback() { Canary::start(&run).await.ok() } else { None };
        let base_path = audit.target.base_path().unwrap_or(audit.document.base_path()).to_owned();
        Ok(Self {
            wire,
            document: &audit.document,
            source: &*audit.source,
            clock: &*audit.clock,
            options: &audit.options,
            canary,
            endurance: Endurance::new(start, audit.options.max_time),
            base_path,
            run,
            marks: AtomicU64::new(0),
            findings: AtomicUsize::new(0),
            progress,
        })
    }

    /// Returns a mark that no request of this run has borne.
    pub(crate) fn next_mark(&self) -> Mark {
        Mark::new(&self.run, self.marks.fetch_add(1, Ordering::Relaxed))
    }

    /// Returns what every mark of this run begins with.
    pub(crate) fn marks_of_this_run(&self) -> String {
        format!("audit-{}-", self.run)
    }

    /// Returns an address below the target where nothing is.
    pub(crate) fn nowhere(&self) -> String {
        format!("{}/audit-{}-nothing-here", self.base_path, self.run)
    }

    /// Makes a request of an operation.
    pub(crate) fn draft(
        &self,
        operation: &Operation,
        variant: Variant,
        known: &BTreeMap<String, String>,
        mark: &Mark,
    ) -> Result<Draft, String> {
        let parts = Parts {
            resolver: self.document.resolver(),
            base_path: &self.base_path,
            operation,
            known,
            mark,
            now: self.clock.now(),
        };
        synthesis::draft(parts, variant)
    }

    /// Returns a draft's request without credentials, with what goes along with every request.
    pub(crate) fn shot(&self, draft: &Draft) -> Shot {
        let mut draft = draft.clone();
        for (name, value) in self.options.headers.iter().filter(|(name, _)| *name != header::COOKIE) {
            draft.set(name.clone(), value.clone());
        }
        let mut shot = Shot::of(&draft);
        for (_, value) in self.options.headers.iter().filter(|(name, _)| *name == header::COOKIE) {
            shot.add_cookie(value.to_str().unwrap_or_default());
        }
        shot
    }

    /// Sends a request, unless the run is over.
    pub(crate) async fn send(&self, shot: &Shot) -> Answer {
        let answer = self.endurance.bound(self.wire.send(shot)).await;
        self.progress.request(self.wire.sent(), self.findings.load(Ordering::Relaxed));
        answer
    }

    /// Returns why the run is over, where it is.
    pub(super) fn over(&self) -> Option<&Over> {
        self.endurance.over()
    }

    pub(super) fn count_finding(&self) {
        self.findings.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn operation_begins(&self, number: usize, of: usize, name: &str) {
        self.progress.operation(number, of, name);
    }
}

fn run_id() -> String {
    let mut bytes = [0; 4];
    SystemEntropy.fill(&mut bytes);
    format!("{:08x}", u32::from_be_bytes(bytes))
}
