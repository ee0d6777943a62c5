use std::time::Duration;

use base64_simd::URL_SAFE_NO_PAD;
use handstamp_core::{
    Context,
    flows::carry::Carry,
    model::{SessionId, SiteName},
    root_key::RootKeyError,
};
use handstamp_token::Entropy;
use jiff::Timestamp;

use super::{CarryAttempt, Challenge};

/// A browser follows the redirect at once. What is older was kept by somebody.
const LIFETIME: Duration = Duration::from_mins(1);

/// The format of what is sealed.
const VERSION: u8 = 1;

/// What carries a sign-in to a site, in the address of a redirect: for that site, in the browser that asked for it, once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct CarryCode {
    from: SessionId,
    site: SiteName,
    challenge: Challenge,
    id: [u8; 16],
    expires_at: Timestamp,
}

/// Why a code is not taken.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CarryCodeError {
    #[error("the code cannot be opened: it was changed, or sealed by another installation")]
    Garbled,
    #[error("the code is for the site {actual}")]
    OtherSite { actual: SiteName },
    #[error("the code is too old")]
    Expired,
    #[error("the code was asked for by another attempt: perhaps somebody else's")]
    OtherAttempt,
}

impl CarryCode {
    /// Makes one for whoever is in this session and asks by this challenge.
    pub(crate) fn new(
        entropy: &dyn Entropy,
        from: SessionId,
        site: SiteName,
        challenge: Challenge,
        now: Timestamp,
    ) -> Self {
        let mut id = [0; 16];
        entropy.fill(&mut id);
        let expires_at = now.checked_add(LIFETIME).unwrap_or(Timestamp::MAX);
        Self { from, site, challenge, id, expires_at }
    }

    /// Returns it as text that only this installation can read.
    pub(crate) fn seal(&self, core: &Context) -> Result<String, RootKeyError> {
        let mut bytes = vec![VERSION];
        bytes.extend_from_slice(&self.expires_at.as_second().to_be_bytes());
        bytes.extend_from_slice(&self.id);
        bytes.extend_from_slice(self.from.as_bytes());
        bytes.extend_from_slice(self.challenge.as_bytes());
        bytes.extend_from_slice(self.site.as_str().as_bytes());
        let sealed = core.keyring.seal(PURPOSE, &bytes, &*core.entropy)?;
        Ok(URL_SAFE_NO_PAD.encode_to_string(sealed))
    }

    /// Reads a code, and takes it for this attempt on this site.
    pub(crate) fn open(
        core: &Context,
        sealed: &str,
        site: &SiteName,
        attempt: &CarryAttempt,
        now: Timestamp,
    ) -> Result<Self, CarryCodeError> {
        let sealed = URL_SAFE_NO_PAD.decode_to_vec(sealed).map_err(|_| CarryCodeError::Garbled)?;
        let plain = core.keyring.open(PURPOSE, &sealed).map_err(|_| CarryCodeError::Garbled)?;
        let opened = Self::read(&plain).ok_or(CarryCodeError::Garbled)?;
        if opened.site != *site {
            return Err(CarryCodeError::OtherSite { actual: opened.site });
        }
        if now >= opened.expires_at {
            return Err(CarryCodeError::Expired);
        }
        // No secret: the challenge has travelled in an address.
        if opened.challenge != attempt.challenge() {
            return Err(CarryCodeError::OtherAttempt);
        }
        Ok(opened)
    }

    /// Returns what the rules do with it.
    pub(crate) fn carry(&self, address: Option<std::net::IpAddr>) -> Carry {
        Carry {
            from: self.from,
            to: self.site.clone(),
            code_id: URL_SAFE_NO_PAD.encode_to_string(self.id),
            expires_at: self.expires_at,
            address,
        }
    }

    fn read(bytes: &[u8]) -> Option<Self> {
        let (&VERSION, rest) = bytes.split_first()? else { return None };
        let (expires_at, rest) = rest.split_first_chunk()?;
        let (id, rest) = rest.split_first_chunk()?;
        let (from, rest) = rest.split_first_chunk()?;
        let (challenge, site) = rest.split_first_chunk()?;
        Some(Self {
            from: SessionId::from_bytes(*from),
            site: str::from_utf8(site).ok()?.parse().ok()?,
            challenge: Challenge::from_bytes(*challenge),
            id: *id,
            expires_at: Timestamp::from_second(i64::from_be_bytes(*expires_at)).ok()?,
        })
    }
}

const PURPOSE: &[u8] = b"carry code";

#[cfg(test)]
mod tests {
    use handstamp_core::{model::SessionId, test_support::Kit};
    use jiff::ToSpan as _;

    use super::{CarryCode, CarryCodeError};
    use crate::sites::CarryAttempt;

    async fn given() -> (Kit, CarryAttempt, CarryCode, String) {
        let kit = Kit::new().await;
        let attempt = CarryAttempt::begin(&*kit.ctx.entropy, None, kit.clock.now());
        let from = SessionId::from_bytes([7; 16]);
        let (site, now) = ("shop".parse().unwrap(), kit.clock.now());
        let code = CarryCode::new(&*kit.ctx.entropy, from, site, attempt.challenge(), now);
        let sealed = code.seal(&kit.ctx).unwrap();
        (kit, attempt, code, sealed)
    }

    fn open(
        kit: &Kit,
        attempt: &CarryAttempt,
        sealed: &str,
        site: &str,
        later: i64,
    ) -> Result<CarryCode, CarryCodeError> {
        let now = kit.clock.now() + later.seconds();
        CarryCode::open(&kit.ctx, sealed, &site.parse().unwrap(), attempt, now)
    }

    #[tokio::test]
    async fn a_code_opens_at_its_site_for_a_minute() {
        let (kit, attempt, code, sealed) = given().await;
        assert_eq!(open(&kit, &attempt, &sealed, "shop", 59).unwrap(), code);
        assert!(matches!(open(&kit, &attempt, &sealed, "shop", 60), Err(CarryCodeError::Expired)));
    }

    #[tokio::test]
    async fn another_site_does_not_take_it() {
        let (kit, attempt, _, sealed) = given().await;
        let refused = open(&kit, &attempt, &sealed, "news", 0);
        assert!(matches!(refused, Err(CarryCodeError::OtherSite { actual }) if actual.as_str() == "shop"));
    }

    #[tokio::test]
    async fn another_attempt_does_not_get_it() {
        let (kit, _, _, sealed) = given().await;
        let other = CarryAttempt::begin(&*kit.ctx.entropy, None, kit.clock.now());
        assert!(matches!(open(&kit, &other, &sealed, "shop", 0), Err(CarryCodeError::OtherAttempt)));
    }

    #[tokio::test]
    async fn whatever_is_changed_in_it_it_does_not_open() {
        let (kit, attempt, _, sealed) = given().await;
        for place in 0..sealed.len() {
            let mut changed = sealed.clone().into_bytes();
            changed[place] = if changed[place] == b'A' { b'B' } else { b'A' };
            let changed = String::from_utf8(changed).unwrap();
            let refused = open(&kit, &attempt, &changed, "shop", 0);
            assert!(matches!(refused, Err(CarryCodeError::Garbled)), "{place}");
            assert!(open(&kit, &attempt, &sealed[..place], "shop", 0).is_err(), "{place}");
        }
    }
}
