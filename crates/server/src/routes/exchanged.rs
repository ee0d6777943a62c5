use handstamp_api_types::{ErrorCode, OAuthErrorCode};
use handstamp_core::flows::{
    Issued,
    upstream::{UpstreamIdentity, UpstreamSignIn, UpstreamSignInError, sign_in_through_upstream},
};

use super::upstream_failed::in_time;
use crate::{
    AppState,
    config::Exchange,
    layers::ClientAddress,
    problem::{ApiError, Chain, OAuthRefusal},
    rate_limit::Refused,
    upstreams::{Fault, RETRY, Upstream, UpstreamError},
};

/// Far longer than any token that fits into a cookie.
const LONGEST_TOKEN: usize = 8 * 1024;

/// A token of an upstream's that somebody wants a session for, and where it came from.
#[derive(Clone, Copy)]
pub(super) struct Exchanging<'a> {
    pub(super) state: &'a AppState,
    pub(super) upstream: &'a Upstream,
    pub(super) token: &'a str,
    pub(super) address: ClientAddress,
    pub(super) by: By,
}

/// Who brings a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum By {
    /// Anybody: what is refused counts against the address, as codes do.
    Anybody,
    /// A client that has proved who it is. It passes on what its users send, good or bad: were that counted against its address, one of
    /// them could lock out all the others.
    Client,
}

/// Why a token of an upstream's became nothing here. Clients hear what they can do about it, the log hears the cause.
pub(super) enum NotExchanged {
    /// The configuration does not say that tokens of this upstream are taken.
    Off,
    /// It cannot be a token.
    Malformed,
    /// The upstream says that it is not good.
    Dead,
    Upstream(UpstreamError),
    SignIn(UpstreamSignInError),
    RateLimited(Refused),
}

impl Exchanging<'_> {
    /// Finds out who holds the token.
    pub(super) async fn holder(&self) -> Result<UpstreamIdentity, NotExchanged> {
        let (state, now) = (self.state, self.state.now());
        if self.upstream.exchange() == Exchange::Never {
            return Err(NotExchanged::Off);
        }
        let is_token = |byte: u8| byte.is_ascii_graphic();
        if !(1..=LONGEST_TOKEN).contains(&self.token.len()) || !self.token.bytes().all(is_token) {
            return Err(NotExchanged::Malformed);
        }
        let attempt = match self.by {
            By::Anybody => Some(state.limits().attempt_from(self.address.ip, now).await),
            By::Client => None,
        };
        let attempt = attempt.transpose().map_err(NotExchanged::RateLimited)?;
        let holder = in_time(state, self.upstream.holder(self.token, now)).await;
        let counts = match &holder {
            Ok(holder) => holder.is_none(),
            Err(error) => error.fault() == Fault::Untrusted,
        };
        if let Some(attempt) = attempt.filter(|_| !counts) {
            state.limits().forget(&attempt, now).await;
        }
        holder?.ok_or(NotExchanged::Dead)
    }

    /// Begins a session for the holder of the token.
    pub(super) async fn begin(
        &self,
        identity: UpstreamIdentity,
        device: String,
    ) -> Result<Issued, NotExchanged> {
        let command = UpstreamSignIn { identity, attempt: None, device, address: self.address.ip };
        let issued = sign_in_through_upstream(self.state.core(), command, self.state.now()).await?;
        self.count("exchanged");
        Ok(issued)
    }

    /// Answers that there is no session.
    pub(super) fn refusal(&self, why: NotExchanged) -> ApiError {
        self.note(&why);
        match why {
            NotExchanged::Off => ApiError::new(ErrorCode::NotFound)
                .detail("Tokens of this upstream are not exchanged: its `exchange` is \"never\"."),
            NotExchanged::Malformed => ApiError::new(ErrorCode::TokenMalformed),
            NotExchanged::Dead => {
                ApiError::new(ErrorCode::TokenInvalid).detail("The upstream says that the token is not good.")
            }
            NotExchanged::RateLimited(refused) => self.state.rate_limited(refused),
            NotExchanged::Upstream(error) => of_upstream(&error),
            NotExchanged::SignIn(error) => of_sign_in(error),
        }
    }

    /// Says the same to a client that speaks OAuth. What is wrong with a subject token is `invalid_request`
    /// ([RFC 8693 §2.2.2](https://www.rfc-editor.org/rfc/rfc8693#section-2.2.2)).
    pub(super) fn oauth_refusal(&self, why: NotExchanged) -> OAuthRefusal {
        let refusal = self.refusal(why);
        match refusal.code() {
            ErrorCode::Unavailable | ErrorCode::Internal | ErrorCode::RateLimited => {
                OAuthRefusal::Ours(refusal)
            }
            code => {
                let problem = refusal.into_problem();
                let description = problem.detail.unwrap_or_else(|| code.title().to_owned());
                OAuthRefusal::new(OAuthErrorCode::InvalidRequest, description)
            }
        }
    }

    fn note(&self, why: &NotExchanged) {
        let (upstream, outcome) = (self.upstream.name().as_str(), why.outcome());
        self.count(outcome);
        let message = "a token of an upstream was not exchanged";
        match why {
            NotExchanged::Upstream(error) => {
                tracing::warn!(upstream, outcome, cause = %Chain(error), "{message}");
            }
            NotExchanged::SignIn(error) => {
                tracing::info!(upstream, outcome, cause = %Chain(error), "{message}");
            }
            _ => tracing::info!(upstream, outcome, "{message}"),
        }
    }

    fn count(&self, outcome: &'static str) {
        self.state.metrics().events.upstream_sign_in(self.upstream.name().as_str(), outcome);
    }
}

impl NotExchanged {
    fn outcome(&self) -> &'static str {
        match self {
            Self::Off => "exchange_off",
            Self::Malformed | Self::Dead => "token_rejected",
            Self::RateLimited(_) => "rate_limited",
            Self::Upstream(error) => error.outcome(),
            Self::SignIn(error) => super::upstream_failed::outcome_of(error),
        }
    }
}

/// What is the token's fault is told from what somebody here or there has to mend.
fn of_upstream(error: &UpstreamError) -> ApiError {
    let invalid = |detail: &str| ApiError::new(ErrorCode::TokenInvalid).detail(detail);
    match (error, error.fault()) {
        (UpstreamError::OtherClient { .. }, _) => {
            invalid("The token was issued to an application whose tokens are not taken here.")
        }
        (UpstreamError::NotAPersons, _) => invalid("The token was issued to an application for itself."),
        (UpstreamError::OtherIssuer { .. }, _) => invalid("The token is not of this upstream."),
        (UpstreamError::Identity(_) | UpstreamError::OtherSubject { .. }, _) => {
            invalid("What the upstream says of the token's holder cannot be taken.")
        }
        (_, Fault::Away { retry_after }) => ApiError::new(ErrorCode::Unavailable).retry_after(retry_after),
        _ => ApiError::new(ErrorCode::Unavailable)
            .detail("The upstream cannot be asked about tokens. The log has the cause.")
            .retry_after(RETRY),
    }
}

fn of_sign_in(error: UpstreamSignInError) -> ApiError {
    match error {
        UpstreamSignInError::NotLinked => ApiError::new(ErrorCode::NoAccount),
        UpstreamSignInError::EmailTaken => ApiError::new(ErrorCode::Conflict)
            .detail("An account has the address. Its owner can connect it while signed in."),
        UpstreamSignInError::AccountDisabled => ApiError::new(ErrorCode::AccountDisabled),
        UpstreamSignInError::OrganizationSuspended => {
            ApiError::new(ErrorCode::AccountDisabled).detail("The organisation is suspended.")
        }
        UpstreamSignInError::UsernameTaken | UpstreamSignInError::UnknownOrganization { .. } => {
            ApiError::new(ErrorCode::Conflict)
                .detail("What the upstream says of the token's holder does not fit what is here.")
        }
        error => error.into(),
    }
}

impl From<UpstreamError> for NotExchanged {
    fn from(error: UpstreamError) -> Self {
        Self::Upstream(error)
    }
}

impl From<UpstreamSignInError> for NotExchanged {
    fn from(error: UpstreamSignInError) -> Self {
        Self::SignIn(error)
    }
}
