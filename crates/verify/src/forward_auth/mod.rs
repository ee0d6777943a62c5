//! Forward-auth: a proxy asks before it passes a request on, and copies our headers into it.
//!
//! What nginx calls `auth_request`, Caddy `forward_auth` and Traefik `forwardAuth`. One implementation, behind `/auth/check`
//! of the auth service and of the gateway alike.
//!
//! ```
//! use bytes::Bytes;
//! use handstamp_verify::{Verifier, forward_auth::ForwardAuth};
//! use http::{Request, Response};
//!
//! async fn check(verifier: Verifier, request: Request<()>) -> Response<Bytes> {
//!     match ForwardAuth::new(verifier).check(&request.into_parts().0).await {
//!         Ok(passed) => passed.response(),
//!         Err(refusal) => refusal.response(),
//!     }
//! }
//! ```

mod demands;
mod original;
mod passed;
mod refusal;

use handstamp_api_types::ErrorCode;
use http::Method;
use http::request::Parts;

use crate::csrf::CsrfRejection;
use crate::{AuthError, Credential, Principal, Verifier, access, csrf, layer};

use demands::Demands;

pub use passed::Passed;
pub use refusal::Refusal;

/// Answers proxies that ask whether a request may pass.
#[derive(Debug, Clone)]
pub struct ForwardAuth {
    verifier: Verifier,
}

impl ForwardAuth {
    /// Returns the checks of requests that carry this verifier's tokens.
    pub fn new(verifier: Verifier) -> Self {
        Self { verifier }
    }

    /// Decides about the request that a proxy asks about: `parts` are the proxy's own request, with the headers of the other one.
    ///
    /// The query says what the route demands: `role=`, `org=`, each as often as needed, and all of them are.
    pub async fn check(&self, parts: &Parts) -> Result<Passed, Refusal> {
        let checked = self.judge(parts).await;
        if let Err(Refusal::Auth(error)) = &checked {
            layer::log(error, parts);
        }
        checked
    }

    async fn judge(&self, parts: &Parts) -> Result<Passed, Refusal> {
        let caller = self.verifier.identify(parts).await?;
        access::signed_in().judge(caller.as_ref(), self.verifier.now())?;
        let principal = caller.ok_or(AuthError::Missing)?;
        self.check_origin(parts, &principal)?;
        Demands::read(parts.uri.query().unwrap_or_default())?.judge(&principal)?;
        let token = passed::token(principal.credential(), &parts.headers, self.verifier.cookie_name());
        Ok(Passed::new(principal, token))
    }

    /// With a cookie, it is the method of the request behind that decides whether its origin matters.
    fn check_origin(&self, parts: &Parts, principal: &Principal) -> Result<(), Refusal> {
        if principal.credential() != Credential::Cookie {
            return Ok(());
        }
        let method = original::method(&parts.headers)?;
        // Not knowing it is no reason to believe that it was harmless.
        let judged_as = method.as_ref().unwrap_or(&Method::POST);
        match csrf::decide(judged_as, &parts.headers, self.verifier.allowed_origins()) {
            Ok(()) => Ok(()),
            // No browser has sent it: browsers name the origin of every unsafe request that comes from elsewhere.
            Err(CsrfRejection::MissingHeader) if method.is_none() => Ok(()),
            Err(_) if method.is_none() => Err(Refusal::detailed(ErrorCode::CsrfRejected, METHOD_MISSING)),
            Err(rejection) => Err(AuthError::from(rejection).into()),
        }
    }
}

const METHOD_MISSING: &str = "The proxy did not say which method the original request had, so that it counts as unsafe. Send \
     X-Original-Method or X-Forwarded-Method.";
