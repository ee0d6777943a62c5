use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::steps::{Steps, When};

/// One way in which a token, or how it is sent, is bad.
#[derive(Debug, Clone)]
pub struct Case {
    pub(super) name: String,
    pub(super) class: Arc<CaseClass>,
    pub(super) title: String,
    pub(super) why: Option<String>,
    pub(super) severity: Option<Severity>,
    pub(super) status: u16,
    pub(super) also: Vec<u16>,
    pub(super) code: Option<String>,
    pub(super) when: When,
    pub(super) steps: Steps,
}

/// What several cases have in common: one thing a service can get wrong.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CaseClass {
    name: String,
    title: String,
    why: String,
    fix: String,
    severity: Severity,
}

/// What it means that a service lets a case through.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Severity {
    /// A matter of strictness: careful libraries differ, and nobody gets in by it alone.
    Note,
    /// A rule of a standard is not kept; it takes a second mistake to use it.
    Low,
    /// A token is accepted longer, or elsewhere, than it should be.
    Medium,
    /// A token of another kind, of another service or of another time opens this one.
    High,
    /// Anybody can write a token that passes.
    Critical,
}

/// Where a client puts its token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    /// In `Authorization: Bearer`.
    Bearer,
    /// In the cookie.
    Cookie,
}

impl Case {
    /// Returns the name, which stays: `confusion/hs256-spki-pem`.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns what it has in common with others.
    pub fn class(&self) -> &CaseClass {
        &self.class
    }

    /// Returns in a few words what is bad.
    pub fn title(&self) -> &str {
        &self.title
    }

    /// Returns why it must not pass.
    pub fn why(&self) -> &str {
        self.why.as_deref().unwrap_or(&self.class.why)
    }

    /// Returns what the service has to do.
    pub fn fix(&self) -> &str {
        &self.class.fix
    }

    /// Returns what it means that a service lets it through.
    pub fn severity(&self) -> Severity {
        self.severity.unwrap_or(self.class.severity)
    }

    /// Returns the status that a service which keeps the standards answers.
    pub fn status(&self) -> u16 {
        self.status
    }

    /// Returns the other statuses that refuse as well: a server or proxy in front may answer before anybody reads the token.
    pub fn also(&self) -> &[u16] {
        &self.also
    }

    /// Returns whether a status is a refusal that fits: the expected one, or one with which a server or proxy in front refuses
    /// what it cannot even read.
    pub fn is_refused_by(&self, status: u16) -> bool {
        status == self.status || self.also.contains(&status)
    }

    /// Returns the `code` with which a service behind Handstamp's verify layer answers. None where the request may not reach it.
    pub fn code(&self) -> Option<&str> {
        self.code.as_deref()
    }

    /// Returns whether the case is about requests with a token in this place.
    pub fn is_for_mode(&self, mode: Mode) -> bool {
        self.when.mode.is_none_or(|only| only == mode)
    }

    /// Returns whether the case is about requests that change something (`POST`, `PUT`, `PATCH`, `DELETE`) alone.
    pub fn is_for_unsafe_methods(&self) -> bool {
        self.when.unsafe_method
    }

    /// Returns whether the case is about operations that ask for a role alone.
    pub fn is_for_roles(&self) -> bool {
        self.when.role
    }

    /// Returns whether the request carries no token at all, or nothing that could be taken for one.
    pub fn is_without_credentials(&self) -> bool {
        self.code.as_deref() == Some("token_missing")
    }
}

impl CaseClass {
    /// Returns the name, which stays.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns what the class is about, in a few words.
    pub fn title(&self) -> &str {
        &self.title
    }

    /// Returns why a service must refuse these.
    pub fn why(&self) -> &str {
        &self.why
    }

    /// Returns what the service has to do.
    pub fn fix(&self) -> &str {
        &self.fix
    }

    /// Returns the severity of a case that has none of its own.
    pub fn severity(&self) -> Severity {
        self.severity
    }
}

impl std::fmt::Display for Severity {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(match self {
            Self::Note => "note",
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::Critical => "critical",
        })
    }
}
