/// What may be used once alone. Ids of different purposes never meet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum OneTimePurpose {
    /// A client's assertion ([RFC 7523 §3](https://www.rfc-editor.org/rfc/rfc7523#section-3), `jti`).
    ClientAssertion,
    /// A sign-in through an upstream that was begun here.
    SignInAttempt,
    /// An upstream's logout token
    /// ([OpenID Connect Back-Channel Logout §2.4](https://openid.net/specs/openid-connect-backchannel-1_0.html#LogoutToken), `jti`).
    LogoutToken,
    /// A code that carries a sign-in to another site.
    CarryCode,
}

impl OneTimePurpose {
    /// Every purpose.
    pub const ALL: &'static [Self] =
        &[Self::ClientAssertion, Self::SignInAttempt, Self::LogoutToken, Self::CarryCode];

    /// Returns the purpose's stable name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ClientAssertion => "client_assertion",
            Self::SignInAttempt => "sign_in_attempt",
            Self::LogoutToken => "logout_token",
            Self::CarryCode => "carry_code",
        }
    }

    /// Returns the purpose with this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|purpose| purpose.as_str() == name)
    }
}
