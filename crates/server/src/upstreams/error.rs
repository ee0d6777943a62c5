use std::{sync::Arc, time::Duration};

use handstamp_token::{Rejection, SignError};
use handstamp_verify::{BuildError, IssuerKeysError};

use super::{discovery::DiscoveryError, http::HttpError, mapping::IdentityError};

/// What went wrong between an upstream and us. The log hears all of it; people hear which [`Fault`] it is.
#[derive(Debug, thiserror::Error)]
pub(crate) enum UpstreamError {
    #[error("its addresses cannot be found out")]
    Discovery(#[source] Arc<DiscoveryError>),
    #[error(
        "its answer says that it is {actual:?}, expected {expected:?}: perhaps an attempt to mix up two upstreams"
    )]
    OtherIssuer { expected: String, actual: String },
    #[error(
        "its answer does not say who it is, although it promises to: perhaps an attempt to mix up two upstreams"
    )]
    IssuerMissing,
    #[error("it refused: {error:?}{}", described(description.as_deref()))]
    Refused { error: String, description: Option<String> },
    #[error("its answer holds neither a code nor an error, or one of them twice")]
    NoCode,
    #[error("it does not take the code: {error:?}{}", described(description.as_deref()))]
    CodeRefused { error: String, description: Option<String> },
    #[error("the token endpoint cannot be asked")]
    TokenRequest(#[source] HttpError),
    #[error("the token endpoint's answer cannot be read: {problem}")]
    TokenAnswer { problem: String },
    #[error("the token endpoint's answer holds a token of the type {actual:?}, expected Bearer")]
    TokenType { actual: String },
    #[error("the assertion that proves who we are cannot be signed")]
    Assertion(#[source] SignError),
    #[error("the token endpoint's answer holds no ID token")]
    NoIdToken,
    #[error("the ID token was refused")]
    IdToken(#[source] Rejection),
    #[error("the keys that ID tokens are signed with cannot be fetched")]
    Keys { retry_after: Duration },
    #[error("the keys that ID tokens are signed with cannot be followed")]
    FollowKeys(#[source] BuildError),
    #[error("its userinfo endpoint cannot be asked")]
    Userinfo(#[source] HttpError),
    #[error("its userinfo endpoint does not answer with a JSON object")]
    UserinfoMalformed(#[source] serde_json::Error),
    /// Another person's answer in the place of the one we asked for
    /// ([OpenID Connect Core §5.3.2](https://openid.net/specs/openid-connect-core-1_0.html#UserInfoResponse)).
    #[error("its userinfo endpoint speaks of {actual:?}, and the ID token of {expected:?}")]
    OtherSubject { expected: String, actual: String },
    #[error("its introspection endpoint cannot be asked")]
    Introspection(#[source] HttpError),
    #[error("its introspection endpoint does not answer with a JSON object")]
    IntrospectionMalformed(#[source] serde_json::Error),
    #[error(
        "nothing tells to which of its clients it has issued a token: it has no introspection_endpoint, and its exchange is \"own_clients\""
    )]
    NoIntrospection,
    #[error(
        "it has neither an introspection_endpoint nor a userinfo_endpoint, so that nobody can say whose a token is"
    )]
    NobodyToAsk,
    #[error("it has issued the token to the client {actual:?}, which is not one of exchange_clients")]
    OtherClient { actual: String },
    #[error("it has issued the token to a client for itself: there is no person behind it")]
    NotAPersons,
    #[error("what it says of the person cannot be taken")]
    Identity(#[source] IdentityError),
    #[error("it took longer than a request here may take")]
    TooSlow,
}

/// Whose move it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// The person has said no, or did not finish there.
    Declined,
    /// It is away or overloaded: a later try may do.
    Away { retry_after: Duration },
    /// What it answers cannot be believed or understood. Somebody has to read the log.
    Untrusted,
}

/// When to come back to one that is away.
pub(crate) const RETRY: Duration = Duration::from_secs(10);

/// What an upstream answers when it was the person who did not go on (RFC 6749 §4.1.2.1, OpenID Connect Core §3.1.2.6).
const DECLINED: [&str; 5] = [
    "access_denied",
    "login_required",
    "consent_required",
    "interaction_required",
    "account_selection_required",
];

/// What an upstream answers when it cannot at the moment (RFC 6749 §4.1.2.1).
const PASSING: [&str; 2] = ["temporarily_unavailable", "server_error"];

impl UpstreamError {
    pub(crate) fn fault(&self) -> Fault {
        let away = Fault::Away { retry_after: RETRY };
        match self {
            Self::Refused { error, .. } if DECLINED.contains(&error.as_str()) => Fault::Declined,
            Self::Refused { error, .. } if PASSING.contains(&error.as_str()) => away,
            Self::Discovery(error) => match &**error {
                DiscoveryError::Http(error) if error.is_passing() => away,
                _ => Fault::Untrusted,
            },
            Self::TokenRequest(error) | Self::Userinfo(error) | Self::Introspection(error)
                if error.is_passing() =>
            {
                away
            }
            Self::Keys { retry_after } => Fault::Away { retry_after: *retry_after },
            Self::TooSlow => away,
            _ => Fault::Untrusted,
        }
    }

    /// Returns what the figures call it.
    pub(crate) fn outcome(&self) -> &'static str {
        match self.fault() {
            Fault::Declined => "declined",
            Fault::Away { .. } => "unavailable",
            Fault::Untrusted => match self {
                Self::OtherIssuer { .. } | Self::IssuerMissing => "issuer_rejected",
                Self::IdToken(_) | Self::NoIdToken => "id_token_rejected",
                Self::OtherSubject { .. } => "subject_rejected",
                Self::CodeRefused { .. } => "code_rejected",
                Self::OtherClient { .. } => "client_rejected",
                Self::NotAPersons | Self::Identity(_) => "identity_rejected",
                _ => "failed",
            },
        }
    }
}

impl From<Arc<DiscoveryError>> for UpstreamError {
    fn from(error: Arc<DiscoveryError>) -> Self {
        Self::Discovery(error)
    }
}

impl From<IssuerKeysError> for UpstreamError {
    fn from(error: IssuerKeysError) -> Self {
        match error {
            IssuerKeysError::Rejected(rejection) => Self::IdToken(rejection),
            IssuerKeysError::Unavailable { retry_after } => Self::Keys { retry_after },
            _ => Self::Keys { retry_after: RETRY },
        }
    }
}

fn described(description: Option<&str>) -> String {
    description.map(|text| format!(" ({text:?})")).unwrap_or_default()
}

/// Returns the start of a text that somebody else has written, for the log.
pub(super) fn excerpt(text: &str) -> String {
    text.chars().take(200).collect()
}
