use handstamp_testkit::recipe::Severity;

use super::attempt::Plan;
use super::lures::Lure;
use super::prepare::{Refused, Stage};
use super::run::Run;
use super::shown::Shown;
use super::traces::Trace;
use super::{AuditError, judge, objects};
use crate::carrier::Carrier;
use crate::cases::{Plans, Scene, leak};
use crate::openapi::Operation;
use crate::report::{CaseReport, Finding, Outcome, Received, Sent, Veil};
use crate::source::{GoodToken, Who};
use crate::synthesis::Variant;
use crate::wire::{Answer, Shot};

/// What an attack on one operation came to, with tokens carried in one place.
pub(super) struct Attacked {
    /// Whether a good token was let in, before and after. The error says why not.
    pub(super) control: Result<(), Refused>,
    pub(super) cases: Vec<CaseReport>,
}

/// One operation under attack.
pub(super) struct Field<'a> {
    pub(super) operation: &'a Operation,
    pub(super) carrier: &'a Carrier,
    pub(super) owner: GoodToken,
    pub(super) stage: Stage,
    /// What comes with 200 and is no secret.
    shown: Shown,
    /// Where requests remove what they work on, each that is let in needs another object.
    consumes: bool,
    cases: Vec<CaseReport>,
    /// Which request bore which mark, to find what was done in spite of a refusal.
    traces: Vec<Trace>,
    leaks: Vec<&'static str>,
    let_in: usize,
    /// What was not tried because the service said nothing any more, or the run was over.
    left: Vec<CaseReport>,
}

impl<'a> Run<'a> {
    /// Sends a control, every case, and a control again.
    pub(super) async fn attack(
        &mut self,
        operation: &'a Operation,
        carrier: &Carrier,
        is_first_carrier: bool,
    ) -> Result<Attacked, AuditError> {
        let mut owner = self.owner().await?;
        let mut before = self.control(operation, carrier, &owner).await;
        if before.as_ref().is_err_and(|refused| refused.is_unauthorized) {
            // An operation before has ended the session: the token was good, and another one is.
            owner = self.another_owner().await?;
            before = self.control(operation, carrier, &owner).await;
        }
        if let Ok(stage) = &before {
            self.stages.entry(operation.name.to_string()).or_insert_with(|| (stage.clone(), carrier.clone()));
        }
        if let Err(refused) = &before
            && (refused.would_touch || self.makeshift_would_touch(operation))
        {
            // Who gets in with a bad token would change it as well.
            return Ok(Attacked { control: Err(refused.clone()), cases: Vec::new() });
        }
        let told = owner.reveal().to_owned();
        let attacked = self.between(operation, carrier, is_first_carrier, owner, &before).await?;
        if before.is_err() || !attacked.control.as_ref().is_err_and(|refused| refused.is_unauthorized) {
            return Ok(attacked);
        }
        // The control has ended the session that it came in, and with several replicas some take it for good a while longer. Bad
        // tokens made of one that is over prove nothing: once more, with one that no control has used.
        let owner = self.another_owner().await?;
        if owner.reveal() == told {
            return Ok(attacked);
        }
        self.between(operation, carrier, is_first_carrier, owner, &before).await
    }

    /// Sends every case with bad tokens made of this good one, which is the control afterwards.
    async fn between(
        &mut self,
        operation: &'a Operation,
        carrier: &Carrier,
        is_first_carrier: bool,
        owner: GoodToken,
        before: &Result<Stage, Refused>,
    ) -> Result<Attacked, AuditError> {
        let mut control = before.as_ref().map(|_| ()).map_err(Refused::clone);
        let consumes = operation.name.method == http::Method::DELETE;
        let mut stage = before.clone().unwrap_or_else(|_| self.makeshift(operation));
        if consumes && control.is_ok() {
            match self.another(operation, &owner).await {
                Some(known) => stage.known = known,
                None => control = Err(Refused::because("there is no second object to try it on")),
            }
        }
        let shown = self.shown_to_everybody(operation, &stage).await;
        let mut field = Field {
            operation,
            carrier,
            owner,
            stage,
            shown,
            consumes,
            cases: Vec::new(),
            traces: Vec::new(),
            leaks: Vec::new(),
            let_in: 0,
            left: Vec::new(),
        };
        self.try_all(&mut field, is_first_carrier).await?;
        // The control would write over what a refused request has written.
        self.look_for_traces(operation, &field.stage, &field.owner, &field.traces, &mut field.cases).await;
        if control.is_ok() {
            control = self.control_again(&mut field).await;
        }
        // That a service answers again later is no answer to what it was not asked.
        if let Some(Outcome::NotTried { because }) = field.left.first().map(|case| &case.outcome) {
            control = Err(Refused::because(because.as_str()));
        } else if let Some(over) = self.site.over() {
            control = Err(Refused::because(over.to_string()));
        }
        if control.is_err() {
            // Without a control a refusal means nothing; that somebody got in does.
            field.cases.retain(|case| {
                matches!(&case.outcome, Outcome::Finding(finding) if finding.severity > Severity::Note)
            });
        }
        field.cases.append(&mut field.left);
        Ok(Attacked { control, cases: field.cases })
    }

    /// Returns what everybody is shown: where nothing is, and, where nobody has to show anything, by this operation.
    pub(super) async fn shown_to_everybody(&self, operation: &Operation, stage: &Stage) -> Shown {
        let mut shown = self.everybody.clone();
        if operation.access.is_optional() && operation.is_safe() {
            let draft = self.site.draft(operation, stage.variant, &stage.known, &self.site.next_mark());
            if let Ok(draft) = draft {
                let shot = self.site.shot(&draft);
                if let Some(reply) = self.site.send(&shot).await.reply() {
                    shown.add(reply, &shot.target);
                }
            }
        }
        shown
    }

    /// Returns a token of the owner in another session: the one before is over.
    async fn another_owner(&mut self) -> Result<GoodToken, AuditError> {
        self.site.source.forget(Who::Owner).await;
        self.owner().await
    }

    /// A request that may not be right, for an operation of which no right one is known.
    fn makeshift(&self, operation: &Operation) -> Stage {
        // Not one of somebody's objects: a bad token that is let in would change it.
        let touches = objects::works_on_one(operation);
        let known = self.ways_to(operation, touches).into_iter().next().unwrap_or_default();
        // What the description gives as an example may be somebody's too.
        let examples = !touches || self.site.options.touch_existing;
        Stage { variant: Variant { whole: false, examples, media: 0 }, known }
    }

    /// Returns whether a request that may not be right could change what was there before all the same: `1` may be somebody's.
    fn makeshift_would_touch(&self, operation: &Operation) -> bool {
        objects::works_on_one(operation) && !self.may_touch(operation, &self.makeshift(operation))
    }

    /// Returns how to fill in the path so that it leads to an object that is still there.
    async fn another(&mut self, operation: &Operation, owner: &GoodToken) -> Option<objects::Known> {
        self.make_object(operation, owner).await;
        self.ways_to(operation, true).into_iter().find(|way| self.is_to_be_touched(operation, way))
    }

    async fn try_all(&mut self, field: &mut Field<'_>, is_first_carrier: bool) -> Result<(), AuditError> {
        let outsider = self.outsider().await?;
        let material = self.material(&field.owner).await?;
        let signing_key = self.site.source.signing_key();
        let nowhere = self.site.nowhere();
        let origin = self.site.wire.target().origin().to_owned();
        let is_public = |operation: &Operation| self.is_public(operation);
        let plans = Plans::of(&Scene {
            document: self.site.document,
            operation: field.operation,
            carrier: field.carrier,
            owner: &field.owner,
            outsider: outsider.as_ref(),
            material: &material,
            signing_key: signing_key.as_ref(),
            canary: self.site.canary.as_ref(),
            base_path: &self.site.base_path,
            nowhere: &nowhere,
            origin: &origin,
            names_an_object: objects::last_name(&field.operation.name.path)
                .is_some_and(|last| field.stage.known.contains_key(last.name)),
            is_shared: self.site.options.shared.contains(&field.operation.name),
            is_public: &is_public,
            is_first_carrier,
            may_touch: self.may_touch(field.operation, &field.stage),
        });
        field
            .cases
            .extend(plans.left_out.into_iter().filter(|case| self.site.options.wants_case(&case.case)));
        for plan in plans.attempts.iter().filter(|plan| self.site.options.wants_case(plan.rule())) {
            match self.site.endurance.why_leave() {
                Some(because) => field.left.push(field.not_tried(plan, because)),
                None => self.try_one(field, plan).await,
            }
        }
        Ok(())
    }

    /// Returns whether what a path leads to may be changed: it is this run's own, or somebody allowed it, or there can be no such thing.
    fn may_touch(&self, operation: &Operation, stage: &Stage) -> bool {
        let (options, known) = (self.site.options, &stage.known);
        options.touch_existing
            || objects::last_name(&operation.name.path).is_some_and(|last| match known.get(last.name) {
                Some(id) => {
                    let collection = objects::filled(last.collection, known);
                    options.parameters.contains_key(last.name)
                        || self.shelf.ids(&collection, last.name, true).contains(id)
                }
                None => self.is_nobodys(operation, stage),
            })
    }

    /// Returns whether a path leads where nothing can be: its value is made up, and was never used before.
    fn is_nobodys(&self, operation: &Operation, stage: &Stage) -> bool {
        let mark = self.site.next_mark();
        let draft = self.site.draft(operation, stage.variant, &stage.known, &mark);
        draft.is_ok_and(|draft| mark.is_in(&draft.path))
    }

    async fn try_one(&mut self, field: &mut Field<'_>, plan: &Plan) {
        let mark = self.site.next_mark();
        let draft = self.site.draft(field.operation, field.stage.variant, &field.stage.known, &mark);
        let attempt = draft.ok().and_then(|draft| plan.on(self.site.shot(&draft)));
        let Some(attempt) = attempt else {
            let case = field.not_tried(plan, "it cannot be written".to_owned());
            return field.cases.push(case);
        };
        let at = tokio::time::Instant::now();
        let answer = self.site.send(&attempt.shot).await;
        let veil = self.veil();
        let mut outcome = judge::judge(&attempt, &answer, &field.shown, &veil);
        if plan.is_by_address()
            && let Some(reply) = answer.reply().filter(|reply| reply.status.is_success())
            && matches!(outcome, Outcome::Finding(_))
        {
            outcome = self.proven(field, plan, &attempt, reply, outcome).await;
        }
        if let (Outcome::Refused { .. }, Some(doubt)) = (&outcome, plan.doubt()) {
            outcome = Outcome::Inconclusive { because: doubt.to_owned() };
        }
        let is_let_in = matches!(&outcome, Outcome::Finding(_)) && answer.is_success();
        if matches!(outcome, Outcome::Finding(_)) {
            self.site.count_finding();
        }
        let case = |outcome| CaseReport {
            case: plan.rule().to_owned(),
            carrier: field.carrier.to_string(),
            outcome,
        };
        field.cases.push(case(outcome));
        let veil = veil.over(attempt.forged.as_deref());
        if let Some(address) = plan.names() {
            self.lures.push(Lure {
                name: address.rsplit('/').next().unwrap_or_default().to_owned(),
                at,
                operation: field.operation.name.clone(),
                carrier: field.carrier.to_string(),
                rule: plan.rule().to_owned(),
                sent: Sent::of(&attempt.shot, &veil),
                received: Received::of(&answer, &veil),
            });
        }
        for leak in leaks(&answer, &attempt.shot, attempt.forged.as_deref()) {
            if !field.leaks.contains(&leak.rule) {
                field.leaks.push(leak.rule);
                field.cases.push(CaseReport {
                    case: leak.rule.to_owned(),
                    ..case(leaked(leak, &attempt.shot, &answer, &veil))
                });
            }
        }
        if matches!(answer, Answer::Nobody) {
            self.remarks.push(format!(
                "After {} on {} nobody listened any more.",
                plan.rule(),
                field.operation.name
            ));
        }
        if is_let_in {
            field.let_in += 1;
            if field.consumes {
                self.note_gone(field.operation, &field.stage.known);
                if let Some(known) = self.another(field.operation, &field.owner).await {
                    field.stage.known = known;
                }
            }
        } else if !matches!(answer, Answer::Late | Answer::Unsendable) {
            field.traces.push(Trace::new(mark, plan.rule(), attempt.shot, attempt.forged));
        }
    }

    /// Sends the control once more: only now is it known that what was refused could have been let in.
    async fn control_again(&mut self, field: &mut Field<'_>) -> Result<(), Refused> {
        let answer = self.try_control(field.operation, &field.stage, field.carrier, &field.owner).await;
        let answer = answer.map_err(Refused::because)?;
        if answer.is_success() {
            return Ok(());
        }
        let is_away = matches!(answer.status(), Some(http::StatusCode::NOT_FOUND | http::StatusCode::GONE));
        // What has no name in its path may be gone since the first control.
        let was_there = field.consumes && objects::works_on_one(field.operation);
        if was_there && is_away && field.let_in == 0 {
            field.cases.push(CaseReport {
                case: "effect/done-all-the-same".to_owned(),
                carrier: field.carrier.to_string(),
                outcome: done_all_the_same(field, &answer, &self.veil()),
            });
            self.site.count_finding();
            return Ok(());
        }
        Err(Refused::by(&answer, "after the attack a good token"))
    }
}

impl Field<'_> {
    fn not_tried(&self, plan: &Plan, because: String) -> CaseReport {
        CaseReport {
            case: plan.rule().to_owned(),
            carrier: self.carrier.to_string(),
            outcome: Outcome::NotTried { because },
        }
    }
}

fn leaks(answer: &Answer, shot: &Shot, forged: Option<&str>) -> Vec<&'static leak::Leak> {
    let Some(reply) = answer.reply().filter(|reply| !reply.status.is_success()) else { return Vec::new() };
    let sent = shot.headers.get(http::header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let sent = sent.map(|value| value.strip_prefix("Bearer ").unwrap_or(value));
    leak::find(&reply.text(), forged.into_iter().chain(sent))
}

fn leaked(leak: &leak::Leak, shot: &Shot, answer: &Answer, veil: &Veil) -> Outcome {
    Outcome::Finding(Box::new(Finding {
        rule: leak.rule.to_owned(),
        severity: leak.severity,
        title: leak.title.to_owned(),
        why: leak.why.to_owned(),
        fix: leak.fix.to_owned(),
        sent: Sent::of(shot, veil),
        received: Received::of(answer, veil),
    }))
}

fn done_all_the_same(field: &Field<'_>, answer: &Answer, veil: &Veil) -> Outcome {
    let shot = field.traces.first().map(|trace| trace.shot.clone());
    let sent = shot.map_or_else(
        || Sent {
            line: field.operation.name.to_string(),
            headers: Vec::new(),
            body: String::new(),
            token: None,
        },
        |shot| Sent::of(&shot, veil),
    );
    Outcome::Finding(Box::new(Finding {
        rule: "effect/done-all-the-same".to_owned(),
        severity: Severity::Critical,
        title: "refuses, and does it all the same".to_owned(),
        why: "Every bad token was refused, and afterwards the object was gone: the work is done before anybody asks who sent it."
            .to_owned(),
        fix: "Check the token before the handler runs.".to_owned(),
        sent,
        received: Received::of(answer, veil),
    }))
}
