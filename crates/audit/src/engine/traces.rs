use handstamp_testkit::recipe::Severity;
use http::Method;

use super::objects;
use super::prepare::Stage;
use super::run::Run;
use crate::carrier::Carrier;
use crate::openapi::Operation;
use crate::report::{CaseReport, Finding, Outcome, Received, Sent};
use crate::source::GoodToken;
use crate::synthesis::Mark;
use crate::wire::Shot;

/// A request that was refused, and the mark it bore.
#[derive(Debug)]
pub(super) struct Trace {
    mark: Mark,
    rule: String,
    pub(super) shot: Shot,
    forged: Option<String>,
}

impl Trace {
    pub(super) fn new(mark: Mark, rule: &str, shot: Shot, forged: Option<String>) -> Self {
        Self { mark, rule: rule.to_owned(), shot, forged }
    }

    /// Returns whether the request said something that can be found again.
    fn says_something(&self) -> bool {
        let mark = self.mark.as_str().as_bytes();
        self.shot.body.windows(mark.len()).any(|window| window == mark)
            || self.shot.target.contains(self.mark.as_str())
    }
}

impl<'a> Run<'a> {
    /// Looks through the owner's eyes for what refused requests wrote: a service may refuse when the work is done.
    pub(super) async fn look_for_traces(
        &mut self,
        operation: &Operation,
        stage: &Stage,
        owner: &GoodToken,
        traces: &[Trace],
        cases: &mut Vec<CaseReport>,
    ) {
        let mut unseen: Vec<&Trace> = traces.iter().filter(|trace| trace.says_something()).collect();
        if operation.is_safe() || unseen.is_empty() || self.site.over().is_some() {
            return;
        }
        for (watcher, watching, carrier) in self.watchers(operation, stage) {
            let Ok(answer) = self.try_control(watcher, &watching, &carrier, owner).await else { continue };
            let Some(text) = answer.reply().map(crate::wire::Reply::text) else { continue };
            for trace in unseen.extract_if(.., |trace| text.contains(trace.mark.as_str())) {
                let veil = self.veil().over(trace.forged.as_deref());
                cases.push(CaseReport {
                    case: format!("effect/{}", trace.rule),
                    carrier: carrier.to_string(),
                    outcome: Outcome::Finding(Box::new(Finding {
                        rule: format!("effect/{}", trace.rule),
                        severity: Severity::Critical,
                        title: "refuses, and does it all the same".to_owned(),
                        why: format!("What the refused request said is there now: {} shows it. The work is done before anybody \
                                      asks who sent it.", watcher.name),
                        fix: "Check the token before the handler runs.".to_owned(),
                        sent: Sent::of(&trace.shot, &veil),
                        received: Received::of(&answer, &veil),
                    })),
                });
                self.site.count_finding();
            }
        }
    }

    /// Returns the operations that show what this one writes, and how to ask them.
    fn watchers(&self, operation: &Operation, stage: &Stage) -> Vec<(&'a Operation, Stage, Carrier)> {
        let collection = objects::last_name(&operation.name.path).map(|last| last.collection);
        let shows = |path: &str| path == operation.name.path || Some(path) == collection;
        let watchers = self.site.document.operations().iter().filter(|watcher| {
            watcher.name.method == Method::GET && shows(watcher.name.path.trim_end_matches('/'))
        });
        watchers
            .filter_map(|watcher| {
                let (known_to_work, carrier) = self.stages.get(&watcher.name.to_string())?;
                // The same object, where it names one.
                let mut watching = known_to_work.clone();
                watching.known.extend(stage.known.clone());
                Some((watcher, watching, carrier.clone()))
            })
            .collect()
    }
}
