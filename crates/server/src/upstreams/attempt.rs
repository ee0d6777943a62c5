use std::time::Duration;

use base64_simd::URL_SAFE_NO_PAD;
use handstamp_core::{
    Context,
    flows::upstream,
    model::{SessionId, UpstreamName},
    root_key::RootKeyError,
};
use jiff::Timestamp;

use super::Secrets;

/// People have this long to sign in at the upstream.
pub(crate) const LIFETIME: Duration = Duration::from_mins(10);

/// The format of what is sealed.
const VERSION: u8 = 1;

/// A sign-in through an upstream that was begun. All of it travels in the browser, sealed: any replica can finish it, and nobody
/// else can read or change it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Attempt {
    pub(crate) upstream: UpstreamName,
    pub(crate) secrets: Secrets,
    pub(crate) expires_at: Timestamp,
    pub(crate) aim: Aim,
    /// Where people go afterwards. Whether they may is asked again then.
    pub(crate) return_to: Option<String>,
}

/// What an attempt is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Aim {
    /// A new session, in the place of this one if there was one.
    SignIn { replaces: Option<SessionId> },
    /// Another way in for the user of this session.
    Link { session: SessionId },
}

/// Why no attempt can be finished.
#[derive(Debug, thiserror::Error)]
pub(crate) enum AttemptError {
    #[error(
        "the browser has no attempt of this name: it was finished, is old, or was begun in another browser"
    )]
    Unknown,
    #[error("the answer names no attempt")]
    NoState,
    #[error("the attempt in the browser cannot be opened: it was changed, or sealed by another installation")]
    Garbled(#[source] Option<RootKeyError>),
    #[error("the attempt is too old")]
    Expired {
        /// Where people wanted to go.
        return_to: Option<String>,
    },
    #[error("the attempt was begun at another upstream, {actual}: perhaps an attempt to mix up the two")]
    OtherUpstream { actual: UpstreamName },
}

impl AttemptError {
    /// Returns what the figures call it.
    pub(crate) fn outcome(&self) -> &'static str {
        match self {
            Self::Unknown | Self::NoState => "attempt_unknown",
            Self::Garbled(_) => "attempt_garbled",
            Self::Expired { .. } => "attempt_expired",
            Self::OtherUpstream { .. } => "attempt_of_other_upstream",
        }
    }
}

impl Attempt {
    /// Begins one.
    pub(crate) fn begin(
        core: &Context,
        upstream: UpstreamName,
        aim: Aim,
        return_to: Option<String>,
        now: Timestamp,
    ) -> Self {
        let expires_at = now.checked_add(LIFETIME).unwrap_or(Timestamp::MAX);
        Self { upstream, secrets: Secrets::draw(&*core.entropy), expires_at, aim, return_to }
    }

    /// Returns it as text that only this installation can read.
    pub(crate) fn seal(&self, core: &Context) -> Result<String, RootKeyError> {
        let sealed = core.keyring.seal(&purpose(&self.secrets.state), &self.write(), &*core.entropy)?;
        Ok(URL_SAFE_NO_PAD.encode_to_string(sealed))
    }

    /// Reads the one of this name.
    pub(crate) fn open(
        core: &Context,
        state: &str,
        sealed: &str,
        now: Timestamp,
    ) -> Result<Self, AttemptError> {
        let garbled = || AttemptError::Garbled(None);
        let sealed = URL_SAFE_NO_PAD.decode_to_vec(sealed).map_err(|_| garbled())?;
        let plain = core.keyring.open(&purpose(state), &sealed);
        let plain = plain.map_err(|error| AttemptError::Garbled(Some(error)))?;
        let attempt = Self::read(state, &plain).ok_or_else(garbled)?;
        if now < attempt.expires_at {
            Ok(attempt)
        } else {
            Err(AttemptError::Expired { return_to: attempt.return_to })
        }
    }

    /// Returns what lets it be finished once.
    pub(crate) fn once(&self) -> upstream::Attempt {
        upstream::Attempt { id: self.secrets.state.clone(), expires_at: self.expires_at }
    }

    /// Written by hand, because eight of them have to fit beside the other cookies.
    fn write(&self) -> Vec<u8> {
        let (nonce, verifier) = self.secrets.sealed_parts();
        let (aim, session) = match self.aim {
            Aim::SignIn { replaces: None } => (0, None),
            Aim::SignIn { replaces } => (1, replaces),
            Aim::Link { session } => (2, Some(session)),
        };
        let name = self.upstream.as_str().as_bytes();
        let mut bytes = vec![VERSION];
        bytes.extend_from_slice(&self.expires_at.as_second().to_be_bytes());
        bytes.extend_from_slice(nonce);
        bytes.extend_from_slice(verifier);
        bytes.push(aim);
        bytes.extend(session.iter().flat_map(|session| *session.as_bytes()));
        // A name has 32 bytes at most.
        bytes.push(u8::try_from(name.len()).unwrap_or(u8::MAX));
        bytes.extend_from_slice(name);
        bytes.extend_from_slice(self.return_to.as_deref().unwrap_or_default().as_bytes());
        bytes
    }

    fn read(state: &str, bytes: &[u8]) -> Option<Self> {
        let (&VERSION, rest) = bytes.split_first()? else { return None };
        let (expires_at, rest) = rest.split_first_chunk()?;
        let (nonce, rest) = rest.split_first_chunk()?;
        let (verifier, rest) = rest.split_first_chunk()?;
        let (aim, mut rest) = rest.split_first()?;
        let mut session = || {
            let (id, after) = rest.split_first_chunk()?;
            rest = after;
            Some(SessionId::from_bytes(*id))
        };
        let aim = match aim {
            0 => Aim::SignIn { replaces: None },
            1 => Aim::SignIn { replaces: Some(session()?) },
            2 => Aim::Link { session: session()? },
            _ => return None,
        };
        let (&length, rest) = rest.split_first()?;
        let (name, return_to) = rest.split_at_checked(usize::from(length))?;
        let return_to = str::from_utf8(return_to).ok()?;
        Some(Self {
            upstream: str::from_utf8(name).ok()?.parse().ok()?,
            secrets: Secrets::of(state, *nonce, *verifier),
            expires_at: Timestamp::from_second(i64::from_be_bytes(*expires_at)).ok()?,
            aim,
            return_to: (!return_to.is_empty()).then(|| return_to.to_owned()),
        })
    }
}

/// The name is part of it: what was sealed under one name opens under no other.
fn purpose(state: &str) -> Vec<u8> {
    format!("sign-in attempt:{state}").into_bytes()
}

#[cfg(test)]
mod tests {
    use handstamp_core::{model::SessionId, test_support::Kit};
    use jiff::ToSpan;

    use super::{Aim, Attempt, AttemptError};

    const AIMS: [Aim; 3] = [
        Aim::SignIn { replaces: None },
        Aim::SignIn { replaces: Some(SessionId::from_bytes([3; 16])) },
        Aim::Link { session: SessionId::from_bytes([4; 16]) },
    ];

    fn begun(kit: &Kit, aim: Aim, return_to: Option<&str>) -> Attempt {
        let (upstream, return_to) = ("corp".parse().unwrap(), return_to.map(str::to_owned));
        Attempt::begin(&kit.ctx, upstream, aim, return_to, kit.clock.now())
    }

    #[tokio::test]
    async fn what_was_sealed_opens_as_it_was() {
        let kit = Kit::new().await;
        for aim in AIMS {
            for return_to in [None, Some("/orders/7?tab=lines")] {
                let attempt = begun(&kit, aim, return_to);
                let sealed = attempt.seal(&kit.ctx).unwrap();
                let opened = Attempt::open(&kit.ctx, &attempt.secrets.state, &sealed, kit.clock.now());
                assert_eq!(opened.unwrap(), attempt);
            }
        }
    }

    #[tokio::test]
    async fn nothing_of_it_can_be_read_and_eight_fit_beside_each_other() {
        let kit = Kit::new().await;
        let attempt = begun(&kit, AIMS[1], Some("/orders/7"));
        let sealed = attempt.seal(&kit.ctx).unwrap();

        assert!(sealed.len() < 260, "{}", sealed.len());
        assert!(
            !sealed.contains(&attempt.secrets.nonce()) && !sealed.contains(&attempt.secrets.code_verifier())
        );
    }

    #[tokio::test]
    async fn the_longest_way_back_fits_into_a_cookie() {
        let kit = Kit::new().await;
        let attempt = begun(&kit, AIMS[1], Some(&format!("/{}", "x".repeat(2047))));

        // Beside the name of the cookie and its attributes, of which browsers take 4,096 bytes together.
        assert!(attempt.seal(&kit.ctx).unwrap().len() < 3_000);
    }

    #[tokio::test]
    async fn under_another_name_it_does_not_open() {
        let kit = Kit::new().await;
        let (one, other) = (begun(&kit, AIMS[0], None), begun(&kit, AIMS[0], None));
        let sealed = one.seal(&kit.ctx).unwrap();

        let opened = Attempt::open(&kit.ctx, &other.secrets.state, &sealed, kit.clock.now());
        assert!(matches!(opened, Err(AttemptError::Garbled(Some(_)))));
    }

    #[tokio::test]
    async fn it_opens_until_it_expires() {
        let kit = Kit::new().await;
        let attempt = begun(&kit, AIMS[0], None);
        let sealed = attempt.seal(&kit.ctx).unwrap();
        let at = |seconds: i64| {
            let now = kit.clock.now() + seconds.seconds();
            Attempt::open(&kit.ctx, &attempt.secrets.state, &sealed, now)
        };

        assert!(at(599).is_ok());
        assert!(matches!(at(600), Err(AttemptError::Expired { .. })));
    }

    #[tokio::test]
    async fn whatever_is_changed_in_it_it_does_not_open() {
        let kit = Kit::new().await;
        let attempt = begun(&kit, AIMS[2], Some("/x"));
        let sealed = attempt.seal(&kit.ctx).unwrap();
        let opens =
            |text: &str| Attempt::open(&kit.ctx, &attempt.secrets.state, text, kit.clock.now()).is_ok();

        for place in 0..sealed.len() {
            let mut changed = sealed.clone().into_bytes();
            changed[place] = if changed[place] == b'A' { b'B' } else { b'A' };
            assert!(!opens(std::str::from_utf8(&changed).unwrap()), "{place}");
        }
        for length in 0..sealed.len() {
            assert!(!opens(&sealed[..length]), "{length}");
        }
        assert!(!opens("%") && !opens(&format!("{sealed}AAAA")));
    }

    #[tokio::test]
    async fn another_installation_cannot_open_it() {
        let (kit, other) = (Kit::new().await, Kit::new().await);
        let root = handstamp_core::root_key::RootKey::from_bytes([8; 32]);
        let attempt = begun(&kit, AIMS[0], None);
        let foreign = root
            .seal_one_of_many(&super::purpose(&attempt.secrets.state), &attempt.write(), &*other.ctx.entropy)
            .unwrap();
        let foreign = base64_simd::URL_SAFE_NO_PAD.encode_to_string(foreign);

        let opened = Attempt::open(&kit.ctx, &attempt.secrets.state, &foreign, kit.clock.now());
        assert!(matches!(opened, Err(AttemptError::Garbled(Some(_)))));
    }

    #[test]
    fn what_is_cut_short_inside_is_no_attempt() {
        for length in 0..80 {
            assert_eq!(Attempt::read("s", &vec![1; length]), None, "{length}");
        }
    }
}
