//! What can be tried only when every operation is known: lists that show somebody else's objects, tokens that are taken back, and how
//! often an unknown key makes the service fetch.

use std::time::Duration;

use handstamp_testkit::recipe::{Recipe, Severity};
use tokio::time::Instant;

use super::attempt::Plan;
use super::prepare::Stage;
use super::run::Run;
use super::{AuditError, Expected, judge};
use crate::carrier::Carrier;
use crate::openapi::Operation;
use crate::report::{CaseReport, Finding, OperationReport, Outcome, Received, Sent, Standing};
use crate::source::{Ending, GoodToken};
use crate::wire::{Answer, Reply, Shot};

/// The case of keys that are fetched for every unknown id.
const FETCHES: &str = "key-selection/fetches";

/// How often an unknown key is named.
const UNKNOWN_KEYS: usize = 30;

/// A cooldown may let a few through; one fetch for each is none.
const FETCHES_ALLOWED: u64 = 5;

/// How long it is waited between two looks at a token that was taken back.
const LOOK_AGAIN: Duration = Duration::from_millis(20);

/// An operation that is known to let a good token in, and to change nothing when it does so again.
struct Ground<'a> {
    operation: &'a Operation,
    stage: Stage,
    carrier: Carrier,
}

impl<'a> Run<'a> {
    /// Tries what is left.
    pub(super) async fn aftermath(&mut self, reports: &mut [OperationReport]) -> Result<(), AuditError> {
        if self.is_gone {
            return Ok(());
        }
        let grounds = self.grounds(reports);
        if grounds.is_empty() {
            self.leave_out_repeated(reports);
        }
        self.foreign_lists(&grounds, reports).await?;
        if let Some(ground) = grounds.first() {
            self.unknown_keys(ground, reports).await?;
        }
        for ending in Ending::ALL {
            self.ending(ending, &grounds, reports).await?;
        }
        Ok(())
    }

    /// Says of what is tried by asking again and again that there is nothing to ask.
    fn leave_out_repeated(&self, reports: &mut [OperationReport]) {
        let endings = Ending::ALL.iter().map(|ending| format!("revoked/{}", ending.name()));
        let rules: Vec<String> = endings.chain([FETCHES.to_owned()]).collect();
        for operation in self.site.document.operations() {
            let Some((_, carrier)) = self.stages.get(&operation.name.to_string()) else { continue };
            for rule in rules.iter().filter(|rule| self.site.options.wants_case(rule)) {
                let because =
                    "it takes an operation that lets in and changes nothing, such as a GET".to_owned();
                push(reports, operation, carrier, rule, Outcome::NotTried { because });
            }
        }
    }

    fn grounds(&self, reports: &[OperationReport]) -> Vec<Ground<'a>> {
        let judged = |operation: &Operation| {
            let name = operation.name.to_string();
            reports.iter().any(|report| report.operation == name && report.standing == Standing::Judged)
        };
        let safe = self
            .site
            .document
            .operations()
            .iter()
            .filter(|operation| operation.is_safe() && judged(operation));
        safe.filter_map(|operation| {
            let (stage, carrier) = self.stages.get(&operation.name.to_string())?.clone();
            Some(Ground { operation, stage, carrier })
        })
        .collect()
    }

    /// Looks at every list through the eyes of somebody in another organisation.
    async fn foreign_lists(
        &mut self,
        grounds: &[Ground<'a>],
        reports: &mut [OperationReport],
    ) -> Result<(), AuditError> {
        const RULE: &str = "identity/foreign-list";
        // The other cases of the class need to know whether the outsider's token is good at all.
        let needed = [RULE, "identity/other-organisation", "identity/organisation-by-request"];
        if !needed.iter().any(|rule| self.site.options.wants_case(rule)) {
            return Ok(());
        }
        let Some(outsider) = self.outsider().await? else { return Ok(()) };
        let foreign = outsider.unverified_claims();
        let theirs = |claim: &str| {
            let value = self.claims.get(claim)?.as_str()?;
            (foreign.get(claim).and_then(|other| other.as_str()) != Some(value))
                .then(|| format!("\"{value}\""))
        };
        let mut telling: Vec<String> = ["org_id", "sub"].iter().filter_map(|claim| theirs(claim)).collect();
        telling.push(self.site.marks_of_this_run());
        let lists = grounds.iter().filter(|ground| ground.operation.path_names().next().is_none());
        for ground in lists.filter(|ground| !self.site.options.shared.contains(&ground.operation.name)) {
            let (shot, answer) = self.ask(ground, &outsider).await?;
            let Some(reply) = answer.reply() else { continue };
            self.outsider_is_good = Some(self.outsider_is_good.unwrap_or(false) || answer.is_success());
            let text = reply.text();
            let shows = answer.is_success() && telling.iter().any(|word| text.contains(word.as_str()));
            let outcome = if shows {
                self.finding(
                    RULE,
                    "lists another organisation's objects",
                    Severity::Critical,
                    "Somebody of another organisation is shown what belongs to the owner.",
                    "List within the caller's organisation: WHERE org_id = (the token's).",
                    &shot,
                    &answer,
                )
            } else if answer.is_success() && !self.is_telling(ground, &telling).await? {
                // Whatever the outsider was shown, nothing in it could have given it away.
                let because = "the owner's own list shows nothing by which it could be told from another organisation's";
                Outcome::NotTried { because: because.to_owned() }
            } else {
                Outcome::Refused { with: format!("{}, without the owner's objects", answer.in_words()) }
            };
            if self.site.options.wants_case(RULE) {
                push(reports, ground.operation, &ground.carrier, RULE, outcome);
            }
        }
        self.doubt_the_outsider(reports);
        Ok(())
    }

    /// Returns whether what the owner is shown can be recognised as theirs.
    async fn is_telling(&mut self, ground: &Ground<'a>, telling: &[String]) -> Result<bool, AuditError> {
        let owner = self.owner().await?;
        let (_, own) = self.ask(ground, &owner).await?;
        let text = own.reply().map(Reply::text).unwrap_or_default();
        Ok(own.is_success() && telling.iter().any(|word| text.contains(word.as_str())))
    }

    /// A token that is let in nowhere proves nothing when it is refused.
    fn doubt_the_outsider(&self, reports: &mut [OperationReport]) {
        if self.outsider_is_good == Some(true) {
            return;
        }
        for case in reports.iter_mut().flat_map(|report| &mut report.cases) {
            let is_about_them = case.case.starts_with("identity/other-organisation")
                || case.case.starts_with("identity/organisation-by-request");
            if is_about_them && matches!(case.outcome, Outcome::Refused { .. }) {
                let because = "the token of the other organisation is let in nowhere".to_owned();
                case.outcome = Outcome::Inconclusive { because };
            }
        }
    }

    /// Names keys that nobody has, and counts how often the issuer is asked for its keys.
    async fn unknown_keys(
        &mut self,
        ground: &Ground<'a>,
        reports: &mut [OperationReport],
    ) -> Result<(), AuditError> {
        if !self.site.options.wants_case(FETCHES) {
            return Ok(());
        }
        let Some(before) = self.site.source.key_fetches().await else {
            let because = "it takes an issuer that counts how often its keys are fetched".to_owned();
            push(reports, ground.operation, &ground.carrier, FETCHES, Outcome::NotTried { because });
            return Ok(());
        };
        let owner = self.owner().await?;
        let mut last = None;
        for _ in 0..UNKNOWN_KEYS {
            let Some(token) = with_unknown_key(&owner, self.site.next_mark().as_str()) else { return Ok(()) };
            last = Some(self.ask(ground, &GoodToken::new(token)).await?);
        }
        let fetches = self.site.source.key_fetches().await.unwrap_or(before).saturating_sub(before);
        let outcome = match last {
            Some((shot, answer)) if fetches > FETCHES_ALLOWED => self.finding(
                FETCHES,
                &format!("fetched the issuer's keys {fetches} times for {UNKNOWN_KEYS} tokens with unknown keys"),
                Severity::Medium,
                "Anybody can make the service ask the issuer as often as they like: one attacker and many services keep it busy.",
                "Fetch keys for an unknown `kid` once, and then not again for a while.",
                &shot,
                &answer,
            ),
            _ => Outcome::Refused { with: format!("the keys were fetched {fetches} times") },
        };
        push(reports, ground.operation, &ground.carrier, FETCHES, outcome);
        Ok(())
    }

    /// Ends a good token and watches every operation until it refuses.
    async fn ending(
        &mut self,
        ending: Ending,
        grounds: &[Ground<'a>],
        reports: &mut [OperationReport],
    ) -> Result<(), AuditError> {
        let rule = format!("revoked/{}", ending.name());
        if !self.site.options.wants_case(&rule) {
            return Ok(());
        }
        let Some(token) = self.site.source.doomed(ending).await? else {
            for ground in grounds {
                let because = "it takes an issuer that can end tokens".to_owned();
                push(reports, ground.operation, &ground.carrier, &rule, Outcome::NotTried { because });
            }
            return Ok(());
        };
        self.keep_out(&token);
        let mut open = Vec::new();
        for ground in grounds {
            let (_, answer) = self.ask(ground, &token).await?;
            if answer.is_success() {
                open.push(ground);
            } else {
                let because = format!("the token to be ended gets {}", answer.in_words());
                push(reports, ground.operation, &ground.carrier, &rule, Outcome::Inconclusive { because });
            }
        }
        self.site.source.end(&token, ending).await?;
        let ended = Instant::now();
        for ground in open {
            let outcome = self.watch_it_end(&rule, ground, &token, ended).await?;
            push(reports, ground.operation, &ground.carrier, &rule, outcome);
        }
        Ok(())
    }

    async fn watch_it_end(
        &mut self,
        rule: &str,
        ground: &Ground<'a>,
        token: &GoodToken,
        ended: Instant,
    ) -> Result<Outcome, AuditError> {
        let allowed = self.site.options.revocation_delay;
        loop {
            let asked = ended.elapsed();
            let (shot, answer) = self.ask(ground, token).await?;
            // To be asked to come back later says nothing about the token.
            let refused = answer
                .reply()
                .is_some_and(|reply| reply.status.is_client_error() && !reply.asks_for_patience());
            if refused {
                return Ok(Outcome::Refused {
                    with: format!("{} after {} ms", answer.in_words(), ended.elapsed().as_millis()),
                });
            }
            if asked <= allowed {
                tokio::time::sleep(LOOK_AGAIN).await;
                continue;
            }
            let case = Recipe::built_in().case(rule);
            let title = case.map_or(rule, |case| case.title());
            let waited = format!("still lets in after {} ms: {title}", asked.as_millis());
            let (why, fix) = case.map_or(("", ""), |case| (case.why(), case.fix()));
            return Ok(match answer.status() {
                Some(status) if status.is_success() => {
                    self.finding(rule, &waited, Severity::High, why, fix, &shot, &answer)
                }
                _ => self.judged(rule, shot, &answer),
            });
        }
    }

    fn judged(&self, rule: &str, shot: Shot, answer: &Answer) -> Outcome {
        let plan =
            Plan::new(rule, Severity::High, "a token that was taken back", Expected::AnyRefusal, |_| true);
        match plan.on(shot) {
            Some(attempt) => judge::judge(&attempt, answer, &self.veil()),
            None => Outcome::Inconclusive { because: answer.in_words() },
        }
    }

    async fn ask(&mut self, ground: &Ground<'a>, token: &GoodToken) -> Result<(Shot, Answer), AuditError> {
        let mark = self.site.next_mark();
        let draft = self.site.draft(ground.operation, ground.stage.variant, &ground.stage.known, &mark);
        let draft = draft.map_err(crate::source::SourceError::new)?;
        let mut shot = self.site.shot(&draft);
        ground.carrier.put(token.reveal(), &mut shot);
        let answer = self.site.send(&shot).await;
        Ok((shot, answer))
    }

    #[expect(clippy::too_many_arguments, reason = "a finding has as many parts, and each is a text")]
    fn finding(
        &self,
        rule: &str,
        title: &str,
        severity: Severity,
        why: &str,
        fix: &str,
        shot: &Shot,
        answer: &Answer,
    ) -> Outcome {
        self.site.count_finding();
        let veil = self.veil();
        Outcome::Finding(Box::new(Finding {
            rule: rule.to_owned(),
            severity,
            title: title.to_owned(),
            why: why.to_owned(),
            fix: fix.to_owned(),
            sent: Sent::of(shot, &veil),
            received: Received::of(answer, &veil),
        }))
    }
}

fn push(
    reports: &mut [OperationReport],
    operation: &Operation,
    carrier: &Carrier,
    rule: &str,
    outcome: Outcome,
) {
    let name = operation.name.to_string();
    if let Some(report) = reports.iter_mut().find(|report| report.operation == name) {
        report.cases.push(CaseReport { case: rule.to_owned(), carrier: carrier.to_string(), outcome });
    }
}

/// Returns the good token with another key id in its header: well made, and signed by a key that nobody has.
fn with_unknown_key(good: &GoodToken, kid: &str) -> Option<String> {
    let (header, rest) = good.reveal().split_once('.')?;
    let header = base64_simd::URL_SAFE_NO_PAD.decode_to_vec(header).ok()?;
    let mut header: serde_json::Map<String, serde_json::Value> = serde_json::from_slice(&header).ok()?;
    header.insert("kid".to_owned(), kid.into());
    let header = serde_json::to_vec(&header).ok()?;
    Some(format!("{}.{rest}", base64_simd::URL_SAFE_NO_PAD.encode_to_string(header)))
}
