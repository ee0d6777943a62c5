use std::time::Duration;

use axum::{
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse as _, Response},
};
use handstamp_core::flows::upstream::{LinkError, UpstreamSignInError};

use crate::{
    AppState, layers,
    pages::{ReturnTo, UpstreamFailure, UpstreamProblem},
    problem::{ApiError, Chain, whole_seconds},
    rate_limit::Refused,
    upstreams::{AttemptError, Fault, Upstream, UpstreamError},
};

/// A way to an upstream and back.
pub(super) struct Trip<'a> {
    pub(super) upstream: &'a Upstream,
    pub(super) return_to: Option<&'a ReturnTo>,
    pub(super) linking: bool,
}

/// Why it led nowhere. People get a page, the log gets the cause, and the figures get a word.
pub(super) enum Failed {
    Attempt(AttemptError),
    Upstream(UpstreamError),
    SignIn(UpstreamSignInError),
    Link(LinkError),
    /// They went to link an account, and are not in that session any more.
    SignedOut,
    /// They want to link an account, and signed in too long ago.
    SignInAgain,
    RateLimited(Refused),
}

/// Waits for an upstream, for as long as leaves time to say that it does not answer: several questions may have to be asked.
pub(super) async fn in_time<T>(
    state: &AppState,
    work: impl Future<Output = Result<T, UpstreamError>>,
) -> Result<T, UpstreamError> {
    tokio::time::timeout(patience(state), work).await.unwrap_or(Err(UpstreamError::TooSlow))
}

/// Returns how long a request may wait for an upstream.
pub(super) fn patience(state: &AppState) -> Duration {
    state.config().server.request_timeout.mul_f32(0.8)
}

impl Failed {
    /// Answers with a page on which people can start again.
    pub(super) fn reply(self, state: &AppState, headers: &HeaderMap, trip: &Trip<'_>) -> Response {
        self.note(state, trip);
        let why = match self.problem() {
            Ok(why) => why,
            // Ours to mend. The layers show a page for it as for every failure.
            Err(failed) => return ApiError::from(failed).into_response(),
        };
        let page = state.pages().view(headers).upstream_failure(&UpstreamFailure {
            why,
            name: trip.upstream.name().as_str(),
            label: trip.upstream.label(),
            return_to: trip.return_to,
            linking: trip.linking,
            id: layers::id_of(headers),
        });
        let mut reply = (status(why), page).into_response();
        if let Some(wait) = wait(why) {
            reply.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(whole_seconds(wait)));
        }
        reply
    }

    fn note(&self, state: &AppState, trip: &Trip<'_>) {
        let (upstream, outcome) = (trip.upstream.name().as_str(), self.outcome());
        state.metrics().events.upstream_sign_in(upstream, outcome);
        let cause = match self {
            Self::Attempt(error) => Chain(error).to_string(),
            Self::Upstream(error) => Chain(error).to_string(),
            Self::SignIn(error) => Chain(error).to_string(),
            Self::Link(error) => Chain(error).to_string(),
            Self::SignedOut => "the user has signed out meanwhile, or is another one".to_owned(),
            Self::SignInAgain => "the user signed in too long ago".to_owned(),
            Self::RateLimited(refused) => format!("too many attempts: {}", refused.limit.as_str()),
        };
        let message = if trip.linking {
            "an account was not linked"
        } else {
            "nobody was signed in through an upstream"
        };
        // Everybody can make up what comes back with a browser; what somebody has to look at is what the upstream itself says.
        if matches!(self, Self::Upstream(error) if error.fault() != Fault::Declined) {
            tracing::warn!(upstream, outcome, cause, "{message}");
        } else {
            tracing::info!(upstream, outcome, cause, "{message}");
        }
    }

    /// Returns what people may know, or what is ours.
    fn problem(self) -> Result<UpstreamProblem, UpstreamSignInError> {
        use UpstreamProblem as Problem;
        Ok(match self {
            Self::Attempt(_) => Problem::AttemptOver,
            Self::Upstream(error) => Problem::Fault(error.fault()),
            Self::SignedOut => Problem::SignedOut,
            Self::SignInAgain => Problem::SignInAgain,
            Self::RateLimited(refused) => Problem::RateLimited(refused.wait),
            Self::SignIn(error) => match error {
                UpstreamSignInError::AlreadyUsed => Problem::AttemptOver,
                UpstreamSignInError::NotLinked => Problem::NoAccount,
                UpstreamSignInError::EmailTaken => Problem::EmailTaken,
                UpstreamSignInError::UsernameTaken | UpstreamSignInError::UnknownOrganization { .. } => {
                    Problem::Fault(Fault::Untrusted)
                }
                UpstreamSignInError::AccountDisabled | UpstreamSignInError::OrganizationSuspended => {
                    Problem::Disabled
                }
                ours => return Err(ours),
            },
            Self::Link(error) => match error {
                LinkError::AlreadyUsed => Problem::AttemptOver,
                LinkError::SessionEnded => Problem::SignedOut,
                LinkError::SignInAgain => Problem::SignInAgain,
                LinkError::SomebodyElse | LinkError::LinkedOtherwise => Problem::LinkedOtherwise,
                LinkError::AccountDisabled | LinkError::OrganizationSuspended => Problem::Disabled,
                LinkError::Store(error) => return Err(error.into()),
                LinkError::UnknownUpstream { upstream } => {
                    return Err(UpstreamSignInError::UnknownUpstream { upstream });
                }
                _ => Problem::Fault(Fault::Untrusted),
            },
        })
    }

    fn outcome(&self) -> &'static str {
        match self {
            Self::Attempt(error) => error.outcome(),
            Self::Upstream(error) => error.outcome(),
            Self::SignedOut => "signed_out",
            Self::SignInAgain | Self::Link(LinkError::SignInAgain) => "sign_in_again",
            Self::RateLimited(_) => "rate_limited",
            Self::SignIn(error) => outcome_of(error),
            Self::Link(LinkError::AlreadyUsed) => "attempt_used",
            Self::Link(LinkError::AccountDisabled | LinkError::OrganizationSuspended) => "account_disabled",
            Self::Link(LinkError::SomebodyElse | LinkError::LinkedOtherwise) => "linked_otherwise",
            Self::Link(_) => "failed",
        }
    }
}

/// Returns what the figures call a sign-in that the rules refuse.
pub(super) fn outcome_of(error: &UpstreamSignInError) -> &'static str {
    match error {
        UpstreamSignInError::AlreadyUsed => "attempt_used",
        UpstreamSignInError::NotLinked => "no_account",
        UpstreamSignInError::EmailTaken => "email_taken",
        UpstreamSignInError::UsernameTaken | UpstreamSignInError::UnknownOrganization { .. } => {
            "identity_rejected"
        }
        UpstreamSignInError::AccountDisabled | UpstreamSignInError::OrganizationSuspended => {
            "account_disabled"
        }
        _ => "failed",
    }
}

fn status(why: UpstreamProblem) -> StatusCode {
    match why {
        // Not 502: proxies in front take that for a replica that is ill, and try the next one with a code that is used up.
        UpstreamProblem::AttemptOver | UpstreamProblem::Fault(Fault::Declined | Fault::Untrusted) => {
            StatusCode::BAD_REQUEST
        }
        UpstreamProblem::Fault(Fault::Away { .. }) => StatusCode::SERVICE_UNAVAILABLE,
        UpstreamProblem::NoAccount
        | UpstreamProblem::EmailTaken
        | UpstreamProblem::Disabled
        | UpstreamProblem::SignedOut
        | UpstreamProblem::SignInAgain => StatusCode::FORBIDDEN,
        UpstreamProblem::LinkedOtherwise => StatusCode::CONFLICT,
        UpstreamProblem::RateLimited(_) => StatusCode::TOO_MANY_REQUESTS,
    }
}

fn wait(why: UpstreamProblem) -> Option<Duration> {
    match why {
        UpstreamProblem::Fault(Fault::Away { retry_after: wait }) | UpstreamProblem::RateLimited(wait) => {
            Some(wait)
        }
        _ => None,
    }
}

impl From<UpstreamError> for Failed {
    fn from(error: UpstreamError) -> Self {
        Self::Upstream(error)
    }
}

impl From<UpstreamSignInError> for Failed {
    fn from(error: UpstreamSignInError) -> Self {
        Self::SignIn(error)
    }
}

impl From<LinkError> for Failed {
    fn from(error: LinkError) -> Self {
        Self::Link(error)
    }
}
