//! Kinds of token that exclude each other (RFC 8725 §3.11 and §3.12).

use std::time::Duration;

use super::rules::Required;
use super::{Audience, Validator, ValidatorError};
use crate::algorithm::Algorithm;
use crate::rejection::Rejection;
use crate::text::Text;

#[derive(Clone, Debug)]
pub(super) enum Profile {
    AccessToken,
    IdToken { nonce: Option<String>, max_age: Option<Duration> },
    LogoutToken,
    ClientAssertion,
    StatusList { uri: String },
    Jwt,
    Typed(&'static str),
}

/// How long a logout token may live (OpenID Connect Back-Channel Logout §2.4).
const LOGOUT_LIFETIME: Duration = Duration::from_mins(2);

/// How far ahead a client assertion may expire. Until then its `jti` has to be remembered, and a stolen one could be raced.
pub(super) const ASSERTION_LIFETIME: Duration = Duration::from_mins(5);

impl Validator {
    /// A validator for OAuth access tokens ([RFC 9068]): `typ` is `at+jwt`, and `exp`, `iat`, `sub` and `jti` are required.
    ///
    /// `client_id`, which the profile asks issuers for, matters only to services that tell clients apart: those add
    /// `.require("client_id")`.
    ///
    /// [RFC 9068]: https://www.rfc-editor.org/rfc/rfc9068
    pub fn access_token(
        issuer: impl Into<String>,
        audience: impl Into<Audience>,
        algorithms: &[Algorithm],
    ) -> Result<Self, ValidatorError> {
        let validator = Self::build(Profile::AccessToken, issuer.into(), audience.into(), algorithms)?;
        Ok(validator.require("sub").require("iat").require("jti"))
    }

    /// A validator for OpenID Connect ID tokens ([Core §3.1.3.7]), where the audience is the client id.
    ///
    /// `typ` is `JWT` or absent, `exp`, `iat` and `sub` are required, and a token for several audiences must name the client
    /// in `azp`. Tell it the login's nonce with [`nonce`](Self::nonce).
    ///
    /// [Core §3.1.3.7]: https://openid.net/specs/openid-connect-core-1_0.html#IDTokenValidation
    pub fn id_token(
        issuer: impl Into<String>,
        client_id: impl Into<String>,
        algorithms: &[Algorithm],
    ) -> Result<Self, ValidatorError> {
        let profile = Profile::IdToken { nonce: None, max_age: None };
        let validator = Self::build(profile, issuer.into(), Audience::from(client_id.into()), algorithms)?;
        Ok(validator.require("sub").require("iat"))
    }

    /// A validator for [back-channel logout] tokens: `typ` is `logout+jwt`, `exp`, `iat`, `jti` and the logout event are
    /// required, `sub` or `sid` too, a `nonce` is refused, and the lifetime is at most two minutes.
    ///
    /// [back-channel logout]: https://openid.net/specs/openid-connect-backchannel-1_0.html#Validation
    pub fn logout_token(
        issuer: impl Into<String>,
        client_id: impl Into<String>,
        algorithms: &[Algorithm],
    ) -> Result<Self, ValidatorError> {
        let audience = Audience::from(client_id.into());
        let validator = Self::build(Profile::LogoutToken, issuer.into(), audience, algorithms)?;
        Ok(validator.require("iat").require("jti").require("events").max_lifetime(LOGOUT_LIFETIME))
    }

    /// A validator for the assertions with which an OAuth client authenticates ([RFC 7523 §3], `private_key_jwt`): `iss` and
    /// `sub` are the client's id, `exp` and `jti` are required, and `exp` lies at most five minutes ahead.
    ///
    /// `typ` is `client-authentication+jwt`, `JWT` or absent. Give it the client's own keys alone, and see to it that no
    /// `jti` is taken twice.
    ///
    /// [RFC 7523 §3]: https://www.rfc-editor.org/rfc/rfc7523#section-3
    pub fn client_assertion(
        client_id: impl Into<String>,
        audience: impl Into<Audience>,
        algorithms: &[Algorithm],
    ) -> Result<Self, ValidatorError> {
        let validator = Self::build(Profile::ClientAssertion, client_id.into(), audience.into(), algorithms)?;
        Ok(validator.require("sub").require("jti"))
    }

    /// A validator for status list tokens (Token Status List §5.1): `typ` is `statuslist+jwt`, `sub` is the address the
    /// list was fetched from, `iat` and `status_list` are required, `aud` plays no part and `exp` is optional.
    pub fn status_list(
        issuer: impl Into<String>,
        uri: impl Into<String>,
        algorithms: &[Algorithm],
    ) -> Result<Self, ValidatorError> {
        let uri = uri.into();
        // The address takes the audience's place: it is what binds the token to this use.
        let audience = Audience::from(uri.clone());
        let mut validator = Self::build(Profile::StatusList { uri }, issuer.into(), audience, algorithms)?;
        validator.audiences.clear();
        validator.required.clear();
        Ok(validator.require("sub").require("iat").require("status_list"))
    }

    /// A validator for plain JWTs of an issuer that has no kinds: `typ` is `JWT` or absent, `exp` is required.
    ///
    /// For tokens of our own making [`typed`](Self::typed) is better: it cannot be mistaken for anything else.
    pub fn jwt(
        issuer: impl Into<String>,
        audience: impl Into<Audience>,
        algorithms: &[Algorithm],
    ) -> Result<Self, ValidatorError> {
        Self::build(Profile::Jwt, issuer.into(), audience.into(), algorithms)
    }

    /// A validator for a kind of token with a `typ` of its own, such as `example-invite+jwt`. `exp` is required.
    pub fn typed(
        typ: &'static str,
        issuer: impl Into<String>,
        audience: impl Into<Audience>,
        algorithms: &[Algorithm],
    ) -> Result<Self, ValidatorError> {
        if typ.is_empty() || typ.eq_ignore_ascii_case("jwt") || typ.eq_ignore_ascii_case("at+jwt") {
            return Err(ValidatorError::IndistinctType { typ: typ.to_owned() });
        }
        Self::build(Profile::Typed(typ), issuer.into(), audience.into(), algorithms)
    }

    /// Sets the `nonce` an ID token must repeat: the one of this very login. No effect on other kinds.
    #[must_use]
    pub fn nonce(mut self, expected: impl Into<String>) -> Self {
        if let Profile::IdToken { nonce, .. } = &mut self.profile {
            *nonce = Some(expected.into());
        }
        self
    }

    /// Refuses ID tokens whose `auth_time`, then required, is older than this. No effect on other kinds.
    #[must_use]
    pub fn max_age(mut self, limit: Duration) -> Self {
        if let Profile::IdToken { max_age, .. } = &mut self.profile {
            *max_age = Some(limit);
        }
        self
    }

    fn build(
        profile: Profile,
        issuer: String,
        audience: Audience,
        algorithms: &[Algorithm],
    ) -> Result<Self, ValidatorError> {
        if issuer.is_empty() {
            return Err(ValidatorError::NoIssuer);
        }
        let audiences = audience.into_list();
        if audiences.is_empty() || audiences.iter().any(String::is_empty) {
            return Err(ValidatorError::NoAudience);
        }
        let symmetric = algorithms.iter().filter(|algorithm| algorithm.is_symmetric()).count();
        if algorithms.is_empty() {
            return Err(ValidatorError::NoAlgorithm);
        }
        if symmetric > 0 && symmetric < algorithms.len() {
            return Err(ValidatorError::MixedAlgorithms);
        }
        Ok(Self {
            profile,
            issuer,
            audiences,
            algorithms: algorithms.to_vec(),
            leeway: Self::DEFAULT_LEEWAY,
            max_lifetime: None,
            required: vec![Required::Exp],
            others: Vec::new(),
        })
    }
}

impl Profile {
    /// Checks `typ`, whose media type prefix may be left out and whose case does not matter (RFC 7515 §4.1.9).
    pub(super) fn check_typ(&self, actual: Option<&Text>) -> Result<(), Rejection> {
        let expected = match self {
            Self::AccessToken => "at+jwt",
            Self::IdToken { .. } | Self::Jwt => "JWT",
            Self::LogoutToken => "logout+jwt",
            Self::ClientAssertion => "client-authentication+jwt",
            Self::StatusList { .. } => "statuslist+jwt",
            Self::Typed(typ) => typ,
        };
        // What nearly every token has.
        if actual.is_some_and(|typ| typ.as_bytes() == expected.as_bytes()) {
            return Ok(());
        }
        let actual = actual.map(Text::as_str);
        // Most libraries for clients write `JWT`, or nothing.
        if matches!(self, Self::ClientAssertion) && actual.is_none_or(|typ| without_prefix(typ) == "JWT") {
            return Ok(());
        }
        let fits = match actual {
            Some(typ) => without_prefix(typ).eq_ignore_ascii_case(expected),
            None => matches!(self, Self::IdToken { .. } | Self::Jwt),
        };
        if fits { Ok(()) } else { Err(Rejection::WrongType { expected, actual: actual.map(str::to_owned) }) }
    }
}

fn without_prefix(typ: &str) -> &str {
    match typ.split_at_checked("application/".len()) {
        Some((prefix, rest)) if prefix.eq_ignore_ascii_case("application/") => rest,
        _ => typ,
    }
}
