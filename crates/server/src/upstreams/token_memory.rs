use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use aws_lc_rs::hmac;
use handstamp_token::Entropy;
use jiff::{SignedDuration, Timestamp};

/// So many tokens are remembered at most. Somebody who sends ever new ones makes the oldest be asked about again.
const MOST: usize = 4096;

/// Something about tokens, for a while. The tokens themselves are not kept: what names them is a hash with a key that no other
/// process knows, so that nothing here can be used, or be searched for a token that was seen elsewhere.
///
/// Whoever asks for the same token at the same time gets the same place, and can wait there for one answer.
pub(super) struct TokenMemory<T> {
    key: hmac::Key,
    keeps_for: SignedDuration,
    places: Mutex<HashMap<Fingerprint, Place<T>>>,
}

type Fingerprint = [u8; 32];

struct Place<T> {
    at: Timestamp,
    what: Arc<T>,
}

impl<T: Default> TokenMemory<T> {
    pub(super) fn new(keeps_for: SignedDuration, entropy: &dyn Entropy) -> Self {
        let mut key = [0; 32];
        entropy.fill(&mut key);
        Self { key: hmac::Key::new(hmac::HMAC_SHA256, &key), keeps_for, places: Mutex::default() }
    }

    /// Returns what is known of a token, as somebody sees it: a new place where nobody has asked for as long as it is kept.
    pub(super) fn of(&self, seen_by: &str, token: &str, now: Timestamp) -> Arc<T> {
        let fingerprint = self.fingerprint(seen_by, token);
        let is_kept = |place: &Place<T>| now.duration_since(place.at) < self.keeps_for;
        let mut places = self.places.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(place) = places.get(&fingerprint).filter(|place| is_kept(place)) {
            return Arc::clone(&place.what);
        }
        if places.len() >= MOST {
            places.retain(|_, place| is_kept(place));
        }
        if places.len() >= MOST {
            let oldest = places.iter().min_by_key(|(_, place)| place.at).map(|(fingerprint, _)| *fingerprint);
            oldest.and_then(|oldest| places.remove(&oldest));
        }
        let what = Arc::<T>::default();
        places.insert(fingerprint, Place { at: now, what: Arc::clone(&what) });
        what
    }

    /// Forgets everything: what was said may not hold any more.
    pub(super) fn forget(&self) {
        self.places.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    fn fingerprint(&self, seen_by: &str, token: &str) -> Fingerprint {
        // No name has a NUL, so that where one ends and the token begins is clear.
        let mut context = hmac::Context::with_key(&self.key);
        context.update(seen_by.as_bytes());
        context.update(&[0]);
        context.update(token.as_bytes());
        let tag = context.sign();
        let mut fingerprint = [0; 32];
        fingerprint.copy_from_slice(tag.as_ref());
        fingerprint
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use handstamp_token::SystemEntropy;
    use jiff::{SignedDuration, Timestamp};

    use super::{MOST, TokenMemory};

    const NOW: Timestamp = Timestamp::constant(1_800_000_000, 0);

    fn memory() -> TokenMemory<Mutex<Option<u32>>> {
        TokenMemory::new(SignedDuration::from_secs(10), &SystemEntropy)
    }

    fn at(seconds: i64) -> Timestamp {
        NOW + SignedDuration::from_secs(seconds)
    }

    #[test]
    fn a_token_has_its_place_for_a_while() {
        let memory = memory();
        *memory.of("", "token", NOW).lock().unwrap() = Some(1);

        assert_eq!(*memory.of("", "token", at(9)).lock().unwrap(), Some(1));
        assert_eq!(*memory.of("", "token", at(10)).lock().unwrap(), None);
    }

    #[test]
    fn each_sees_a_place_of_its_own() {
        let memory = memory();
        *memory.of("orders", "token", NOW).lock().unwrap() = Some(1);

        for (seen_by, token) in [("billing", "token"), ("orders", "other"), ("orderst", "oken")] {
            assert_eq!(*memory.of(seen_by, token, NOW).lock().unwrap(), None, "{seen_by} {token}");
        }
    }

    #[test]
    fn ever_new_tokens_take_no_more_room_than_there_is() {
        let memory = memory();
        for number in 0..MOST + 10 {
            let seconds = i64::try_from(number / MOST).unwrap();
            *memory.of("", &number.to_string(), at(seconds)).lock().unwrap() = Some(1);
        }

        assert_eq!(memory.places.lock().unwrap().len(), MOST);
        assert_eq!(*memory.of("", &(MOST + 9).to_string(), at(1)).lock().unwrap(), Some(1));
    }
}
