//! A verifier whose revocation log is written by the test.

use std::time::Duration;

use handstamp_api_types::ErrorCode;
use handstamp_api_types::revocation::{RevocationKind, RevocationLevel};
use handstamp_verify::revocation::SilencePolicy;
use handstamp_verify::{SharedKeys, Verifier};

use super::log::Log;
use super::{KEY, key_set, undecided};

/// A verifier whose revocation log is written by the test.
pub(crate) struct House {
    pub(crate) log: Log,
    pub(crate) verifier: Verifier,
    /// The same without a cache: what the verifier must answer too.
    pub(crate) forgetful: Verifier,
    pub(crate) keys: SharedKeys,
}

impl House {
    /// Before the log has been heard of.
    pub(crate) fn silent(policy: SilencePolicy) -> Self {
        let log = Log::silent();
        let keys = SharedKeys::new(key_set(&[&KEY]));
        let build = |builder: handstamp_verify::VerifierBuilder| {
            builder.revocations(log.revocations.clone(), policy).build_with_keys(keys.clone()).unwrap()
        };
        let (verifier, forgetful) =
            (build(undecided(&log.clock)), build(undecided(&log.clock).without_cache()));
        Self { log, verifier, forgetful, keys }
    }

    /// With an empty log.
    pub(crate) fn new(policy: SilencePolicy) -> Self {
        let mut house = Self::silent(policy);
        house.log.beat();
        house
    }

    pub(crate) fn revoke(&mut self, level: RevocationLevel, value: &str, kind: RevocationKind) {
        self.log.revoke(level, value, kind);
    }

    /// Time passes without news.
    pub(crate) fn pass(&mut self, time: Duration) {
        self.log.pass(time);
    }

    pub(crate) fn code(&self, token: &str) -> Result<(), ErrorCode> {
        self.verifier.try_verify(token).map(drop).map_err(|error| error.code())
    }
}
