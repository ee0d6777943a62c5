use std::{sync::Arc, time::Duration};

use handstamp_api_types::{
    Rev,
    profile::{ProfileSnapshot, profile_id},
};
use handstamp_core::{
    root_key::RootKey,
    shared::{SharedKey, SharedKeys, Shelf},
};
use handstamp_token::{Entropy, UnixTime};
use handstamp_verify::revocation::{Memo, Revocations, SilencePolicy, TokenIdentity, Verdict};
use serde::{Deserialize, Serialize};

use super::Breaker;

/// Profiles that some replica has read from the store a moment ago.
///
/// What lies on the shelf is sealed: it says who people are. Whether it still holds, the revocation list tells, as it tells the
/// services that keep profiles: to the list a profile is a token with an id of its own, and whatever has happened to it, to its
/// user or to their organisation since it was read is in there.
pub(crate) struct ProfileShelf {
    shelf: Arc<dyn Shelf>,
    pub(crate) breaker: Breaker,
    keys: Arc<SharedKeys>,
    root: RootKey,
    entropy: Arc<dyn Entropy>,
    /// The list forgets an event no sooner than a token that was issued before it ends.
    keep: Duration,
}

/// What a profile's answer is made of.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct ProfileRead {
    pub(crate) snapshot: ProfileSnapshot,
    /// Where the revocation log stood when it was read.
    pub(crate) rev: Rev,
    /// When that was.
    pub(crate) at: UnixTime,
}

/// What a shelf is made with.
pub(crate) struct ProfileShelfParts {
    pub(crate) shelf: Arc<dyn Shelf>,
    pub(crate) breaker: Breaker,
    pub(crate) keys: Arc<SharedKeys>,
    pub(crate) root: RootKey,
    pub(crate) entropy: Arc<dyn Entropy>,
    pub(crate) keep: Duration,
}

impl ProfileShelf {
    pub(crate) fn new(parts: ProfileShelfParts) -> Self {
        let ProfileShelfParts { shelf, breaker, keys, root, entropy, keep } = parts;
        Self { shelf, breaker, keys, root, entropy, keep }
    }

    /// Returns what lies there of a user, if it holds.
    pub(crate) async fn find(&self, sub: &str, list: &Revocations, now: UnixTime) -> Option<ProfileRead> {
        let sealed = self.breaker.call(self.shelf.find(self.key(sub))).await??;
        // What nobody of ours has put there is as good as nothing.
        let plain = self.root.open_one_of_many(&purpose(sub), &sealed).ok()?;
        let read: ProfileRead = serde_json::from_slice(&plain).ok()?;
        (read.snapshot.sub == sub && self.holds(&read, list, now)).then_some(read)
    }

    /// Puts there what was read from the store. Whether that works is nobody's business.
    pub(crate) async fn put(&self, read: &ProfileRead) {
        let sub = read.snapshot.sub.as_str();
        let Ok(plain) = serde_json::to_vec(read) else { return };
        let Ok(sealed) = self.root.seal_one_of_many(&purpose(sub), &plain, &*self.entropy) else { return };
        self.breaker.call(self.shelf.put(self.key(sub), &sealed, self.keep)).await;
    }

    /// Finds out whether the shelf is there just now.
    pub(crate) async fn probe(&self) {
        let look = async { self.shelf.find(self.key("")).await.map(|_| ()) };
        self.breaker.probe(look).await;
    }

    fn key(&self, sub: &str) -> SharedKey {
        self.keys.of("profile", &[sub.as_bytes()])
    }

    fn holds(&self, read: &ProfileRead, list: &Revocations, now: UnixTime) -> bool {
        let ProfileRead { snapshot, rev, at } = read;
        // By the clock of the replica that has read it.
        let is_young = *at <= now.saturating_add(MOST_APART) && now < at.saturating_add(self.keep);
        let id = profile_id(&snapshot.sub);
        let identity = TokenIdentity {
            rev: Some(*rev),
            // No key signs it.
            kid: "",
            jti: &id,
            sid: None,
            sub: &snapshot.sub,
            org_id: snapshot.org_id.as_deref(),
            client_id: None,
            iat: *at,
        };
        is_young && list.check(&identity, &Memo::default(), SilencePolicy::refuse(), now) == Verdict::Pass
    }
}

/// So far may clocks of replicas be apart; one that is further off is not ready.
const MOST_APART: Duration = Duration::from_secs(2);

/// What was sealed for one user opens for nobody else.
fn purpose(sub: &str) -> Vec<u8> {
    [b"profile on the shelf v1:".as_slice(), sub.as_bytes()].concat()
}
