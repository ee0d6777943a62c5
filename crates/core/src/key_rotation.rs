//! When keys take turns: pure rules, with the time as an argument.
//!
//! A verifier refuses a token whose key it does not hold. So the next key is published long before it signs, and takes over
//! once it is wanted *and* nobody is in the way of it:
//!
//! - Verifiers that tell nobody what they hold: it was published for [`KeySettings::publish_ahead`], longer than anybody may keep
//!   an older copy of the key set.
//! - Processes that report: each of them holds it. One that is behind is waited for, but no longer than
//!   [`KeySettings::wait_for_services`]: nobody can keep a key from being changed by reporting nonsense.
//!
//! A retired key stays published until its last token is dead.

use handstamp_token::{Algorithm, KeyId};
use jiff::Timestamp;

use crate::{
    model::{KeyPurpose, KeyState, StoredKey, VerifierReport, later},
    settings::KeySettings,
};

/// What a decision about the keys of one purpose rests on.
#[derive(Debug, Clone, Copy)]
pub struct Keys<'a> {
    /// The keys of the purpose, oldest first.
    pub keys: &'a [StoredKey],
    /// What they are for.
    pub purpose: KeyPurpose,
    /// What new keys are made for; `None` where that is not a setting.
    pub algorithm: Option<Algorithm>,
    /// What the operator has set.
    pub settings: &'a KeySettings,
}

/// What is to be done now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Turn {
    /// Nothing.
    Rest,
    /// There is no next key, or its turn is near and it does not fit: publish one.
    Publish,
    /// The next key takes over.
    Switch,
}

/// What is known of the moment at which the next key takes over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outlook {
    /// The next key.
    pub kid: KeyId,
    /// From then on the switch is wanted; `None`: only when somebody asks.
    pub wanted_from: Option<Timestamp>,
    /// From then on every verifier that does not report has asked for the key set again.
    pub known_from: Timestamp,
    /// From then on services that are behind are no longer waited for.
    pub waits_until: Timestamp,
    /// The processes that report, and do not hold the key.
    pub behind: Vec<VerifierReport>,
}

/// Returns the key that signs, of the keys of one purpose; should two processes ever have made one each, the younger.
pub fn active<'k>(keys: impl IntoIterator<Item = &'k StoredKey>) -> Option<&'k StoredKey> {
    let since = |key: &&StoredKey| match key.state {
        KeyState::Active { since } => since,
        _ => Timestamp::MIN,
    };
    keys.into_iter().filter(|key| key.state.is_active()).max_by_key(since)
}

impl Outlook {
    /// Returns whether every verifier may be counted on to hold the key.
    pub fn is_ready(&self, now: Timestamp) -> bool {
        now >= self.known_from && (self.behind.is_empty() || now >= self.waits_until)
    }

    /// Returns when the key takes over, should no service be behind by then.
    pub fn switches_at(&self) -> Option<Timestamp> {
        self.wanted_from.map(|wanted| wanted.max(self.known_from))
    }
}

impl<'a> Keys<'a> {
    /// Decides what is to be done. `reports` may hold old ones, and what verifiers say of keys of other purposes.
    pub fn turn(&self, reports: &[VerifierReport], now: Timestamp) -> Turn {
        let Some(outlook) = self.outlook(reports, now) else {
            return if self.needs_one_that_fits(now) { Turn::Publish } else { Turn::Rest };
        };
        let is_wanted = outlook.wanted_from.is_some_and(|wanted| now >= wanted);
        if is_wanted && outlook.is_ready(now) { Turn::Switch } else { Turn::Rest }
    }

    /// Returns what is known of the moment at which the next key takes over; `None` without one that fits.
    pub fn outlook(&self, reports: &[VerifierReport], now: Timestamp) -> Option<Outlook> {
        let next = self.next_that_fits()?;
        let wanted_from = self.wanted_from(next);
        let known_from = later(next.created_at, self.settings.publish_ahead);
        let wanted_and_known = wanted_from.unwrap_or(now).max(known_from);
        let behind = reports.iter().filter(|report| self.is_about_us(report, now) && !report.holds(&next.id));
        Some(Outlook {
            kid: next.id.clone(),
            wanted_from,
            known_from,
            waits_until: later(wanted_and_known, self.settings.wait_for_services),
            behind: behind.cloned().collect(),
        })
    }

    /// Returns the same keys as they would be had somebody asked for the switch by now.
    #[must_use]
    pub fn asked(keys: &[StoredKey], now: Timestamp) -> Vec<StoredKey> {
        let ask = |key: &StoredKey| match key.state {
            KeyState::Next { asked_at: None } => {
                StoredKey { state: KeyState::Next { asked_at: Some(now) }, ..key.clone() }
            }
            _ => key.clone(),
        };
        keys.iter().map(ask).collect()
    }

    /// Returns whether a report counts: it is fresh, and speaks of keys of this purpose. A process that holds none of them (one
    /// that is just starting, or one that verifies something else) has nothing to lose by a switch.
    pub fn is_about_us(&self, report: &VerifierReport, now: Timestamp) -> bool {
        report.is_fresh(now) && self.keys.iter().any(|key| report.holds(&key.id))
    }

    /// Returns the key that signs next, the oldest of several; those of another algorithm than is wanted never do.
    pub fn next_that_fits(&self) -> Option<&'a StoredKey> {
        self.keys.iter().find(|key| key.state.is_next() && self.fits(key))
    }

    /// Returns the next keys of another algorithm than is wanted.
    pub fn misfits(&self) -> impl Iterator<Item = &'a StoredKey> {
        self.keys.iter().filter(|key| key.state.is_next() && !self.fits(key))
    }

    /// Returns the key that signs.
    pub fn active(&self) -> Option<&'a StoredKey> {
        active(self.keys)
    }

    fn wanted_from(&self, next: &StoredKey) -> Option<Timestamp> {
        let asked_at = match next.state {
            KeyState::Next { asked_at } => asked_at,
            _ => None,
        };
        // Of another algorithm than is wanted now: from the moment on that there is a key which fits.
        let unfit = self.active().filter(|active| !self.fits(active)).map(|_| next.created_at);
        [asked_at, unfit, self.due()].into_iter().flatten().min()
    }

    /// Returns when the active key has signed for as long as it may.
    fn due(&self) -> Option<Timestamp> {
        let KeyState::Active { since } = self.active()?.state else { return None };
        // The keys of refresh tokens never leave the service: they change when somebody asks.
        let every = self.settings.rotate_every.filter(|_| self.purpose != KeyPurpose::RefreshToken);
        every.map(|every| later(since, every))
    }

    /// Without any next key one is needed at once. One of another algorithm is in nobody's way until its turn is near: while
    /// replicas of two configurations run side by side, they leave each other's keys alone.
    fn needs_one_that_fits(&self, now: Timestamp) -> bool {
        let Some(misfit) = self.misfits().next() else { return true };
        let is_near = |at: Timestamp| later(now, self.settings.publish_ahead) >= at;
        self.active().is_some_and(|active| !self.fits(active))
            || self.wanted_from(misfit).is_some_and(is_near)
    }

    fn fits(&self, key: &StoredKey) -> bool {
        self.algorithm.is_none_or(|algorithm| key.algorithm == algorithm)
    }
}
