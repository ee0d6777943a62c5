use handstamp_testkit::recipe::{Case, Severity};

use crate::wire::{Reply, Shot};

/// One request that must be refused, and what it means when it is not.
#[derive(Debug, Clone)]
pub(crate) struct Attempt {
    /// The case's name.
    pub(crate) rule: String,
    /// What it means that it is let in.
    pub(crate) severity: Severity,
    /// What is bad about it, in a few words.
    pub(crate) title: String,
    /// What is said of a service that lets it in.
    pub(crate) complaint: String,
    pub(crate) why: String,
    pub(crate) fix: String,
    pub(crate) shot: Shot,
    /// The token that was made for it.
    pub(crate) forged: Option<String>,
    pub(crate) expected: Expected,
}

/// How an attempt should be answered.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Expected {
    /// With a refusal, as the recipe says.
    Recipe(&'static Case),
    /// The token is good, but not for this: 403, or 404 where that there is something is a secret too.
    Forbidden,
    /// With a refusal of any kind.
    AnyRefusal,
    /// With anything but what this finds in it.
    Unless(fn(&Shot, &Reply) -> bool),
}

/// Changes a request without credentials into an attempt. Returns whether it can be written at all.
type Change = Box<dyn Fn(&mut Shot) -> bool + Send + Sync>;

/// An attempt before it has a request: the object it works on may be gone by then.
pub(crate) struct Plan {
    rule: String,
    severity: Severity,
    title: String,
    complaint: Option<String>,
    why: String,
    fix: String,
    expected: Expected,
    forged: Option<String>,
    /// An address of ours that the token names, and nobody should ask.
    lure: Option<String>,
    is_by_address: bool,
    /// Why a refusal proves nothing.
    doubt: Option<String>,
    /// The same request without what should make the difference.
    twin: Option<Change>,
    change: Change,
}

impl Plan {
    pub(crate) fn new(
        rule: impl Into<String>,
        severity: Severity,
        title: impl Into<String>,
        expected: Expected,
        change: impl Fn(&mut Shot) -> bool + Send + Sync + 'static,
    ) -> Self {
        Self {
            rule: rule.into(),
            severity,
            title: title.into(),
            complaint: None,
            why: String::new(),
            fix: String::new(),
            expected,
            forged: None,
            lure: None,
            is_by_address: false,
            doubt: None,
            twin: None,
            change: Box::new(change),
        }
    }

    /// Says why it matters and what to do.
    pub(crate) fn because(mut self, why: impl Into<String>, fix: impl Into<String>) -> Self {
        (self.why, self.fix) = (why.into(), fix.into());
        self
    }

    /// Sets what is said of a service that fails, where "lets in" would be the wrong words.
    pub(crate) fn complaint(mut self, complaint: impl Into<String>) -> Self {
        self.complaint = Some(complaint.into());
        self
    }

    /// Names the token that was made for it.
    pub(crate) fn forged(mut self, token: impl Into<String>) -> Self {
        self.forged = Some(token.into());
        self
    }

    /// Names the address of ours that the token leads to.
    pub(crate) fn lure(mut self, address: String) -> Self {
        self.lure = Some(address);
        self
    }

    /// Says that the request may mean something else than the operation, so that an answer alone proves nothing.
    pub(crate) fn by_address(mut self) -> Self {
        self.is_by_address = true;
        self
    }

    /// Says why a refusal proves nothing, where it does not: that somebody gets in does all the same.
    pub(crate) fn doubtful(mut self, because: Option<String>) -> Self {
        self.doubt = because;
        self
    }

    /// Says what the request is without what should make the difference: where that is let in too, something else is wrong.
    pub(crate) fn unlike(mut self, twin: impl Fn(&mut Shot) -> bool + Send + Sync + 'static) -> Self {
        self.twin = Some(Box::new(twin));
        self
    }

    pub(crate) fn rule(&self) -> &str {
        &self.rule
    }

    pub(crate) fn names(&self) -> Option<&str> {
        self.lure.as_deref()
    }

    pub(crate) fn is_by_address(&self) -> bool {
        self.is_by_address
    }

    pub(crate) fn doubt(&self) -> Option<&str> {
        self.doubt.as_deref()
    }

    /// Returns the request without what should make the difference; none where nothing is said of it.
    pub(crate) fn twin_of(&self, mut shot: Shot) -> Option<Shot> {
        self.twin.as_ref()?(&mut shot).then_some(shot)
    }

    /// Returns the attempt on a request; none where it cannot be written.
    pub(crate) fn on(&self, mut shot: Shot) -> Option<Attempt> {
        if !(self.change)(&mut shot) {
            return None;
        }
        let complaint = self.complaint.clone().unwrap_or_else(|| format!("lets in: {}", self.title));
        Some(Attempt {
            rule: self.rule.clone(),
            severity: self.severity,
            title: self.title.clone(),
            complaint,
            why: self.why.clone(),
            fix: self.fix.clone(),
            shot,
            forged: self.forged.clone(),
            expected: self.expected,
        })
    }
}
