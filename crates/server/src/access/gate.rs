use std::{collections::BTreeSet, sync::Arc};

use handstamp_core::{Context, settings::TokenEncryption};
use handstamp_token::{UnixTime, Validator, jwe::DecryptionKeys};
use handstamp_verify::{
    AuthError, SharedKeys, Verifier, VerifierBuilder,
    csrf::AllowedOrigins,
    revocation::{Revocations, SilencePolicy},
};

use crate::{
    Clock, StartError,
    config::{Config, PublicUrl},
    cookies::CookieNames,
};

/// Verifies the service's own tokens on its own routes, with the crate that every other service uses.
pub(crate) struct Gate {
    verifier: Verifier,
    keys: SharedKeys,
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
        let origins = config.server.allowed_origins.iter().map(String::as_str).chain([url.as_str()]);
        let allowed_origins =
            AllowedOrigins::new(origins).map_err(|error| StartError::Verifier(error.into()))?;
        let keys = SharedKeys::new((*keys).clone());
        let encryption = settings.tokens.encryption.as_ref();
        let builder = Verifier::builder(&settings.issuer)
            .audience(&settings.issuer)
            .algorithms(&algorithms)
            .leeway(settings.tokens.leeway)
            .cookie_name(&cookies.access)
            .allowed_origins(allowed_origins.clone())
            .clock(Arc::new(UnixClock(Arc::clone(clock))))
            // Past that, nobody knows who has signed out meanwhile. Refresh asks the store, and so does sign-in.
            .revocations(revocations.clone(), SilencePolicy::refuse());
        let decryption_keys = encryption.map_or(&[][..], TokenEncryption::keys).iter().cloned();
        let verifier = decryption_keys
            .fold(builder, VerifierBuilder::decryption_key)
            .build_with_keys(keys.clone())
            .map_err(|error| StartError::Verifier(error.into()))?;
        let validator = Validator::access_token(&settings.issuer, settings.issuer.as_str(), &algorithms)
            .map_err(|error| StartError::Verifier(error.into()))?;
        let decryption = encryption.map(|encryption| encryption.decryption_keys().clone());
        Ok(Self { verifier, keys, validator, decryption, allowed_origins })
    }

    pub(crate) fn verifier(&self) -> &Verifier {
        &self.verifier
    }

    pub(crate) fn allowed_origins(&self) -> &AllowedOrigins {
        &self.allowed_origins
    }

    pub(super) fn keys(&self) -> &SharedKeys {
        &self.keys
    }

    /// Takes over the keyring's keys after they changed.
    pub(crate) fn take_keys(&self, core: &Context) {
        self.keys.replace((*core.keyring.verifying_keys()).clone());
    }

    /// Finds and verifies the credentials of a request that its route did not verify.
    pub(crate) async fn authenticate(
        &self,
        parts: &http::request::Parts,
    ) -> Result<Option<handstamp_verify::Principal>, AuthError> {
        self.verifier.authenticate(parts).await
    }
}

struct UnixClock(Arc<dyn Clock>);

impl handstamp_verify::Clock for UnixClock {
    fn now(&self) -> UnixTime {
        UnixTime::from_secs(self.0.now().as_second())
    }
}
