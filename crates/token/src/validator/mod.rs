use std::borrow::Cow;
use std::time::Duration;

use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::algorithm::Algorithm;
use crate::base64url;
use crate::claims::{Claims, Gleaner, RegisteredClaims};
use crate::header::Header;
use crate::json::{Document, Kind, reader};
use crate::keys::{KeySet, VerifyingKey};
use crate::rejection::{Part, Rejection};
use crate::text::Text;
use crate::time::UnixTime;
use crate::unverified::{Parts, UnverifiedToken};
use crate::verified::{BorrowedToken, VerifiedToken, limits};

mod audience;
mod error;
mod profile;
mod rules;

pub use audience::Audience;
pub(crate) use audience::Names;
pub use error::ValidatorError;
use profile::Profile;
use rules::{Required, check_logout, member};

/// Decides whether a token is to be believed: one kind of token, one issuer, our audiences, a list of algorithms.
///
/// It starts strict and has no switch that turns a check off. What differs between kinds of token is in the constructor:
/// each kind excludes the others.
///
/// ```
/// use handstamp_token::{Algorithm, KeySet, NoClaims, Rejection, SigningKey, UnixTime, Validator};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let key = SigningKey::generate(Algorithm::Es256)?;
/// let keys = KeySet::new([key.verifying_key()])?;
/// let validator = Validator::access_token("https://auth.example.com", "https://api.example.com", &[Algorithm::Es256])?;
///
/// let forged = "eyJhbGciOiJub25lIn0.eyJzdWIiOiJhZG1pbiJ9.";
/// let refused = validator.verify::<NoClaims>(forged, &keys, UnixTime::from_secs(1_800_000_000));
/// assert!(matches!(refused, Err(Rejection::Unsigned { .. })));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Validator {
    profile: Profile,
    issuer: String,
    audiences: Vec<String>,
    algorithms: Vec<Algorithm>,
    leeway: Duration,
    max_lifetime: Option<Duration>,
    required: Vec<Required>,
    /// Those among the required claims that only their presence counts of.
    others: Vec<&'static str>,
}

impl Validator {
    /// The tolerance for clocks that differ, unless [`leeway`](Self::leeway) sets another: machines that keep time at all
    /// agree within seconds.
    pub const DEFAULT_LEEWAY: Duration = Duration::from_secs(30);

    /// The largest leeway. Beyond it an expiry means nothing (RFC 7519 §4.1.4: "no more than a few minutes").
    pub const MAX_LEEWAY: Duration = Duration::from_mins(5);

    /// Sets the tolerance for clocks that differ, at most [`MAX_LEEWAY`](Self::MAX_LEEWAY).
    #[must_use]
    pub fn leeway(mut self, leeway: Duration) -> Self {
        self.leeway = leeway.min(Self::MAX_LEEWAY);
        self
    }

    /// Refuses tokens whose `exp` lies further than this from their `iat`, which is then required.
    #[must_use]
    pub fn max_lifetime(mut self, limit: Duration) -> Self {
        self.max_lifetime = Some(limit);
        self
    }

    /// Refuses tokens without this claim, or with `null` for it.
    #[must_use]
    pub fn require(mut self, claim: &'static str) -> Self {
        let required = Required::named(claim);
        if self.required.contains(&required) {
            return self;
        }
        self.required.push(required);
        if matches!(required, Required::Other(_)) {
            self.others.push(claim);
        }
        self
    }

    /// Returns the accepted issuer.
    pub fn issuer(&self) -> &str {
        &self.issuer
    }

    /// Returns the audiences of which a token must name one.
    pub fn audiences(&self) -> &[String] {
        &self.audiences
    }

    /// Returns the allowed algorithms.
    pub fn algorithms(&self) -> &[Algorithm] {
        &self.algorithms
    }

    /// Verifies a token with the key it names.
    ///
    /// Without a `kid` in the token, the set must have exactly one key. `now` is the time to judge by.
    pub fn verify<C: DeserializeOwned>(
        &self,
        token: &str,
        keys: &KeySet,
        now: UnixTime,
    ) -> Result<VerifiedToken<C>, Rejection> {
        let parts = Parts::of(token)?;
        let (key, header) = key_for(parts, keys)?;
        self.finish(&header, parts, key, now)
    }

    /// Does the same with claims that borrow from the payload, which is decoded into `payload`. With one buffer for all tokens
    /// nothing is allocated.
    ///
    /// ```
    /// use handstamp_token::{Algorithm, KeySet, SigningKey, SystemEntropy, TokenBuilder, UnixTime, Validator};
    ///
    /// #[derive(serde::Deserialize)]
    /// struct Claims<'p> {
    ///     client_id: &'p str,
    /// }
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let now = UnixTime::from_secs(1_800_000_000);
    /// # let key = SigningKey::generate(Algorithm::Es256)?;
    /// # let keys = KeySet::new([key.verifying_key()])?;
    /// # let builder = TokenBuilder::access_token("https://auth.example.com", "https://api.example.com");
    /// # let builder = builder.subject("user-17").client_id("web").lifetime("15 minutes");
    /// # let token = builder.sign(&key, now, &SystemEntropy)?;
    /// # let validator =
    /// #     Validator::access_token("https://auth.example.com", "https://api.example.com", &[Algorithm::Es256])?;
    /// let mut payload = String::new();
    /// let verified = validator.verify_in::<Claims<'_>>(&mut payload, token.as_str(), &keys, now)?;
    /// assert_eq!(verified.registered().sub(), Some("user-17"));
    /// assert_eq!(verified.claims().client_id, "web");
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// A string with escapes cannot be borrowed: for text that people write, such as names, take `Cow<str>` with
    /// `#[serde(borrow)]`.
    pub fn verify_in<'p, C: Deserialize<'p>>(
        &self,
        payload: &'p mut String,
        token: &str,
        keys: &'p KeySet,
        now: UnixTime,
    ) -> Result<BorrowedToken<'p, C>, Rejection> {
        let parts = Parts::of(token)?;
        let (key, header) = key_for(parts, keys)?;
        self.check_signature(&header, parts, key)?;
        let mut bytes = std::mem::take(payload).into_bytes();
        bytes.clear();
        base64url::decode_onto(parts.payload, &mut bytes).ok_or(Rejection::Base64 { part: Part::Payload })?;
        *payload = String::from_utf8(bytes).map_err(|_| not_utf8())?;
        let mut registered = Claims::default();
        let claims = self.read_claims(payload, &mut registered, key, now)?;
        Ok(BorrowedToken { registered, claims, payload, key_id: key.key_id() })
    }

    /// Verifies a token with a key that was chosen by its unverified header.
    ///
    /// The token's `kid`, if it has one, must be the key's.
    #[expect(
        clippy::needless_pass_by_value,
        reason = "an unverified token is used up: what remains is verified"
    )]
    pub fn verify_with_key<C: DeserializeOwned>(
        &self,
        token: UnverifiedToken<'_>,
        key: &VerifyingKey,
        now: UnixTime,
    ) -> Result<VerifiedToken<C>, Rejection> {
        self.finish(&token.header, token.parts, key, now)
    }

    /// Decrypts an encrypted token and verifies the signed one inside. A token that is only signed is refused: a validator
    /// that took both would let a sender choose.
    #[cfg(feature = "jwe")]
    pub fn verify_encrypted<C: DeserializeOwned>(
        &self,
        token: &str,
        decryption: &crate::jwe::DecryptionKeys,
        keys: &KeySet,
        now: UnixTime,
    ) -> Result<VerifiedToken<C>, Rejection> {
        let nested = decryption.decrypt(token).map_err(Rejection::Decryption)?;
        self.verify(nested.as_unverified_str(), keys, now)
    }

    fn finish<C: DeserializeOwned>(
        &self,
        header: &Header,
        parts: Parts<'_>,
        key: &VerifyingKey,
        now: UnixTime,
    ) -> Result<VerifiedToken<C>, Rejection> {
        self.check_signature(header, parts, key)?;
        let payload = base64url::decode(parts.payload).ok_or(Rejection::Base64 { part: Part::Payload })?;
        let payload = String::from_utf8(payload).map_err(|_| not_utf8())?.into_boxed_str();
        let mut registered = Claims::default();
        let claims = self.read_claims(&payload, &mut registered, key, now)?;
        Ok(VerifiedToken { registered, claims, payload, key_id: key.key_id().clone() })
    }

    /// Checks header and signature. That comes before the payload is even decoded: a forger reaches no JSON code but the
    /// header's.
    fn check_signature(
        &self,
        header: &Header,
        parts: Parts<'_>,
        key: &VerifyingKey,
    ) -> Result<(), Rejection> {
        let algorithm = self.check_header(header)?;
        check_signature(header, parts, key, algorithm)?;
        key.remember_header(parts.header, header);
        Ok(())
    }

    /// Reads the payload and checks its claims: first in one pass, and where that is not enough, by the tape. The registered
    /// claims are filled in where they will stay: moving them around would take as long as reading them.
    fn read_claims<'p, C: Deserialize<'p>>(
        &self,
        payload: &'p str,
        registered: &mut Claims,
        key: &VerifyingKey,
        now: UnixTime,
    ) -> Result<C, Rejection> {
        // A logout token is rare, and holds more that has to be checked.
        if matches!(self.profile, Profile::LogoutToken) {
            return self.read_claims_thoroughly(payload, registered, now);
        }
        let mut gleaner = Gleaner::new(registered, &self.others);
        let expected = key.expected_claims(payload);
        match reader::read_watched(payload, limits(payload.len()), expected, &mut gleaner) {
            Ok(claims) if gleaner.finish(payload).is_ok() => {
                let has = |name: &str| gleaner.has(payload, name);
                self.check_claims(RegisteredClaims::new(gleaner.claims(), payload), has, now)?;
                Ok(claims)
            }
            _ => self.read_claims_thoroughly(payload, registered, now),
        }
    }

    #[cold]
    fn read_claims_thoroughly<'p, C: Deserialize<'p>>(
        &self,
        payload: &'p str,
        registered: &mut Claims,
        now: UnixTime,
    ) -> Result<C, Rejection> {
        let document = Document::parse_text(payload, limits(payload.len()))
            .map_err(|problem| Rejection::Json { part: Part::Payload, problem: problem.to_string() })?;
        let root = document.root();
        *registered = Claims::read(root)?;
        let view = RegisteredClaims::new(registered, payload);
        let has = |name: &str| member(root, name).is_some_and(|value| value.kind() != Kind::Null);
        self.check_claims(view, has, now)?;
        if matches!(self.profile, Profile::LogoutToken) {
            check_logout(view, root)?;
        }
        root.deserialize().map_err(|problem| Rejection::Claims { problem: problem.to_string() })
    }

    fn check_header(&self, header: &Header) -> Result<Algorithm, Rejection> {
        let Some(algorithm) = header.algorithm.filter(|algorithm| self.algorithms.contains(algorithm)) else {
            let actual = header.alg.as_str().to_owned();
            return Err(Rejection::AlgorithmNotAllowed { expected: self.algorithms.clone(), actual });
        };
        self.profile.check_typ(header.typ.as_ref())?;
        Ok(algorithm)
    }
}

fn not_utf8() -> Rejection {
    Rejection::Json { part: Part::Payload, problem: "it is not UTF-8".to_owned() }
}

/// Checks the signature with a key of this very algorithm.
pub(crate) fn check_signature(
    header: &Header,
    parts: Parts<'_>,
    key: &VerifyingKey,
    algorithm: Algorithm,
) -> Result<(), Rejection> {
    if key.algorithm() != algorithm {
        return Err(Rejection::KeyAlgorithm {
            kid: key.key_id().to_string(),
            expected: key.algorithm(),
            actual: algorithm,
        });
    }
    if let Some(kid) = header.kid.as_ref().filter(|kid| !key.key_id().is(kid)) {
        return Err(Rejection::UnknownKey { kid: kid.as_str().to_owned() });
    }
    if signature_matches(parts, key)? { Ok(()) } else { Err(Rejection::BadSignature) }
}

fn signature_matches(parts: Parts<'_>, key: &VerifyingKey) -> Result<bool, Rejection> {
    // Everything but RSA above 2048 bits and ML-DSA fits; those take so long that an allocation does not matter.
    let mut buffer = [0; 256];
    let message = parts.signing_input.as_bytes();
    let malformed = || Rejection::Base64 { part: Part::Signature };
    if parts.signature.len() <= base64url::encoded_len(buffer.len()) {
        let signature = base64url::decode_into(parts.signature, &mut buffer).ok_or_else(malformed)?;
        return Ok(key.verifies(message, signature));
    }
    let signature = base64url::decode(parts.signature).ok_or_else(malformed)?;
    Ok(key.verifies(message, &signature))
}

/// Finds the key for a token, by its header.
fn key_for<'k>(parts: Parts<'_>, keys: &'k KeySet) -> Result<(&'k VerifyingKey, Cow<'k, Header>), Rejection> {
    let known = keys.iter().find_map(|key| key.known_header(parts.header).map(|header| (key, header)));
    if let Some((key, header)) = known {
        return Ok((key, Cow::Borrowed(header)));
    }
    let header = Header::parse(parts.header)?;
    Ok((choose_key(&header, keys)?, Cow::Owned(header)))
}

fn choose_key<'k>(header: &Header, keys: &'k KeySet) -> Result<&'k VerifyingKey, Rejection> {
    if let Some(kid) = header.kid.as_ref().map(Text::as_str) {
        return keys.find(kid).ok_or_else(|| Rejection::UnknownKey { kid: kid.to_owned() });
    }
    let mut all = keys.iter();
    match (all.next(), all.next()) {
        (Some(only), None) => Ok(only),
        _ => Err(Rejection::MissingKeyId { available: keys.len() }),
    }
}
