use std::collections::BTreeMap;

use handstamp_testkit::recipe::Material;
use http::{HeaderMap, Method};
use serde_json::{Map, Value};
use tokio::time::Instant;

use super::endurance::Over;
use super::lures::{FETCHED, Lure};
use super::prepare::{Refused, Stage};
use super::shelf::Shelf;
use super::shown::Shown;
use super::{Audit, AuditError, Progress, Site};
use crate::carrier::Carrier;
use crate::openapi::{Access, Operation};
use crate::report::{CaseReport, OperationReport, Report, Standing, Veil};
use crate::source::{GoodToken, Who};
use crate::wire::{Answer, Shot};

/// A run while it goes on: what it works with, and what it has learnt.
pub(crate) struct Run<'a> {
    pub(super) site: Site<'a>,
    pub(super) shelf: Shelf,
    /// The owner's claims, as their token has them.
    pub(super) claims: Map<String, Value>,
    /// Operations that a good token is known to open, and how.
    pub(super) stages: BTreeMap<String, (Stage, Carrier)>,
    /// What an address shows where nothing is.
    pub(super) everybody: Shown,
    /// Requests whose tokens name addresses of ours, in the order they were sent.
    pub(super) lures: Vec<Lure>,
    /// Every good token that was handed out, to be kept out of the report.
    good: Vec<String>,
    pub(super) remarks: Vec<String>,
}

pub(super) async fn run(audit: &Audit, progress: &dyn Progress) -> Result<Report, AuditError> {
    let start = Instant::now();
    let site = Site::new(audit, start, progress).await?;
    let report = Run::begin(site).await?.attack_all(audit, start).await;
    audit.source.close().await;
    report
}

impl<'a> Run<'a> {
    async fn begin(site: Site<'a>) -> Result<Self, AuditError> {
        let nothing = Shot {
            method: Method::GET,
            target: site.nowhere(),
            headers: HeaderMap::new(),
            body: bytes::Bytes::new(),
        };
        let mut everybody = Shown::default();
        for method in [Method::GET, Method::POST, Method::HEAD] {
            let answer = site.send(&Shot { method, ..nothing.clone() }).await;
            if matches!(answer, Answer::Nobody) {
                return Err(AuditError::Nobody { target: site.wire.target().to_string() });
            }
            if let Some(reply) = answer.reply() {
                everybody.add(reply, &nothing.target);
            }
        }
        let owner = site.source.token(Who::Owner).await?;
        let owner = owner.ok_or_else(|| crate::source::SourceError::new("the source has none"))?;
        Material::of_token(owner.reveal(), site.clock.now()).map_err(AuditError::NotAJwt)?;
        Ok(Self {
            site,
            shelf: Shelf::default(),
            claims: owner.unverified_claims(),
            stages: BTreeMap::new(),
            everybody,
            lures: Vec::new(),
            good: Vec::new(),
            remarks: Vec::new(),
        })
    }

    async fn attack_all(mut self, audit: &Audit, start: Instant) -> Result<Report, AuditError> {
        let operations = self.in_order()?;
        let mut reports = Vec::new();
        for (number, operation) in operations.iter().enumerate() {
            self.site.operation_begins(number + 1, operations.len(), &operation.name.to_string());
            reports.push(match self.operation(operation).await {
                Ok(report) => report,
                Err(cause) if number == 0 => return Err(cause),
                // What was found so far is not lost with the issuer.
                Err(cause) => self.without_tokens(operation, &cause),
            });
        }
        if let Err(cause) = self.aftermath(&mut reports).await {
            self.site.endurance.end(Over::NoToken(in_full(&cause)));
        }
        self.look_for_visitors(&mut reports).await;
        let cut_short = self.site.over().map(ToString::to_string);
        // All is judged: a run that cannot clean up after itself is no less whole.
        let _ = self.tidy().await;
        self.remark_on_fetching();
        let unreadable =
            audit.document.unreadable().iter().filter(|(name, _)| audit.options.wants_operation(name));
        reports.extend(unreadable.map(|(name, problem)| OperationReport {
            operation: name.to_string(),
            line: None,
            standing: Standing::Inconclusive {
                because: format!("the description cannot be read: {problem}"),
            },
            cases: Vec::new(),
        }));
        for report in &mut reports {
            report.line = audit.document.line(&report.operation);
        }
        // As the description has them, not as they were attacked.
        let order: Vec<String> = audit.document.names().map(ToString::to_string).collect();
        reports.sort_by_key(|report| order.iter().position(|name| *name == report.operation));
        Ok(Report {
            target: format!("{}{}", audit.target.origin(), self.site.base_path),
            source: audit.source.description(),
            operations: reports,
            cut_short,
            remarks: self.remarks,
            requests: self.site.wire.sent(),
            took: start.elapsed(),
        })
    }

    /// A service that fetched what a token names would not have been noticed: silence must not read as a pass.
    fn remark_on_fetching(&mut self) {
        if self.site.canary.is_none() && self.site.options.wants_case(FETCHED) {
            let remark = "Whether addresses that tokens name (jku, x5u) are fetched was not looked at: only a service on this machine can \
                          come to where they lead.";
            self.remarks.push(remark.to_owned());
        }
    }

    /// Returns the operations in the order that teaches most: lists tell of objects, and what removes objects comes last.
    fn in_order(&self) -> Result<Vec<&'a Operation>, AuditError> {
        let document = self.site.document;
        let options = self.site.options;
        let mut operations: Vec<_> = document
            .operations()
            .iter()
            .filter(|operation| options.wants_operation(&operation.name))
            .collect();
        if operations.is_empty()
            && !document.unreadable().iter().any(|(name, _)| options.wants_operation(name))
        {
            return Err(AuditError::NoOperation);
        }
        operations.sort_by_key(|operation| {
            let turn = match operation.name.method.as_str() {
                "GET" | "HEAD" | "OPTIONS" => 0,
                "POST" => 1,
                "DELETE" => 3,
                _ => 2,
            };
            let depth = operation.path_names().count();
            (turn == 3, depth, turn)
        });
        Ok(operations)
    }

    /// Returns whether an operation is open on purpose.
    pub(super) fn is_public(&self, operation: &Operation) -> bool {
        // A browser asks so before it may show who is asking.
        let is_preflight = operation.name.method == Method::OPTIONS && operation.access == Access::NotSaid;
        operation.access == Access::Public
            || is_preflight
            || self.site.options.public.contains(&operation.name)
    }

    async fn operation(&mut self, operation: &'a Operation) -> Result<OperationReport, AuditError> {
        let name = operation.name.to_string();
        let report =
            |standing, cases| OperationReport { operation: name.clone(), line: None, standing, cases };
        if self.is_public(operation) {
            return Ok(report(Standing::Public, Vec::new()));
        }
        if let Some(over) = self.site.over() {
            return Ok(report(Standing::Inconclusive { because: over.to_string() }, Vec::new()));
        }
        let mut carriers = self.site.options.carriers.clone();
        if carriers.is_empty() {
            carriers = Carrier::of(&operation.access);
        }
        let mut unclear = Vec::new();
        if carriers.is_empty() {
            unclear.push("it asks for something that is no token".to_owned());
            carriers.push(Carrier::Bearer);
        }
        let mut cases: Vec<CaseReport> = Vec::new();
        for (turn, carrier) in carriers.iter().enumerate() {
            let attacked = match self.attack(operation, carrier, turn == 0).await {
                Ok(attacked) => attacked,
                // What was found with tokens elsewhere in the request is not lost with the issuer.
                Err(cause) if turn > 0 => {
                    self.site.endurance.end(Over::NoToken(in_full(&cause)));
                    unclear.extend(self.site.over().map(ToString::to_string));
                    break;
                }
                Err(cause) => return Err(cause),
            };
            cases.extend(attacked.cases);
            if let Err(Refused { because, .. }) = attacked.control
                && unclear.is_empty()
            {
                unclear.push(if carriers.len() == 1 { because } else { format!("{because} ({carrier})") });
            }
        }
        let standing = match unclear.into_iter().next() {
            Some(because) => Standing::Inconclusive { because },
            None => Standing::Judged,
        };
        Ok(report(standing, cases))
    }

    fn without_tokens(&self, operation: &Operation, cause: &AuditError) -> OperationReport {
        self.site.endurance.end(Over::NoToken(in_full(cause)));
        let because = self.site.over().map(ToString::to_string).unwrap_or_default();
        let standing = Standing::Inconclusive { because };
        OperationReport { operation: operation.name.to_string(), line: None, standing, cases: Vec::new() }
    }

    /// Returns a token of the owner, to be kept out of the report.
    pub(super) async fn owner(&mut self) -> Result<GoodToken, AuditError> {
        let token = self.site.source.token(Who::Owner).await?;
        let token = token.ok_or_else(|| crate::source::SourceError::new("the source has none any more"))?;
        self.keep_out(&token);
        Ok(token)
    }

    /// Returns a token of somebody in another organisation, where there is one.
    pub(super) async fn outsider(&mut self) -> Result<Option<GoodToken>, AuditError> {
        let token = self.site.source.token(Who::Outsider).await?;
        if let Some(token) = &token {
            self.keep_out(token);
        }
        Ok(token)
    }

    /// Keeps a token out of the report.
    pub(super) fn keep_out(&mut self, token: &GoodToken) {
        if !self.good.iter().any(|good| good == token.reveal()) {
            self.good.push(token.reveal().to_owned());
        }
    }

    pub(super) fn veil(&self) -> Veil {
        let given = self.site.options.headers.iter();
        let given = given.map(|(_, value)| String::from_utf8_lossy(value.as_bytes()).into_owned());
        Veil::new(self.good.clone(), self.site.options.show_forged).with_given(given.collect())
    }

    /// Returns what forged tokens are made from.
    pub(super) async fn material(&mut self, owner: &GoodToken) -> Result<Material, AuditError> {
        let now = self.site.clock.now();
        let mut material = Material::of_token(owner.reveal(), now).map_err(AuditError::NotAJwt)?;
        if let Some(key) = self.site.source.public_key(owner.unverified_kid().as_deref()) {
            material = material.public_key(key);
        }
        if let Some(key) = self.site.source.signing_key() {
            material = material.signing_key(key);
        }
        if let Some(token) = self.site.source.refresh_token().await? {
            // It is sent where it must not be good, and is good where it came from.
            self.keep_out(&token);
            material = material.made("refresh-token", token.reveal());
        }
        if let Some(canary) = &self.site.canary
            && let Some(keys) = crate::cases::forger_keys(&material)
        {
            canary.serve(keys);
        }
        Ok(material)
    }
}

/// Returns an error with its causes.
fn in_full(error: &AuditError) -> String {
    let causes = std::iter::successors(std::error::Error::source(error), |cause| cause.source());
    causes.fold(error.to_string(), |text, cause| format!("{text}: {cause}"))
}
