//! Tokens that are taken back, and how long each operation goes on letting them in.

use std::time::Duration;

use handstamp_testkit::recipe::{Recipe, Severity};
use tokio::time::Instant;

use super::aftermath::{Ground, push};
use super::attempt::Plan;
use super::run::Run;
use super::shown::Shown;
use super::{AuditError, Expected, judge};
use crate::report::{OperationReport, Outcome};
use crate::source::{Ending, GoodToken};
use crate::wire::{Answer, Shot};

/// How long it is waited between two looks at a token that was taken back.
const LOOK_AGAIN: Duration = Duration::from_millis(20);

/// After so many refusals in a row a token is over. Behind one address there may be several replicas, and one that hears nothing.
const IN_A_ROW: u32 = 8;

impl<'a> Run<'a> {
    /// Ends a good token and watches every operation until it refuses.
    pub(super) async fn ending(
        &mut self,
        ending: Ending,
        grounds: &[Ground<'a>],
        reports: &mut [OperationReport],
    ) -> Result<(), AuditError> {
        let rule = format!("revoked/{}", ending.name());
        if !self.site.options.wants_case(&rule) {
            return Ok(());
        }
        let doomed = match self.site.over() {
            Some(over) => Err(over.to_string()),
            None => self.site.source.doomed(ending).await?.ok_or_else(|| {
                let source = self.site.source.description();
                format!(
                    "{source}: no token of these can be ended in this way; a test issuer (--dev-issuer) can"
                )
            }),
        };
        let token = match doomed {
            Ok(token) => token,
            Err(because) => {
                for ground in grounds {
                    let outcome = Outcome::NotTried { because: because.clone() };
                    push(reports, ground.operation, &ground.carrier, &rule, outcome);
                }
                return Ok(());
            }
        };
        self.keep_out(&token);
        let mut open = Vec::new();
        for ground in grounds {
            let (shot, answer) = self.ask(ground, &token).await?;
            let shown = self.shown_to_everybody(ground.operation, &ground.stage).await;
            if !answer.is_success() {
                let because = format!("the token to be ended gets {}", answer.in_words());
                push(reports, ground.operation, &ground.carrier, &rule, Outcome::Inconclusive { because });
            } else if is_shown(&shown, &shot, &answer) {
                let because = "everybody is shown what a good token is shown".to_owned();
                push(reports, ground.operation, &ground.carrier, &rule, Outcome::NotTried { because });
            } else {
                open.push((ground, shown));
            }
        }
        self.site.source.end(&token, ending).await?;
        let ended = Instant::now();
        let mut refused = Vec::new();
        for (ground, shown) in open {
            match self.watch_it_end(&rule, ground, &shown, &token, ended).await? {
                outcome @ Outcome::Refused { .. } => refused.push((ground, outcome)),
                // What was found is not lost with the issuer.
                outcome => push(reports, ground.operation, &ground.carrier, &rule, outcome),
            }
        }
        // Only what lets others in has refused this token.
        let owner = self.owner().await?;
        for (ground, mut outcome) in refused {
            let (_, answer) = self.ask(ground, &owner).await?;
            if !answer.is_success() {
                let because = format!("after that a good token gets {}", answer.in_words());
                outcome = Outcome::Inconclusive { because };
            }
            push(reports, ground.operation, &ground.carrier, &rule, outcome);
        }
        Ok(())
    }

    async fn watch_it_end(
        &mut self,
        rule: &str,
        ground: &Ground<'a>,
        shown: &Shown,
        token: &GoodToken,
        ended: Instant,
    ) -> Result<Outcome, AuditError> {
        let allowed = self.site.options.revocation_delay;
        let mut refusals = 0;
        let mut first = String::new();
        loop {
            let asked = ended.elapsed();
            let (shot, answer) = self.ask_anew(ground, token).await?;
            // To be asked to come back later says nothing about the token.
            let refused = answer
                .reply()
                .is_some_and(|reply| reply.status.is_client_error() && !reply.asks_for_patience());
            if refused || is_shown(shown, &shot, &answer) {
                if refusals == 0 {
                    first = format!("{} after {} ms", answer.in_words(), ended.elapsed().as_millis());
                }
                refusals += 1;
                if refusals == IN_A_ROW {
                    return Ok(Outcome::Refused { with: first });
                }
                continue;
            }
            refusals = 0;
            if matches!(answer, Answer::Late) {
                return Ok(Outcome::Inconclusive { because: answer.in_words() });
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

    /// Asks over a connection of its own: what shares out connections among replicas would lead to the same one again.
    async fn ask_anew(
        &mut self,
        ground: &Ground<'a>,
        token: &GoodToken,
    ) -> Result<(Shot, Answer), AuditError> {
        let mut shot = self.shot_with(ground, token)?;
        shot.add_header("connection", "close");
        let answer = self.site.send(&shot).await;
        Ok((shot, answer))
    }

    fn judged(&self, rule: &str, shot: Shot, answer: &Answer) -> Outcome {
        let plan =
            Plan::new(rule, Severity::High, "a token that was taken back", Expected::AnyRefusal, |_| true);
        match plan.on(shot) {
            Some(attempt) => judge::judge(&attempt, answer, &Shown::default(), &self.veil()),
            None => Outcome::Inconclusive { because: answer.in_words() },
        }
    }
}

/// Returns whether an answer is what everybody is shown: a token that changes nothing about it can be over or not.
fn is_shown(shown: &Shown, shot: &Shot, answer: &Answer) -> bool {
    answer.reply().is_some_and(|reply| shown.contains(reply, &shot.target))
}
