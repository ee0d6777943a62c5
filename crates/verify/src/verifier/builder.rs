use std::sync::Arc;
use std::time::Duration;

#[cfg(feature = "jwe")]
use handstamp_token::jwe::{DecryptionKey, DecryptionKeys};
use handstamp_token::{Algorithm, Validator, ValidatorError};

#[cfg(feature = "remote")]
use super::remote::RemoteOptions;
#[cfg(feature = "remote")]
use super::status_lists::StatusListChoice;
use super::{Inner, Verifier};
use crate::clock::{Clock, SystemClock};
use crate::csrf::AllowedOrigins;
use crate::keys::SharedKeys;
use crate::nested::Nested;
use crate::revocation::{Revocations, SilencePolicy};
use crate::token_cache::{CacheLimits, TokenCache};

/// The access token's cookie unless [`cookie_name`](VerifierBuilder::cookie_name) sets another.
pub const DEFAULT_COOKIE_NAME: &str = "__Host-Http-at";

/// The largest leeway a verifier takes. The auth service forgets a revocation once the last token it can hit has expired by
/// more than this: a verifier with more would accept a revoked token again.
pub const MAX_LEEWAY: Duration = Duration::from_mins(1);

/// Makes a [`Verifier`]. Issuer, [`audience`](Self::audience) and [`algorithms`](Self::algorithms) have no default: without
/// them nothing is built.
pub struct VerifierBuilder {
    issuer: String,
    audiences: Vec<String>,
    algorithms: Vec<Algorithm>,
    leeway: Duration,
    max_lifetime: Option<Duration>,
    cookie_name: String,
    allowed_origins: AllowedOrigins,
    clock: Arc<dyn Clock>,
    cache: Option<CacheLimits>,
    pub(super) revocations: Option<(Revocations, SilencePolicy)>,
    /// How often somebody said how revocations arrive.
    pub(super) revocation_choices: u32,
    #[cfg(feature = "jwe")]
    decryption_keys: Vec<DecryptionKey>,
    #[cfg(feature = "remote")]
    pub(super) remote: RemoteOptions,
    #[cfg(feature = "remote")]
    pub(super) status_lists: Option<StatusListChoice>,
}

/// Why a verifier cannot be built. The developer's or the operator's fault.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BuildError {
    /// Issuer, audience or algorithms are missing, or do not go together.
    #[error(transparent)]
    Validator(#[from] ValidatorError),
    /// The leeway is larger than revocations are remembered.
    #[error(
        "a leeway of {given:?} is too large, at most {MAX_LEEWAY:?} is safe: revocations are forgotten after that"
    )]
    LeewayTooLarge {
        /// The leeway.
        given: Duration,
    },
    /// It was not said whether tokens can be taken back.
    #[error(
        "say how revocations reach this service: .follow_revocations(…), .check_status_lists(…), .revocations(…), or \
         .without_revocations() for tokens that are good until they expire"
    )]
    RevocationsUndecided,
    /// More than one of them was said: which one counts must not hang on their order.
    #[error("say once how revocations reach this service: it was said {times} times")]
    RevocationsContradict {
        /// How often.
        times: u32,
    },
    /// Two decryption keys have the same id.
    #[cfg(feature = "jwe")]
    #[error("the decryption keys cannot be used together")]
    DecryptionKeys(#[source] handstamp_token::KeyError),
    /// The revocation feed cannot be followed.
    #[cfg(feature = "remote")]
    #[error("the revocation feed cannot be followed: {problem}")]
    Feed {
        /// What is wrong.
        problem: String,
    },
    /// Status lists cannot be fetched from where they were said to be.
    #[cfg(feature = "remote")]
    #[error("status lists cannot be checked: {problem}")]
    StatusLists {
        /// What is wrong.
        problem: String,
    },
    /// The issuer, or the address of its keys, is not an address that may be asked.
    #[cfg(feature = "remote")]
    #[error("{given:?} cannot be asked for keys: it must be an https address (http only on this machine)")]
    Address {
        /// The address.
        given: String,
    },
    /// There is no tokio runtime to fetch keys, or follow revocations, in.
    #[cfg(feature = "remote")]
    #[error("build this verifier inside a tokio runtime: it asks the issuer in the background")]
    NoRuntime,
    /// The HTTP client cannot be set up, most often for lack of root certificates.
    #[cfg(feature = "remote")]
    #[error("the HTTP client cannot be set up: {problem}")]
    HttpClient {
        /// What is wrong.
        problem: String,
    },
}

impl VerifierBuilder {
    pub(super) fn new(issuer: String) -> Self {
        Self {
            issuer,
            audiences: Vec::new(),
            algorithms: Vec::new(),
            leeway: Validator::DEFAULT_LEEWAY,
            max_lifetime: None,
            cookie_name: DEFAULT_COOKIE_NAME.to_owned(),
            allowed_origins: AllowedOrigins::default(),
            clock: Arc::new(SystemClock),
            cache: Some(CacheLimits::default()),
            revocations: None,
            revocation_choices: 0,
            #[cfg(feature = "jwe")]
            decryption_keys: Vec::new(),
            #[cfg(feature = "remote")]
            remote: RemoteOptions::default(),
            #[cfg(feature = "remote")]
            status_lists: None,
        }
    }

    /// Adds a name this service goes by in the tokens' `aud`. Required; tokens must carry one of them.
    #[must_use]
    pub fn audience(mut self, audience: impl Into<String>) -> Self {
        self.audiences.push(audience.into());
        self
    }

    /// Sets the algorithms the issuer signs with. Required.
    #[must_use]
    pub fn algorithms(mut self, algorithms: &[Algorithm]) -> Self {
        self.algorithms = algorithms.to_vec();
        self
    }

    /// Sets the tolerance for clocks that differ. Default: [`Validator::DEFAULT_LEEWAY`]; at most [`MAX_LEEWAY`].
    #[must_use]
    pub fn leeway(mut self, leeway: Duration) -> Self {
        self.leeway = leeway;
        self
    }

    /// Refuses tokens that were made to live longer than this. Default: any lifetime.
    #[must_use]
    pub fn max_lifetime(mut self, limit: Duration) -> Self {
        self.max_lifetime = Some(limit);
        self
    }

    /// Sets the name of the cookie that holds the access token. Default: [`DEFAULT_COOKIE_NAME`].
    #[must_use]
    pub fn cookie_name(mut self, name: impl Into<String>) -> Self {
        self.cookie_name = name.into();
        self
    }

    /// Sets the origins that may send unsafe requests with the cookie, beside the service's own. Default: none.
    #[must_use]
    pub fn allowed_origins(mut self, origins: AllowedOrigins) -> Self {
        self.allowed_origins = origins;
        self
    }

    /// Sets where the time comes from. Default: [`SystemClock`].
    #[must_use]
    pub fn clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = clock;
        self
    }

    /// Checks tokens against this list of revocations. What happens while there is no news has no default: see
    /// [`SilencePolicy`].
    #[must_use]
    pub fn revocations(mut self, revocations: Revocations, when_silent: SilencePolicy) -> Self {
        self.revocations = Some((revocations, when_silent));
        self.revocation_choices += 1;
        self
    }

    /// Takes every token for good until it expires, whoever signed out meanwhile.
    #[must_use]
    pub fn without_revocations(self) -> Self {
        self.revocations(Revocations::insecure_off(), SilencePolicy::serve_stale())
    }

    /// Adds a key that the issuer encrypts tokens to. Default: none, tokens are signed only.
    ///
    /// With one key or more **only** encrypted tokens are taken: a bare signed one is refused. Several are for the time in
    /// which the issuer changes its key.
    #[cfg(feature = "jwe")]
    #[must_use]
    pub fn decryption_key(mut self, key: DecryptionKey) -> Self {
        self.decryption_keys.push(key);
        self
    }

    /// Sets how many verified tokens are remembered. Default: [`CacheLimits::default`].
    #[must_use]
    pub fn cache(mut self, limits: CacheLimits) -> Self {
        self.cache = Some(limits);
        self
    }

    /// Remembers no verified tokens: every request costs a signature check.
    #[must_use]
    pub fn without_cache(mut self) -> Self {
        self.cache = None;
        self
    }

    /// Builds a verifier on keys of this process: a shared secret (`HS256`), the auth service's own, or a test's.
    ///
    /// Inside a tokio runtime where the issuer's revocations are followed.
    #[cfg_attr(not(feature = "remote"), expect(unused_mut, reason = "only remote parts are taken out of it"))]
    pub fn build_with_keys(mut self, keys: impl Into<SharedKeys>) -> Result<Verifier, BuildError> {
        let keys = keys.into();
        #[cfg(feature = "remote")]
        let (feed, statuses) = self.follow_with_keys(&keys)?;
        #[cfg_attr(not(feature = "remote"), expect(unused_mut, reason = "only remote parts are put into it"))]
        let (mut inner, when_silent) = self.into_inner(keys)?;
        #[cfg(feature = "remote")]
        {
            inner.feed = feed;
            inner.statuses = statuses;
        }
        Ok(Verifier { inner: Arc::new(inner), when_silent })
    }

    pub(super) fn into_inner(mut self, keys: SharedKeys) -> Result<(Inner, SilencePolicy), BuildError> {
        let nested = self.take_nested()?;
        if self.leeway > MAX_LEEWAY {
            return Err(BuildError::LeewayTooLarge { given: self.leeway });
        }
        let mut validator =
            Validator::access_token(self.issuer, self.audiences, &self.algorithms)?.leeway(self.leeway);
        if let Some(limit) = self.max_lifetime {
            validator = validator.max_lifetime(limit);
        }
        if self.revocation_choices > 1 {
            return Err(BuildError::RevocationsContradict { times: self.revocation_choices });
        }
        let (revocations, when_silent) = self.revocations.ok_or(BuildError::RevocationsUndecided)?;
        let inner = Inner {
            validator,
            nested,
            leeway: self.leeway,
            keys,
            #[cfg(feature = "remote")]
            remote: None,
            cache: self.cache.map(TokenCache::new),
            revocations,
            #[cfg(feature = "remote")]
            feed: None,
            #[cfg(feature = "remote")]
            statuses: None,
            clock: self.clock,
            cookie_name: self.cookie_name,
            allowed_origins: self.allowed_origins,
        };
        Ok((inner, when_silent))
    }

    #[cfg(feature = "jwe")]
    fn take_nested(&mut self) -> Result<Nested, BuildError> {
        let keys = std::mem::take(&mut self.decryption_keys);
        if keys.is_empty() {
            return Ok(Nested::No);
        }
        DecryptionKeys::new(keys).map(Nested::Encrypted).map_err(BuildError::DecryptionKeys)
    }

    #[cfg(not(feature = "jwe"))]
    #[expect(clippy::unused_self, clippy::unnecessary_wraps, reason = "with the feature it can fail")]
    fn take_nested(&mut self) -> Result<Nested, BuildError> {
        Ok(Nested::No)
    }

    #[cfg(feature = "remote")]
    pub(super) fn clock_handle(&self) -> Arc<dyn Clock> {
        Arc::clone(&self.clock)
    }

    #[cfg(feature = "remote")]
    pub(super) fn allowed_algorithms(&self) -> &[Algorithm] {
        &self.algorithms
    }

    #[cfg(feature = "remote")]
    pub(super) fn issuer(&self) -> &str {
        &self.issuer
    }
}
