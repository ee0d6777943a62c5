//! Verifiers that remember many live tokens.

use std::time::{Duration, Instant};

use handstamp_token::{Algorithm, KeyId, KeySet, SigningKey};
use handstamp_verify::revocation::{FollowOptions, Revocations, SilencePolicy};
use handstamp_verify::{CacheLimits, Verifier};

use crate::fixture::{AUDIENCE, FlatClaims, ISSUER, KEY_ID, TYPE, now};
use crate::race::Contestant;
use crate::revoking::Log;
use crate::{Outcome, failed};

/// Live tokens of different people, and a verifier that has seen each of them on this thread.
///
/// It also asks a revocation list, as every real one does; nothing is revoked.
pub struct Remembered {
    verifier: Verifier,
    tokens: Vec<String>,
}

impl Remembered {
    /// Signs so many tokens and verifies each once.
    pub fn new(count: usize) -> Outcome<Self> {
        let key = SigningKey::generate(Algorithm::Es256).map_err(failed("generating a key"))?;
        let key = key.with_key_id(KeyId::new(KEY_ID).map_err(failed("naming the key"))?);
        let keys = KeySet::new([key.verifying_key()]).map_err(failed("preparing the keys"))?;
        let (revocations, mut follower) = Revocations::follow(FollowOptions::default());
        Log::new().publish(&mut follower, 0)?;
        let verifier = Verifier::builder(ISSUER)
            .audience(AUDIENCE)
            .algorithms(&[Algorithm::Es256])
            // For two threads' halves to hold all of them.
            .cache(CacheLimits { entries: count * 4, bytes: count * 16 * 1024 })
            .revocations(revocations, SilencePolicy::serve_stale())
            .build_with_keys(keys)
            .map_err(failed("building the verifier"))?;
        let tokens = (0..count).map(|number| sign(&key, number)).collect::<Outcome<Vec<_>>>()?;
        for token in &tokens {
            verifier.try_verify(token).map_err(failed("a good token was refused"))?;
        }
        Ok(Self { verifier, tokens })
    }

    /// Returns one hit after the other, in an order that no cache of the processor knows. Nor does it know the token that is
    /// asked for: it comes from memory as well.
    pub fn hit(&self) -> Contestant<'_> {
        let mut place = 0;
        Contestant::new(format!("{} live tokens, the request's in memory", self.tokens.len()), move || {
            place = (place + self.stride()) % self.tokens.len();
            self.verifier.try_verify(&self.tokens[place]).is_ok()
        })
    }

    /// Returns the same for tokens that have just been received, as in a server: copied into a buffer by somebody whose time
    /// does not count. What was remembered of them is wherever it is.
    pub fn hit_by_request(&self) -> Contestant<'_> {
        const AT_ONCE: u64 = 16;
        let mut place = 0;
        let mut requests = vec![String::new(); 16];
        let name = format!("{} live tokens", self.tokens.len());
        Contestant::measuring_itself(name, move |count| {
            let mut took = Duration::ZERO;
            // A few at a time, because a look at the clock takes time as well.
            for _ in 0..count.div_ceil(AT_ONCE) {
                for request in &mut requests {
                    place = (place + self.stride()) % self.tokens.len();
                    self.tokens[place].clone_into(request);
                }
                let start = Instant::now();
                for request in &requests {
                    self.verifier.try_verify(request).map_err(failed("a remembered token was refused"))?;
                }
                took += start.elapsed();
            }
            let measured = count.div_ceil(AT_ONCE) * AT_ONCE;
            Ok(took.mul_f64(to_float(count) / to_float(measured)))
        })
    }

    fn stride(&self) -> usize {
        self.tokens.len() / 1_000 * 618 + 1
    }
}

#[expect(clippy::cast_precision_loss, reason = "a count of operations")]
fn to_float(count: u64) -> f64 {
    count as f64
}

fn sign(key: &SigningKey, number: usize) -> Outcome<String> {
    let mut claims = FlatClaims::new(now());
    claims.jti = format!("jti-{number:016}");
    claims.sub = format!("01890a5d-ac96-774b-bcce-{number:012}");
    key.sign(TYPE, &claims).map_err(failed("signing a token"))
}
