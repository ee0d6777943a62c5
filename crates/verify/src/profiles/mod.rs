//! Profiles of users: what does not fit a token, read from the auth service and kept in this process.
//!
//! A [`ProfileSource`] asks the auth service once for each user and keeps the answer: however many requests need the same profile
//! at the same time, one of them asks. What is kept holds until the revocation feed tells of a change, which takes a moment; until
//! it is too old for the feed to vouch for it, when it is asked for again in good time, mostly for an answer without a body; or
//! until there is no room.
//!
//! It says nothing about what somebody may do: that is decided by the token. While the auth service is away, what was known goes
//! on for a while and [says so](Profile::is_stale).
//!
//! ```no_run
//! use handstamp_verify::profiles::ProfileSource;
//! use handstamp_verify::token_source::TokenSource;
//! use handstamp_verify::{OrgScope, Verifier};
//!
//! # async fn example(tokens: TokenSource, verifier: Verifier, scope: OrgScope) -> Result<(), Box<dyn std::error::Error>> {
//! // `tokens` are those of a client with the scope `profiles.read` and the audience `https://auth.example/profiles`.
//! let profiles = ProfileSource::builder("https://auth.example", tokens, verifier.revocations()).build()?;
//!
//! // Whoever asks sees the people of their own organisation.
//! if let Some(ada) = profiles.find_in(&scope, "0193f0c9-a7c2-7d5e-8b1a-4d6f2e3c5b7a").await? {
//!     println!("{}", ada.member("name").and_then(|name| name.as_str()).unwrap_or(ada.username()));
//! }
//! # Ok(())
//! # }
//! ```

mod builder;
mod cache;
mod error;
mod fetch;
mod held;
mod profile;

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use handstamp_token::UnixTime;

pub use crate::source::SourceBuildError;
pub use builder::ProfileSourceBuilder;
pub use cache::ProfilesHeld;
pub use error::ProfileError;
pub use profile::Profile;

use crate::OrgScope;
use crate::clock::Clock;
use crate::revocation::Revocations;
use crate::token_source::TokenSource;
use cache::{Cache, Slot};
use fetch::{Answer, Endpoint};
use held::{Held, Standing};

/// Longer than any `sub` of ours.
const MAX_SUB: usize = 255;

/// After the auth service did not answer, or not well, nobody asks it for so long.
const LEAVE_IN_PEACE: Duration = Duration::from_secs(2);

/// Reads and keeps profiles. Cloning is cheap; clones share what is kept.
#[derive(Clone)]
pub struct ProfileSource {
    inner: Arc<Inner>,
}

struct Inner {
    endpoint: Endpoint,
    cache: Cache,
    revocations: Revocations,
    clock: Arc<dyn Clock>,
    max_age: Duration,
    stale_for: Duration,
    away: Mutex<Option<Away>>,
}

/// The auth service did not answer.
struct Away {
    until: UnixTime,
    error: ProfileError,
}

impl ProfileSource {
    /// Starts a source at this issuer: the auth service's public URL. `tokens` are those of a client that is registered there with
    /// the scope `profiles.read` and the audience `{issuer}/profiles`; `revocations` is the list that tells of changes.
    pub fn builder(
        issuer: impl Into<String>,
        tokens: TokenSource,
        revocations: &Revocations,
    ) -> ProfileSourceBuilder {
        ProfileSourceBuilder::new(issuer.into(), tokens, revocations.clone())
    }

    /// Returns the profile of a user, of whichever organisation. `None` if there is no such user.
    ///
    /// Who may see it is for the caller to say: for what somebody has asked, there is [`find_in`](Self::find_in).
    pub async fn find(&self, sub: &str) -> Result<Option<Profile>, ProfileError> {
        if !may_be_a_sub(sub) {
            return Ok(None);
        }
        let inner = &self.inner;
        let slot = inner.cache.slot(sub);
        let (held, failures) = slot.seen();
        if let Some(held) = self.good(&slot, held.as_deref()) {
            return Ok(held.profile(false));
        }
        if let Some(error) = inner.failed_lately(&slot) {
            return inner.stale_or(held.as_deref(), error);
        }
        let _turn = slot.turn.lock().await;
        // Whoever had the turn before may have asked for all of us. If what they heard does not hold any more, it is asked again.
        let (held, failures_by_now) = slot.seen();
        if let Some(held) = self.good(&slot, held.as_deref()) {
            return Ok(held.profile(false));
        }
        match slot.failure().filter(|_| failures_by_now > failures) {
            Some(error) => inner.stale_or(held.as_deref(), error),
            None => inner.ask(&slot, held).await,
        }
    }

    /// Returns the profile of a user of this organisation. Others are not there, as if they did not exist.
    pub async fn find_in(&self, scope: &OrgScope, sub: &str) -> Result<Option<Profile>, ProfileError> {
        let found = self.find(sub).await?;
        Ok(found.filter(|profile| profile.org_id() == Some(scope.org_id())))
    }

    /// Returns how much is kept, for metrics.
    pub fn held(&self) -> ProfilesHeld {
        self.inner.cache.held()
    }

    /// Returns what is kept, if it still holds. If it will not for long, it is asked for again beside the request.
    fn good<'h>(&self, slot: &Arc<Slot>, held: Option<&'h Held>) -> Option<&'h Held> {
        let held = held?;
        match held.standing(&self.inner.revocations, self.inner.clock.now()) {
            Standing::Outdated => return None,
            Standing::Fresh => {}
            Standing::Due => self.renew_aside(slot),
        }
        Some(held)
    }

    fn renew_aside(&self, slot: &Arc<Slot>) {
        if self.inner.failed_lately(slot).is_some() {
            return;
        }
        let Ok(turn) = Arc::clone(&slot.turn).try_lock_owned() else { return };
        let (inner, slot) = (Arc::clone(&self.inner), Arc::clone(slot));
        tokio::spawn(async move {
            let (held, _) = slot.seen();
            let standing = held.as_deref().map(|held| held.standing(&inner.revocations, inner.clock.now()));
            // Somebody else may have done it between the look and the turn.
            if standing != Some(Standing::Fresh)
                && let Err(error) = inner.ask(&slot, held).await
            {
                tracing::warn!(%error, "a profile cannot be asked for again");
            }
            drop(turn);
        });
    }
}

/// What cannot be one is not asked for: dots alone would lead to another address, and so would dots with what addresses leave out
/// between them, such as a tab.
fn may_be_a_sub(text: &str) -> bool {
    (1..=MAX_SUB).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_graphic())
        && text != "."
        && text != ".."
}

/// Returns whether it is too early to ask again. An end that lies further ahead was noted before the clock was set back.
fn is_left_in_peace(until: UnixTime, now: UnixTime) -> bool {
    now < until && until.saturating_since(now) <= LEAVE_IN_PEACE
}

impl Inner {
    /// Asks the auth service, in the turn of the slot.
    async fn ask(&self, slot: &Slot, held: Option<Arc<Held>>) -> Result<Option<Profile>, ProfileError> {
        // From before the question: what comes back is no older than that.
        let asked_at = self.clock.now();
        let before = held.as_deref();
        let answer = match self.endpoint.ask(&slot.sub, before.and_then(Held::etag)).await {
            Ok(answer) => answer,
            Err(error) => {
                let until = self.clock.now().saturating_add(LEAVE_IN_PEACE);
                slot.note_failure(&error, until);
                if error.is_refusal() {
                    self.cache.let_go(slot);
                }
                if error.is_away() {
                    *self.away.lock().unwrap_or_else(PoisonError::into_inner) =
                        Some(Away { until, error: error.clone() });
                }
                return self.stale_or(before, error);
            }
        };
        *self.away.lock().unwrap_or_else(PoisonError::into_inner) = None;
        let next = match (answer, before) {
            (Answer::Nobody, _) | (Answer::Unchanged(_), None) => Held::nobody(asked_at),
            (Answer::Unchanged(at), Some(before)) => before.confirmed(at.within(self.max_age), asked_at),
            (Answer::Found { snapshot, etag, at }, _) => {
                Held::new(*snapshot, etag, at.within(self.max_age), asked_at)
            }
        };
        let found = next.profile(false);
        self.cache.put(slot, next);
        Ok(found)
    }

    /// Returns why there was no good answer a moment ago, so that it need not be asked for: one that is away is so for everybody, and
    /// anything else may be about this one user.
    fn failed_lately(&self, slot: &Slot) -> Option<ProfileError> {
        let now = self.clock.now();
        let away = self.away.lock().unwrap_or_else(PoisonError::into_inner);
        let away =
            away.as_ref().filter(|away| is_left_in_peace(away.until, now)).map(|away| away.error.clone());
        away.or_else(|| slot.failed_lately(now))
    }

    /// What was known goes on for a while, where the auth service is away and nothing else is wrong.
    fn stale_or(&self, held: Option<&Held>, error: ProfileError) -> Result<Option<Profile>, ProfileError> {
        let goes_on = |held: &&Held| error.is_away() && held.is_there(self.clock.now(), self.stale_for);
        held.filter(goes_on).map(|held| held.profile(true)).ok_or(error)
    }
}

impl fmt::Debug for ProfileSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ProfileSource")
            .field("endpoint", &self.inner.endpoint)
            .field("held", &self.held())
            .finish_non_exhaustive()
    }
}
