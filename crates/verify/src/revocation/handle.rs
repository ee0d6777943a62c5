use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use arc_swap::ArcSwap;
use handstamp_api_types::Rev;
use handstamp_api_types::revocation::{RevocationKind, RevocationLevel};
use handstamp_token::UnixTime;

use super::{
    FeedStatus, Follower, SilencePolicy, Verdict,
    gate::Gate,
    identity::{Memo, Selectors, TokenIdentity},
    marks::{NEWER_THAN_ALL, OLDEST, Order},
    pulse::Pulse,
    snapshot::{Finding, Snapshot},
    status::Counters,
};

/// Everything that is revoked, as far as this process has heard. Clones share it.
///
/// Reading never waits: neither for the writer nor for other readers.
#[derive(Clone)]
pub struct Revocations {
    /// None after [`insecure_off`](Self::insecure_off).
    shared: Option<Arc<Shared>>,
}

/// What readers and the one writer share.
pub(super) struct Shared {
    snapshot: ArcSwap<Snapshot>,
    /// The snapshot's number, beside it: a token that passed this very snapshot needs nothing else of it. 0 before the first.
    number: AtomicU64,
    gate: Gate,
    pub(super) pulse: Pulse,
    pub(super) counters: Counters,
    #[cfg(feature = "remote")]
    pub(super) changes: tokio::sync::watch::Sender<u64>,
}

/// How a [`Follower`] works.
#[derive(Clone, Copy, Debug)]
pub struct FollowOptions {
    /// How many selectors are told apart, about 50 bytes each. Beyond it sessions are widened to subjects, organisations and
    /// finally everybody: more people refresh, nobody's revocation is undone. Default: one million.
    pub max_events: usize,
}

impl Default for FollowOptions {
    fn default() -> Self {
        Self { max_events: 1_000_000 }
    }
}

/// Where many tokens become stale at once, their refreshes are spread over this long. A refresh takes the auth service well
/// under a millisecond, so an organisation of ten thousand is done in the time.
const SPREAD_ORGANIZATION: u64 = 5;
const SPREAD_EVERYBODY: u64 = 15;

/// Connecting anew takes seconds, not minutes.
const RETRY_WHEN_UNAVAILABLE: Duration = Duration::from_secs(2);

impl Revocations {
    /// Creates a list that is fed within this process, as the auth service feeds its own. No token passes before the follower
    /// has reached the log's head for the first time.
    pub fn follow(options: FollowOptions) -> (Self, Follower) {
        let shared = Arc::new(Shared::new());
        (Self { shared: Some(Arc::clone(&shared)) }, Follower::new(options, shared))
    }

    /// Creates a list that refuses nothing: a revoked token is accepted until it expires.
    pub fn insecure_off() -> Self {
        Self { shared: None }
    }

    /// Says whether a verified token is still good.
    ///
    /// Goes through every level and takes the worst answer. `memo` is the token's own, from the cache it was found in, or a new
    /// one. `now` decides only how old the news is: what is older, token or revocation, is decided by the log.
    #[inline]
    pub fn check(
        &self,
        token: &TokenIdentity<'_>,
        memo: &Memo,
        policy: SilencePolicy,
        now: UnixTime,
    ) -> Verdict {
        let Some(shared) = &self.shared else { return Verdict::Pass };
        let number = shared.number.load(Ordering::Acquire);
        if number == 0 {
            return shared.before_first_snapshot(policy);
        }
        if memo.passed() != number
            && !shared.gate.admits(token.rev)
            && let Some(verdict) = shared.look_up(token, memo)
        {
            return verdict;
        }
        if shared.pulse.is_silent(now, policy.max_stale()) {
            return shared.while_silent(token, policy, now);
        }
        Verdict::Pass
    }

    /// Says whether [`check`](Self::check) lets the token pass without a look at anything but its position: the everyday case,
    /// decided without touching the memory that holds the token's names.
    #[inline]
    pub(crate) fn passes_at_once(
        &self,
        rev: Option<Rev>,
        memo: &Memo,
        policy: SilencePolicy,
        now: UnixTime,
    ) -> bool {
        let Some(shared) = &self.shared else { return true };
        let number = shared.number.load(Ordering::Acquire);
        number != 0
            && (memo.passed() == number || shared.gate.admits(rev))
            && !shared.pulse.is_silent(now, policy.max_stale())
    }

    /// Returns a number that moves when something is revoked, and only then. 0 before the first snapshot.
    pub fn snapshot_id(&self) -> u64 {
        self.shared.as_ref().map_or(0, |shared| shared.number.load(Ordering::Acquire))
    }

    /// Returns whether it refuses nothing, whatever happens.
    #[cfg(feature = "remote")]
    pub(crate) fn is_off(&self) -> bool {
        self.shared.is_none()
    }

    /// Returns how the feed is doing, for metrics and readiness.
    pub fn status(&self, now: UnixTime) -> FeedStatus {
        match &self.shared {
            Some(shared) => shared.counters.status(&shared.pulse, now),
            None => FeedStatus::off(),
        }
    }

    /// Does something while every lock there is is held, as a writer does that was stopped at the worst moment.
    #[cfg(test)]
    pub(super) fn with_everything_held(&self, act: impl FnOnce()) {
        if let Some(shared) = &self.shared {
            let _snapshot = shared.snapshot.load();
            shared.counters.with_position_held(|| shared.pulse.with_shown_held(act));
        }
    }

    #[cfg(feature = "remote")]
    pub(super) fn changes(&self) -> Option<tokio::sync::watch::Receiver<u64>> {
        self.shared.as_ref().map(|shared| shared.changes.subscribe())
    }
}

impl Shared {
    fn new() -> Self {
        Self {
            snapshot: ArcSwap::from_pointee(Snapshot::empty()),
            number: AtomicU64::new(0),
            gate: Gate::new(),
            pulse: Pulse::new(),
            counters: Counters::default(),
            #[cfg(feature = "remote")]
            changes: tokio::sync::watch::Sender::new(0),
        }
    }

    /// Shows readers a snapshot. The number follows, never leads: a token that passed number n has seen at least snapshot n.
    pub(super) fn publish(&self, snapshot: &Arc<Snapshot>) {
        let number = snapshot.number;
        self.counters.set_held(snapshot.len(), snapshot.bytes());
        self.snapshot.store(Arc::clone(snapshot));
        self.gate.set(snapshot);
        if self.number.swap(number, Ordering::Release) != number {
            #[cfg(feature = "remote")]
            self.changes.send_replace(number);
        }
    }

    pub(super) fn is_ready(&self) -> bool {
        self.number.load(Ordering::Acquire) != 0
    }

    /// Returns a verdict against the token, if there is one.
    fn look_up(&self, token: &TokenIdentity<'_>, memo: &Memo) -> Option<Verdict> {
        let snapshot = self.snapshot.load();
        let order = snapshot.epochs.order_of(token.rev);
        if let Some(rev) = token.rev {
            if self.pulse.is_behind(order) {
                self.pulse.want(order, rev);
            } else if order == OLDEST {
                // An epoch we have not heard of.
                self.pulse.want(NEWER_THAN_ALL, rev);
            }
        }
        // A snapshot that was published has a key.
        let key = snapshot.key.as_ref().filter(|_| !snapshot.is_young(order));
        let selectors = key.map(|key| memo.selectors(token, key));
        let finding = selectors.and_then(|selectors| Some((snapshot.judge(order, &selectors)?, selectors)));
        match finding {
            None => {
                memo.set_passed(snapshot.number);
                None
            }
            Some((Finding { kind: RevocationKind::Dead, .. }, _)) => Some(Verdict::Dead),
            Some((Finding { kind: RevocationKind::Stale, level }, selectors)) => {
                Some(Verdict::Stale { retry_after: spread(level, &selectors) })
            }
        }
    }

    /// Notes how far the log was followed.
    pub(super) fn set_followed(&self, order: Order, seq: u64) {
        self.pulse.set_followed(order);
        self.gate.set_followed(seq);
    }

    #[cold]
    fn before_first_snapshot(&self, policy: SilencePolicy) -> Verdict {
        match policy {
            SilencePolicy::ServeStale { .. } => {
                self.pulse.count_served_silent();
                Verdict::Pass
            }
            SilencePolicy::YoungOnly { .. } | SilencePolicy::Refuse { .. } => {
                Verdict::Unavailable { retry_after: RETRY_WHEN_UNAVAILABLE }
            }
        }
    }

    /// Nothing is known against the token, but news may be missing.
    #[cold]
    fn while_silent(&self, token: &TokenIdentity<'_>, policy: SilencePolicy, now: UnixTime) -> Verdict {
        match policy {
            SilencePolicy::YoungOnly { max_stale } if self.pulse.since_issue(token.iat, now) < max_stale => {
                Verdict::Pass
            }
            SilencePolicy::YoungOnly { .. } => Verdict::Stale { retry_after: Duration::ZERO },
            SilencePolicy::Refuse { .. } => Verdict::Unavailable { retry_after: RETRY_WHEN_UNAVAILABLE },
            SilencePolicy::ServeStale { .. } => {
                self.pulse.count_served_silent();
                Verdict::Pass
            }
        }
    }
}

/// Returns when to refresh: the same moment for all requests of a session, another for other sessions.
fn spread(level: RevocationLevel, selectors: &Selectors) -> Duration {
    let seconds = match level {
        RevocationLevel::All | RevocationLevel::Client | RevocationLevel::Key => SPREAD_EVERYBODY,
        RevocationLevel::Organization => SPREAD_ORGANIZATION,
        RevocationLevel::Subject | RevocationLevel::Session | RevocationLevel::Token => 0,
    };
    Duration::from_secs(selectors.spread() % (seconds + 1))
}

impl fmt::Debug for Revocations {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut debug = f.debug_struct("Revocations");
        match &self.shared {
            Some(_) => debug.field("snapshot_id", &self.snapshot_id()).finish_non_exhaustive(),
            None => debug.field("off", &true).finish(),
        }
    }
}

impl fmt::Debug for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shared").field("number", &self.number).finish_non_exhaustive()
    }
}
