//! What can be tried only when every operation is known: lists that show somebody else's objects, tokens that are taken back, and how
//! often an unknown key makes the service fetch.

use handstamp_testkit::recipe::Severity;
use http::StatusCode;

use super::AuditError;
use super::prepare::Stage;
use super::run::Run;
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

/// An operation that is known to let a good token in, and to change nothing when it does so again.
pub(super) struct Ground<'a> {
    pub(super) operation: &'a Operation,
    pub(super) stage: Stage,
    pub(super) carrier: Carrier,
}

/// What is known of the outsider's token.
#[derive(Debug, PartialEq, Eq)]
enum Outsider {
    /// It was let in somewhere.
    Good,
    /// It was refused wherever it was tried.
    Refused,
    /// It was tried nowhere, or nowhere with an answer.
    Untried,
}

impl<'a> Run<'a> {
    /// Tries what is left.
    pub(super) async fn aftermath(&mut self, reports: &mut [OperationReport]) -> Result<(), AuditError> {
        let grounds = self.grounds(reports);
        if let Some(over) = self.site.over() {
            self.leave_out_repeated(reports, &over.to_string());
        } else if grounds.is_empty() {
            self.leave_out_repeated(
                reports,
                "it takes an operation that lets in and changes nothing, such as a GET",
            );
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

    /// Says of what is tried by asking again and again why nobody was asked.
    fn leave_out_repeated(&self, reports: &mut [OperationReport], because: &str) {
        let endings = Ending::ALL.iter().map(|ending| format!("revoked/{}", ending.name()));
        let rules: Vec<String> = endings.chain([FETCHES.to_owned()]).collect();
        for operation in self.site.document.operations() {
            let Some((_, carrier)) = self.stages.get(&operation.name.to_string()) else { continue };
            for rule in rules.iter().filter(|rule| self.site.options.wants_case(rule)) {
                let because = because.to_owned();
                push(reports, operation, carrier, rule, Outcome::NotTried { because });
            }
        }
    }

    fn grounds(&self, reports: &[OperationReport]) -> Vec<Ground<'a>> {
        if self.site.over().is_some() {
            return Vec::new();
        }
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
        let mut known = Outsider::Untried;
        let lists = grounds.iter().filter(|ground| ground.operation.path_names().next().is_none());
        for ground in lists.filter(|ground| !self.site.options.shared.contains(&ground.operation.name)) {
            let (shot, answer) = self.ask(ground, &outsider).await?;
            let refused = matches!(
                answer.status(),
                Some(StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN | StatusCode::NOT_FOUND)
            );
            known = match known {
                _ if answer.is_success() => Outsider::Good,
                Outsider::Untried if refused => Outsider::Refused,
                before => before,
            };
            let text = answer.reply().map(Reply::text).unwrap_or_default();
            let shows = answer.is_success() && telling.iter().any(|word| text.contains(word.as_str()));
            let outcome = if !answer.is_success() && !refused {
                Outcome::Inconclusive {
                    because: format!("a good token of another organisation gets {}", answer.in_words()),
                }
            } else if shows {
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
        doubt_the_outsider(&known, reports);
        Ok(())
    }

    /// Returns whether what the owner is shown can be recognised as theirs.
    async fn is_telling(&mut self, ground: &Ground<'a>, telling: &[String]) -> Result<bool, AuditError> {
        let owner = self.owner().await?;
        let (_, own) = self.ask(ground, &owner).await?;
        let text = own.reply().map(Reply::text).unwrap_or_default();
        Ok(own.is_success() && telling.iter().any(|word| text.contains(word.as_str())))
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
        let shown = self.shown_to_everybody(ground.operation, &ground.stage).await;
        let mut last = None;
        for turn in 1..=UNKNOWN_KEYS {
            let Some(token) = with_unknown_key(&owner, self.site.next_mark().as_str()) else { break };
            let (shot, answer) = self.ask(ground, &GoodToken::new(token)).await?;
            let is_shown = answer.reply().is_some_and(|reply| shown.contains(reply, &shot.target));
            if answer.is_success() && !is_shown {
                // Who has asked often enough may be let in because nobody asks any more.
                let outcome = self.finding(
                    FETCHES,
                    &format!("lets in: a token with an unknown key, the {turn}. of {UNKNOWN_KEYS}"),
                    Severity::Critical,
                    "Nobody holds the key that the token names, so its signature cannot have been looked at.",
                    "Refuse tokens whose key is not known, also where it cannot be fetched just now.",
                    &shot,
                    &answer,
                );
                push(reports, ground.operation, &ground.carrier, FETCHES, outcome);
                return Ok(());
            }
            last = Some((shot, answer));
        }
        let after = self.site.source.key_fetches().await;
        let fetches = after.map_or(0, |after| after.saturating_sub(before));
        let outcome = match last {
            _ if after.is_none() => {
                Outcome::Inconclusive { because: "the issuer did not say how often its keys were fetched".to_owned() }
            }
            None => Outcome::NotTried { because: "the good token cannot be taken apart".to_owned() },
            Some((_, answer)) if answer.reply().is_none() || answer.says_nothing() => {
                Outcome::Inconclusive { because: format!("the last token with an unknown key gets {}", answer.in_words()) }
            }
            Some((shot, answer)) if fetches > FETCHES_ALLOWED => self.finding(
                FETCHES,
                &format!("fetched the issuer's keys {fetches} times for {UNKNOWN_KEYS} tokens with unknown keys"),
                Severity::Medium,
                "Anybody can make the service ask the issuer as often as they like: one attacker and many services keep it busy.",
                "Fetch keys for an unknown `kid` once, and then not again for a while.",
                &shot,
                &answer,
            ),
            Some(_) => Outcome::Refused { with: format!("the keys were fetched {fetches} times") },
        };
        push(reports, ground.operation, &ground.carrier, FETCHES, outcome);
        Ok(())
    }

    pub(super) async fn ask(
        &mut self,
        ground: &Ground<'a>,
        token: &GoodToken,
    ) -> Result<(Shot, Answer), AuditError> {
        let shot = self.shot_with(ground, token)?;
        let answer = self.site.send(&shot).await;
        Ok((shot, answer))
    }

    pub(super) fn shot_with(&self, ground: &Ground<'a>, token: &GoodToken) -> Result<Shot, AuditError> {
        let mark = self.site.next_mark();
        let draft = self.site.draft(ground.operation, ground.stage.variant, &ground.stage.known, &mark);
        let draft = draft.map_err(crate::source::SourceError::new)?;
        let mut shot = self.site.shot(&draft);
        ground.carrier.put(token.reveal(), &mut shot);
        Ok(shot)
    }

    #[expect(clippy::too_many_arguments, reason = "a finding has as many parts, and each is a text")]
    pub(super) fn finding(
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

/// A token that is let in nowhere proves nothing when it is refused.
fn doubt_the_outsider(known: &Outsider, reports: &mut [OperationReport]) {
    let because = match known {
        Outsider::Good => return,
        Outsider::Refused => "the token of the other organisation is let in nowhere",
        Outsider::Untried => {
            "whether the token of the other organisation is good at all is not known: no operation without a name in its path let one in"
        }
    };
    for case in reports.iter_mut().flat_map(|report| &mut report.cases) {
        let is_about_them = case.case.starts_with("identity/other-organisation")
            || case.case.starts_with("identity/organisation-by-request");
        if is_about_them && matches!(case.outcome, Outcome::Refused { .. }) {
            case.outcome = Outcome::Inconclusive { because: because.to_owned() };
        }
    }
}

pub(super) fn push(
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
