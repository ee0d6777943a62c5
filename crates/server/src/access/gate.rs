use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use handstamp_core::{Context, settings::TokenEncryption};
use handstamp_token::{Algorithm, KeySet, Rejection, UnixTime, Validator, jwe::DecryptionKeys};
use handstamp_verify::{
    AuthError, DecryptionKey, Principal, SharedKeys, Verifier, VerifierBuilder,
    csrf::AllowedOrigins,
    revocation::{Revocations, SilencePolicy},
};

use crate::{
    Clock, StartError,
    config::{Config, PublicUrl},
    cookies::CookieNames,
    sites::Sites,
};

/// Verifies the service's own tokens on its own routes, with the crate that every other service uses.
pub(crate) struct Gate {
    verifier: Verifier,
    /// The same for those who read profiles.
    profiles: Verifier,
    /// What a verifier for another audience is built from.
    parts: VerifierParts,
    keys: SharedKeys,
    /// The keyring's keys that were taken over last. Held while that is done: whoever has read older ones must not put them in
    /// the place of newer ones.
    taken: Mutex<Arc<KeySet>>,
    /// The same rules once more, to read whose session an expired token names.
    pub(super) validator: Validator,
    /// Reads what access tokens are encrypted to, if they are.
    pub(super) decryption: Option<DecryptionKeys>,
    allowed_origins: AllowedOrigins,
}

impl Gate {
    pub(crate) fn new(
        core: &Context,
        config: &Config,
        url: &PublicUrl,
        cookies: &CookieNames,
        clock: &Arc<dyn Clock>,
        revocations: &Revocations,
    ) -> Result<Self, StartError> {
        let settings = &core.settings;
        let keys = core.keyring.verifying_keys();
        // Keys of an algorithm that was configured before still verify until their last token is dead.
        let mut algorithms: BTreeSet<_> = keys.iter().map(handstamp_token::VerifyingKey::algorithm).collect();
        algorithms.insert(settings.tokens.algorithm);
        let algorithms: Vec<_> = algorithms.into_iter().collect();
        // What is allowed to a site is what is allowed to home: the service answers there itself.
        let sites = Sites::new(config);
        let own = [url.as_str()].into_iter().chain(sites.origins());
        let origins = config.server.allowed_origins.iter().map(String::as_str).chain(own);
        let allowed_origins =
            AllowedOrigins::new(origins).map_err(|error| StartError::Verifier(error.into()))?;
        let (keys, taken) = (SharedKeys::new((*keys).clone()), Mutex::new(keys));
        let encryption = settings.tokens.encryption.as_ref();
        let parts = VerifierParts {
            issuer: settings.issuer.clone(),
            algorithms,
            leeway: settings.tokens.leeway,
            clock: Arc::clone(clock),
            revocations: revocations.clone(),
            decryption: encryption.map_or(&[][..], TokenEncryption::keys).to_vec(),
        };
        let verifier = parts
            .builder()
            .audience(&settings.issuer)
            .cookie_name(&cookies.access)
            .allowed_origins(allowed_origins.clone())
            .build_with_keys(keys.clone())
            .map_err(|error| StartError::Verifier(error.into()))?;
        // No machine's token is for us as a whole: whoever reads profiles has one for that and nothing else.
        let profiles = parts
            .builder()
            .audience(&settings.issuer)
            .audience(profiles_uri(url))
            .cookie_name(&cookies.access)
            .build_with_keys(keys.clone())
            .map_err(|error| StartError::Verifier(error.into()))?;
        let validator =
            Validator::access_token(&settings.issuer, settings.issuer.as_str(), &parts.algorithms)
                .map_err(|error| StartError::Verifier(error.into()))?;
        let decryption = encryption.map(|encryption| encryption.decryption_keys().clone());
        Ok(Self { verifier, profiles, parts, keys, taken, validator, decryption, allowed_origins })
    }

    pub(crate) fn verifier(&self) -> &Verifier {
        &self.verifier
    }

    /// Returns the verifier for those who read profiles: it takes what the first one takes, and tokens for profiles alone.
    pub(crate) fn profiles(&self) -> &Verifier {
        &self.profiles
    }

    /// Verifies a token of ours wholly, for whichever service it was issued: for those who ask us about tokens or give them
    /// back. It lets nobody in here.
    pub(crate) async fn verify_for_anybody(&self, token: &str) -> Result<Principal, AuthError> {
        match self.verifier.verify(token).await {
            Err(AuthError::Rejected(Rejection::WrongAudience { actual, .. })) => {
                let builder = actual.into_iter().fold(self.parts.builder(), VerifierBuilder::audience);
                let verifier = builder.without_cache().build_with_keys(self.keys.clone());
                // An empty audience among them.
                let verifier = verifier.map_err(|_| Rejection::MissingClaim { claim: "aud" })?;
                verifier.verify(token).await
            }
            verified => verified,
        }
    }

    pub(crate) fn allowed_origins(&self) -> &AllowedOrigins {
        &self.allowed_origins
    }

    pub(super) fn keys(&self) -> &SharedKeys {
        &self.keys
    }

    /// Takes over the keyring's keys, if they have changed: every token that is remembered is verified again then.
    pub(crate) fn take_keys(&self, core: &Context) {
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        let latest = core.keyring.verifying_keys();
        if Arc::ptr_eq(&taken, &latest) {
            return;
        }
        if !same_keys(&taken, &latest) {
            self.keys.replace((*latest).clone());
        }
        *taken = latest;
    }

    /// Finds and verifies the credentials of a request that its route did not verify.
    pub(crate) async fn authenticate(
        &self,
        parts: &http::request::Parts,
    ) -> Result<Option<Principal>, AuthError> {
        self.verifier.authenticate(parts).await
    }
}

/// Returns where profiles are, which is the audience of tokens that read them.
pub(crate) fn profiles_uri(url: &PublicUrl) -> String {
    format!("{url}/profiles")
}

/// All of a verifier but for whom the tokens are.
struct VerifierParts {
    issuer: String,
    algorithms: Vec<Algorithm>,
    leeway: Duration,
    clock: Arc<dyn Clock>,
    revocations: Revocations,
    decryption: Vec<DecryptionKey>,
}

impl VerifierParts {
    fn builder(&self) -> VerifierBuilder {
        let builder = Verifier::builder(&self.issuer)
            .algorithms(&self.algorithms)
            .leeway(self.leeway)
            .clock(Arc::new(UnixClock(Arc::clone(&self.clock))))
            // Past that, nobody knows who has signed out meanwhile. Refresh asks the store, and so does sign-in.
            .revocations(self.revocations.clone(), SilencePolicy::refuse());
        self.decryption.iter().cloned().fold(builder, VerifierBuilder::decryption_key)
    }
}

/// The service's own keys are pairs, so that the public halves tell everything; an operator's secrets never change while it runs.
fn same_keys(one: &KeySet, other: &KeySet) -> bool {
    one.len() == other.len() && one.to_jwks() == other.to_jwks()
}

struct UnixClock(Arc<dyn Clock>);

impl handstamp_verify::Clock for UnixClock {
    fn now(&self) -> UnixTime {
        UnixTime::from_secs(self.0.now().as_second())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use handstamp_core::{
        flows::keys::{self, When},
        model::KeyPurpose,
        test_support::Kit,
    };
    use handstamp_token::KeySet;
    use handstamp_verify::revocation::{FollowOptions, Revocations};
    use jiff::Timestamp;

    use super::Gate;
    use crate::{
        Clock,
        config::{Config, PublicUrl},
        cookies::CookieNames,
    };

    struct Stopped(Timestamp);

    impl Clock for Stopped {
        fn now(&self) -> Timestamp {
            self.0
        }
    }

    fn gate(kit: &Kit) -> Gate {
        let config = Config::load(None, &[]).unwrap();
        let url = PublicUrl::parse(&kit.ctx.settings.issuer, false).unwrap();
        let names = CookieNames::new(&config.cookies, &url);
        let clock: Arc<dyn Clock> = Arc::new(Stopped(kit.clock.now()));
        let (revocations, _follower) = Revocations::follow(FollowOptions::default());
        Gate::new(&kit.ctx, &config, &url, &names, &clock, &revocations).unwrap()
    }

    /// Where the keys lie: another place after each replacement.
    fn place(keys: &KeySet) -> *const handstamp_token::VerifyingKey {
        std::ptr::from_ref(keys.iter().next().unwrap())
    }

    #[tokio::test]
    async fn keys_loaded_again_unchanged_are_not_replaced() {
        let kit = Kit::new().await;
        let gate = gate(&kit);
        let before = gate.keys().keys();

        kit.ctx.keyring.reload(&*kit.ctx.store).await.unwrap();
        gate.take_keys(&kit.ctx);

        assert_eq!(
            place(&gate.keys().keys()),
            place(&before),
            "every remembered token would be verified again"
        );
    }

    #[tokio::test]
    async fn keys_that_have_changed_are_taken_over() {
        let kit = Kit::new().await;
        let gate = gate(&kit);
        let before = gate.keys().keys();

        let (purpose, now) = (KeyPurpose::AccessToken, kit.clock.now());
        keys::rotate(&kit.ctx, purpose, When::Forced, None, now).await.unwrap();
        kit.ctx.keyring.reload(&*kit.ctx.store).await.unwrap();
        gate.take_keys(&kit.ctx);

        assert_eq!(gate.keys().keys().len(), before.len() + 1);
    }
}
