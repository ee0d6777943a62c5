use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use aws_lc_rs::digest;
use handstamp_token::{SystemEntropy, UnixTime};

use super::{ServiceToken, TokenSourceError};
use crate::clock::Clock;
use crate::jitter;

/// After a renewal that failed, the old token goes on for this long before the next try.
const TRY_AGAIN: Duration = Duration::from_secs(5);

/// What a token is kept under: a hash, so that no user's token is kept as a key.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Key([u8; 32]);

/// When a token is renewed.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Renewal {
    /// While it is still good, each process at a moment of its own.
    Early,
    /// When it is over.
    AtTheEnd,
}

/// The tokens that are at hand.
pub(super) struct Kept {
    slots: Mutex<HashMap<Key, Arc<Slot>>>,
    at_most: usize,
}

/// One token, and the right to fetch the next.
#[derive(Default)]
struct Slot {
    state: Mutex<State>,
    fetching: tokio::sync::Mutex<()>,
}

#[derive(Default)]
struct State {
    held: Option<Held>,
    /// How many fetches have failed, and how the last one did: whoever waited for it is told the same, and does not ask in turn.
    failures: u64,
    failure: Option<TokenSourceError>,
}

#[derive(Clone)]
struct Held {
    token: ServiceToken,
    asked_at: UnixTime,
    renew_at: UnixTime,
}

impl Key {
    /// Each part with its length in front: no two lists of parts run together.
    pub(super) fn of(parts: &[&str]) -> Self {
        let mut hash = digest::Context::new(&digest::SHA256);
        for part in parts {
            hash.update(&(part.len() as u64).to_be_bytes());
            hash.update(part.as_bytes());
        }
        let mut key = [0; 32];
        key.copy_from_slice(hash.finish().as_ref());
        Self(key)
    }
}

impl Kept {
    pub(super) fn new(at_most: usize) -> Self {
        Self { slots: Mutex::default(), at_most: at_most.max(1) }
    }

    /// Returns the token, by way of `fetch` if need be. Of all that need the same one at the same time, one fetches.
    pub(super) async fn token(
        &self,
        key: Key,
        renewal: Renewal,
        clock: &dyn Clock,
        fetch: impl Future<Output = Result<ServiceToken, TokenSourceError>>,
    ) -> Result<ServiceToken, TokenSourceError> {
        let slot = self.slot(key, clock.now());
        if let Some(held) = slot.good(clock.now()) {
            if clock.now() < held.renew_at {
                return Ok(held.token);
            }
            // Due, and good for a while: one renews, the others do not wait for it.
            let Ok(_turn) = slot.fetching.try_lock() else { return Ok(held.token) };
            return Ok(slot.renew(held, renewal, clock, fetch).await);
        }
        let failures = slot.state().failures;
        let _turn = slot.fetching.lock().await;
        if let Some(held) = slot.good(clock.now()) {
            return Ok(held.token);
        }
        if let Some(failure) = slot.failed_since(failures) {
            return Err(failure);
        }
        slot.fetch(renewal, clock, fetch).await
    }

    /// Forgets a token, unless another one has taken its place.
    pub(super) fn forget(&self, key: Key, refused: &ServiceToken) {
        let slots = self.slots.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(slot) = slots.get(&key) {
            let mut state = slot.state();
            state.held = state.held.take().filter(|held| held.token != *refused);
        }
    }

    fn slot(&self, key: Key, now: UnixTime) -> Arc<Slot> {
        let mut slots = self.slots.lock().unwrap_or_else(PoisonError::into_inner);
        if !slots.contains_key(&key) && slots.len() >= self.at_most {
            make_room(&mut slots, self.at_most, now);
        }
        Arc::clone(slots.entry(key).or_default())
    }
}

/// Forgets what is over, and if that is not enough, the eighth that ends first.
fn make_room(slots: &mut HashMap<Key, Arc<Slot>>, at_most: usize, now: UnixTime) {
    // A slot without a token that somebody else holds is being filled.
    slots.retain(|_, slot| slot.good(now).is_some() || Arc::strong_count(slot) > 1);
    if slots.len() < at_most {
        return;
    }
    let end = |slot: &Slot| slot.state().held.as_ref().map(|held| held.token.expires_at());
    let mut by_end: Vec<_> = slots.iter().map(|(key, slot)| (end(slot), *key)).collect();
    by_end.sort_unstable_by_key(|(end, _)| *end);
    for (_, key) in by_end.into_iter().take(at_most / 8 + 1) {
        slots.remove(&key);
    }
}

impl Slot {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns the token that is at hand. A clock that was set back tells nothing of when it ends.
    fn good(&self, now: UnixTime) -> Option<Held> {
        self.state().held.clone().filter(|held| held.asked_at <= now && now < held.token.expires_at())
    }

    fn failed_since(&self, failures: u64) -> Option<TokenSourceError> {
        let state = self.state();
        state.failure.clone().filter(|_| state.failures > failures)
    }

    async fn renew(
        &self,
        before: Held,
        renewal: Renewal,
        clock: &dyn Clock,
        fetch: impl Future<Output = Result<ServiceToken, TokenSourceError>>,
    ) -> ServiceToken {
        // Somebody else may have done it between the look and the turn.
        if let Some(held) = self.good(clock.now()).filter(|held| clock.now() < held.renew_at) {
            return held.token;
        }
        match self.fetch(renewal, clock, fetch).await {
            Ok(token) => token,
            Err(error) => {
                tracing::warn!(%error, "a token cannot be renewed; the old one goes on while it is good");
                let renew_at = clock.now().saturating_add(TRY_AGAIN);
                // Unless it was refused and forgotten meanwhile.
                if let Some(held) = self.state().held.as_mut().filter(|held| held.token == before.token) {
                    held.renew_at = renew_at;
                }
                before.token
            }
        }
    }

    async fn fetch(
        &self,
        renewal: Renewal,
        clock: &dyn Clock,
        fetch: impl Future<Output = Result<ServiceToken, TokenSourceError>>,
    ) -> Result<ServiceToken, TokenSourceError> {
        let asked_at = clock.now();
        let answer = fetch.await;
        let mut state = self.state();
        match &answer {
            Ok(token) => {
                let renew_at = renew_at(token, renewal, asked_at);
                state.held = Some(Held { token: token.clone(), asked_at, renew_at });
                state.failure = None;
            }
            Err(error) => {
                state.failures += 1;
                state.failure = Some(error.clone());
            }
        }
        drop(state);
        answer
    }
}

/// Between 70 and 85 % of the token's life: not all processes at once, and with time left for an outage.
fn renew_at(token: &ServiceToken, renewal: Renewal, asked_at: UnixTime) -> UnixTime {
    if renewal == Renewal::AtTheEnd {
        return token.expires_at();
    }
    let life = token.expires_at().saturating_since(asked_at);
    asked_at.saturating_add(life / 100 * 70 + jitter::below(life / 100 * 15, &SystemEntropy))
}

#[cfg(test)]
mod tests;
