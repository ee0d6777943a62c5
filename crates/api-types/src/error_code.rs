use serde::{Deserialize, Serialize};

macro_rules! error_codes {
    ($($(#[$doc:meta])* $variant:ident = $code:literal, $status:literal, $title:literal;)+) => {
        /// A stable `code`: the one thing clients branch on.
        ///
        /// One table gives each code its HTTP status and its title, for every Handstamp service alike.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
        #[non_exhaustive]
        pub enum ErrorCode {
            $($(#[$doc])* #[serde(rename = $code)] $variant,)+
        }

        impl ErrorCode {
            /// Every code, in the order of the reference page.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// Returns the code as it stands in `Problem::code`.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $code,)+ }
            }

            /// Returns the HTTP status that always goes with the code.
            pub const fn status(self) -> u16 {
                match self { $(Self::$variant => $status,)+ }
            }

            /// Returns one short sentence for people, the same for every occurrence (RFC 9457 §3.1.3).
            pub const fn title(self) -> &'static str {
                match self { $(Self::$variant => $title,)+ }
            }
        }
    };
}

error_codes! {
    /// User name or password is wrong. Says the same for an unknown user.
    InvalidCredentials = "invalid_credentials", 401, "The user name or password is not right.";
    /// Too many attempts; `Retry-After` says when to come back.
    RateLimited = "rate_limited", 429, "Too many attempts. Wait a moment and try again.";
    /// The password was right, the account is disabled.
    AccountDisabled = "account_disabled", 403, "This account is disabled.";
    /// An upstream knows the person, and nobody here is linked to them.
    NoAccount = "no_account", 403, "You have no account here.";
    /// No credentials were sent.
    TokenMissing = "token_missing", 401, "No credentials were sent.";
    /// What was sent is not a token.
    TokenMalformed = "token_malformed", 401, "What was sent is not a token.";
    /// The token's time is over: refresh and repeat.
    TokenExpired = "token_expired", 401, "The token has expired.";
    /// The token was taken back.
    TokenRevoked = "token_revoked", 401, "The token was revoked.";
    /// Roles or organisation changed since the token was issued: refresh and repeat.
    TokenStale = "token_stale", 401, "Roles or organisation changed since this token was issued.";
    /// The token is well-formed and not acceptable here.
    TokenInvalid = "token_invalid", 401, "The token is not valid here.";
    /// The session is over: sign in again.
    SessionEnded = "session_ended", 401, "The session has ended. Sign in again.";
    /// An unsafe request came from where it must not come.
    CsrfRejected = "csrf_rejected", 403, "The request did not come from an allowed origin.";
    /// A role is missing.
    RoleRequired = "role_required", 403, "A role is missing for this.";
    /// A scope is missing.
    ScopeRequired = "scope_required", 403, "A scope is missing for this.";
    /// The route is for people and a machine called with a token of its own, or the other way round.
    CallerMismatch = "caller_mismatch", 403, "This is for another kind of caller.";
    /// The data belongs to another organisation.
    OrgMismatch = "org_mismatch", 403, "This belongs to another organisation.";
    /// A fresher or stronger sign-in is needed.
    StepUpRequired = "step_up_required", 403, "Sign in again to do this.";
    /// The route declares no access rule, so it is closed.
    NotDeclared = "not_declared", 403, "This route does not say who may use it, so nobody may.";
    /// The request itself is wrong; `errors` says where.
    ValidationFailed = "validation_failed", 422, "The request is not valid.";
    /// The body is not JSON, or not UTF-8.
    BodyMalformed = "body_malformed", 400, "The body could not be read.";
    /// The body is larger than the endpoint takes.
    BodyTooLarge = "body_too_large", 413, "The body is too large.";
    /// The body has another type than the endpoint takes.
    UnsupportedMediaType = "unsupported_media_type", 415, "Send the body as application/json.";
    /// There is nothing at this address, or nothing you may see.
    NotFound = "not_found", 404, "There is nothing here.";
    /// The address exists, the method does not.
    MethodNotAllowed = "method_not_allowed", 405, "This method is not allowed here.";
    /// The answer has none of the types that `Accept` takes.
    NotAcceptable = "not_acceptable", 406, "There is no answer of a type that would be accepted.";
    /// What was asked for clashes with what is there.
    Conflict = "conflict", 409, "This clashes with what is already there.";
    /// The request asks for an optional feature that is not there.
    NotImplemented = "not_implemented", 501, "This service does not have that feature.";
    /// The request is for another host than this service answers for.
    Misdirected = "misdirected", 421, "This is not the address of this service.";
    /// The service behind the gateway broke off, or made no sense. It may have done what was asked.
    ServiceFailed = "service_failed", 502, "The service behind did not answer properly.";
    /// The service behind the gateway took too long. It may have done what was asked.
    ServiceTimeout = "service_timeout", 504, "The service behind took too long to answer.";
    /// A part that is needed is away; `Retry-After` says when to come back. Nothing is lost.
    Unavailable = "unavailable", 503, "The service cannot answer just now. Try again.";
    /// A fault of ours. The log has the cause under the request id.
    Internal = "internal", 500, "Something went wrong on our side.";
}

impl std::fmt::Display for ErrorCode {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::ErrorCode;

    #[test]
    fn codes_travel_as_their_names() {
        for code in ErrorCode::ALL {
            let json = serde_json::to_value(code).unwrap();

            assert_eq!(json, code.as_str());
            assert_eq!(serde_json::from_value::<ErrorCode>(json).unwrap(), *code);
        }
    }

    #[test]
    fn no_code_stands_twice() {
        let mut names: Vec<_> = ErrorCode::ALL.iter().map(|c| c.as_str()).collect();
        names.sort_unstable();
        names.dedup();

        assert_eq!(names.len(), ErrorCode::ALL.len());
    }
}
