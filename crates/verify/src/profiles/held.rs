use std::sync::Arc;
use std::time::Duration;

use handstamp_api_types::Rev;
use handstamp_api_types::profile::{ProfileSnapshot, profile_id};
use handstamp_token::{SystemEntropy, UnixTime};
use serde_json::Value;

use super::Profile;
use super::fetch::At;
use crate::jitter;
use crate::revocation::{Memo, Revocations, SilencePolicy, TokenIdentity, Verdict};

/// Nobody tells of a user who is new: that there is none is asked again soon.
const NOBODY_FOR: Duration = Duration::from_secs(10);

/// What the auth service said of one user.
pub(super) struct Held {
    /// `None`: there is no such user.
    told: Option<Told>,
    asked_at: UnixTime,
    /// Until then the feed vouches for it.
    fresh_until: UnixTime,
    renew_at: UnixTime,
    rev: Option<Rev>,
    memo: Memo,
}

#[derive(Clone)]
struct Told {
    snapshot: Arc<ProfileSnapshot>,
    etag: Arc<str>,
    /// What the feed calls it.
    id: Arc<str>,
    cost: usize,
}

/// Whether what is held can be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Standing {
    /// As it is.
    Fresh,
    /// Not for long any more.
    Due,
    /// Not before the auth service was asked again.
    Outdated,
}

impl Held {
    pub(super) fn new(snapshot: ProfileSnapshot, etag: String, at: At, asked_at: UnixTime) -> Self {
        let cost = size_of::<Self>() + weight(&snapshot) + etag.len() + snapshot.sub.len();
        let id = profile_id(&snapshot.sub).into();
        Self::of(
            Some(Told { snapshot: Arc::new(snapshot), etag: etag.into(), id, cost }),
            Some(at.rev),
            at.keep,
            asked_at,
        )
    }

    pub(super) fn nobody(asked_at: UnixTime) -> Self {
        Self::of(None, None, NOBODY_FOR, asked_at)
    }

    /// The same once more, as of later.
    pub(super) fn confirmed(&self, at: At, asked_at: UnixTime) -> Self {
        Self::of(self.told.clone(), Some(at.rev), at.keep, asked_at)
    }

    /// Between 70 and 85 % of the time: not all processes at once, and with time left for an outage.
    fn of(told: Option<Told>, rev: Option<Rev>, keep: Duration, asked_at: UnixTime) -> Self {
        let early = keep / 100 * 70 + jitter::below(keep / 100 * 15, &SystemEntropy);
        Self {
            told,
            asked_at,
            fresh_until: asked_at.saturating_add(keep),
            renew_at: asked_at.saturating_add(early),
            rev,
            memo: Memo::default(),
        }
    }

    pub(super) fn etag(&self) -> Option<&str> {
        self.told.as_ref().map(|told| &*told.etag)
    }

    pub(super) fn cost(&self) -> usize {
        self.told.as_ref().map_or(size_of::<Self>(), |told| told.cost)
    }

    pub(super) fn profile(&self, is_stale: bool) -> Option<Profile> {
        self.told.as_ref().map(|told| Profile::new(Arc::clone(&told.snapshot), is_stale))
    }

    /// Returns whether somebody is there who may go on for `stale_for` without the auth service.
    pub(super) fn is_there(&self, now: UnixTime, stale_for: Duration) -> bool {
        self.told.is_some() && self.asked_at <= now && now < self.fresh_until.saturating_add(stale_for)
    }

    /// Asks the clock and the revocation list.
    ///
    /// To the list a profile is a token with an id of its own: what hits the user or their organisation says that it may have
    /// changed, and so does the event about the profile itself. While there is no news, it holds for as long as a young token.
    pub(super) fn standing(&self, revocations: &Revocations, now: UnixTime) -> Standing {
        // A clock that was set back tells nothing.
        if now < self.asked_at || now >= self.fresh_until || !self.holds(revocations, now) {
            Standing::Outdated
        } else if now >= self.renew_at {
            Standing::Due
        } else {
            Standing::Fresh
        }
    }

    fn holds(&self, revocations: &Revocations, now: UnixTime) -> bool {
        let Some(told) = &self.told else { return true };
        let is_young = now.saturating_since(self.asked_at) < SilencePolicy::MAX_STALE;
        if revocations.is_off() {
            return is_young;
        }
        // How old it is, is told above: by the clock that it was asked for by, which may not be the issuer's.
        match revocations.check(&self.identity(told), &self.memo, SilencePolicy::refuse(), now) {
            Verdict::Pass => true,
            Verdict::Stale { .. } | Verdict::Dead => false,
            Verdict::Unavailable { .. } => is_young,
        }
    }

    fn identity<'a>(&self, told: &'a Told) -> TokenIdentity<'a> {
        TokenIdentity {
            rev: self.rev,
            // No key signs it.
            kid: "",
            jti: &told.id,
            sid: None,
            sub: &told.snapshot.sub,
            org_id: told.snapshot.org_id.as_deref(),
            client_id: None,
            iat: self.asked_at,
        }
    }
}

/// Returns about how many bytes a profile takes.
fn weight(snapshot: &ProfileSnapshot) -> usize {
    let texts = [Some(&snapshot.sub), Some(&snapshot.preferred_username), snapshot.email.as_ref()];
    let texts = texts.into_iter().chain([snapshot.org_id.as_ref(), snapshot.org_name.as_ref()]);
    let texts: usize = texts.flatten().map(String::len).sum();
    let roles: usize = snapshot.roles.iter().map(|role| size_of::<String>() + role.len()).sum();
    let members: usize = snapshot.profile.iter().map(member).sum();
    size_of::<ProfileSnapshot>() + texts + roles + members
}

/// A tree of names and values is half empty at worst.
fn member((name, value): (&String, &Value)) -> usize {
    2 * (size_of::<String>() + size_of::<Value>()) + name.len() + below(value)
}

fn below(value: &Value) -> usize {
    match value {
        Value::Null | Value::Bool(_) | Value::Number(_) => 0,
        Value::String(text) => text.len(),
        Value::Array(items) => items.iter().map(|item| size_of::<Value>() + below(item)).sum(),
        Value::Object(members) => members.iter().map(member).sum(),
    }
}
