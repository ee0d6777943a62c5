//! Forward-auth: a proxy asks before it passes a request on.
//!
//! What nginx calls `auth_request`, Caddy `forward_auth`, Traefik `forwardAuth` and Envoy `ext_authz`. One implementation, behind
//! `/auth/check` of the auth service and of the gateway alike: who calls, from where, and what the route demands of them.
//!
//! Whoever passes does so with headers that say who they are; the proxy copies them over whatever the client has sent. Whoever
//! does not is told in the way that suits them: programs get a problem, scripts of other origins of ours one that their
//! browser lets them read, and people on their way to a page are sent to sign in.
//!
//! ```
//! use bytes::Bytes;
//! use handstamp_verify::{Verifier, forward_auth::{ForwardAuth, Question}};
//! use http::{Request, Response};
//!
//! async fn check(verifier: Verifier, request: Request<()>) -> Response<Bytes> {
//!     let forward_auth = ForwardAuth::new(verifier).sign_in_page("https://app.example/auth/sign-in", None);
//!     let (parts, ()) = request.into_parts();
//!     match forward_auth.check(&Question::of_proxy(&parts)).await {
//!         Ok(passed) => passed.response(),
//!         Err(refused) => refused.response(),
//!     }
//! }
//! ```

mod demands;
#[cfg(feature = "ext-authz")]
pub mod ext_authz;
mod org_path;
mod original;
mod passed;
mod question;
mod refused;
mod sign_in;

use std::future::Future;

use handstamp_api_types::ErrorCode;
use http::{HeaderMap, HeaderValue, Method, header};

use crate::csrf::{AllowedOrigins, CsrfRejection};
use crate::{AuthError, Credential, Principal, Verifier, access, csrf, layer};

use original::Reply;
use sign_in::SignInPage;

pub use passed::{Passed, identify};
pub use question::{ENVOY_PREFIX, Question};
pub use refused::{Refusal, Refused};

/// Answers proxies that ask whether a request may pass.
#[derive(Debug, Clone)]
pub struct ForwardAuth {
    verifier: Verifier,
    sign_in: Option<SignInPage>,
}

/// Whoever answers such questions: [`ForwardAuth`], or a service that looks at more than the token.
pub trait Check: Clone + Send + Sync + 'static {
    /// Decides about the request that a proxy asks about.
    fn check(&self, question: &Question<'_>) -> impl Future<Output = Result<Passed, Refused>> + Send;
}

impl Check for ForwardAuth {
    async fn check(&self, question: &Question<'_>) -> Result<Passed, Refused> {
        Self::check(self, question).await
    }
}

impl ForwardAuth {
    /// Returns the checks of requests that carry this verifier's tokens. Its allowed origins are those whose scripts may read
    /// a refusal, and to which people come back from the sign-in page.
    pub fn new(verifier: Verifier) -> Self {
        Self { verifier, sign_in: None }
    }

    /// Sends people on their way to a page to this one, an absolute address, where they have to sign in.
    ///
    /// With `cookie_domain` the cookie that is set there reaches every host of that domain, without it only the page's own host.
    /// People on their way to another host are not sent: they would come back without a cookie, for ever.
    #[must_use]
    pub fn sign_in_page(mut self, page: &str, cookie_domain: Option<&str>) -> Self {
        self.sign_in = Some(SignInPage::new(page, cookie_domain));
        self
    }

    /// Decides about the request that a proxy asks about.
    pub async fn check(&self, question: &Question<'_>) -> Result<Passed, Refused> {
        self.judge(question).await.map_err(|refusal| self.refuse(question, refusal))
    }

    /// Refuses a request in the way that suits whoever has sent it.
    pub fn refuse(&self, question: &Question<'_>, refusal: Refusal) -> Refused {
        if let Refusal::Auth(error) = &refusal {
            layer::log(error, question.method_for_logs(), question.path_for_logs());
        }
        let mut refused = Refused::new(refusal);
        share(&mut refused.headers, question.headers, self.verifier.allowed_origins());
        if let Some(sign_in) = &self.sign_in
            && refused.needs_sign_in()
            && question.is_navigation()
        {
            match (sign_in.address_for(question, self.verifier.allowed_origins()), question.reply) {
                (Ok(address), Reply::ToBrowser) => refused.redirect_to(&address),
                (Ok(address), Reply::ToProxy) => refused.offer(&address),
                (Err(out_of_reach), _) => refused.detail = Some(out_of_reach.to_string()),
            }
        }
        refused
    }

    async fn judge(&self, question: &Question<'_>) -> Result<Passed, Refusal> {
        let demands = question.demands.as_ref().map_err(Clone::clone);
        if demands.as_ref().is_ok_and(|demands| demands.lets_preflights_pass())
            && question.is_preflight(self.verifier.allowed_origins())
        {
            return Ok(Passed::as_nobody());
        }
        let caller = self.verifier.identify(question.headers, question.query).await?;
        access::signed_in().judge(caller.as_ref(), self.verifier.now())?;
        let principal = caller.ok_or(AuthError::Missing)?;
        self.check_origin(question, &principal)?;
        demands?.judge(&principal, question.address.as_ref())?;
        let token = passed::token(principal.credential(), question.headers, self.verifier.cookie_name());
        Ok(Passed::new(principal, token))
    }

    /// With a cookie, it is the method of the request behind that decides whether its origin matters.
    fn check_origin(&self, question: &Question<'_>, principal: &Principal) -> Result<(), Refusal> {
        if principal.credential() != Credential::Cookie {
            return Ok(());
        }
        let method = question.method.as_ref().map_err(Clone::clone)?.as_ref();
        // Not knowing it is no reason to believe that it was harmless.
        let judged_as = method.unwrap_or(&Method::POST);
        match csrf::decide(judged_as, question.headers, self.verifier.allowed_origins()) {
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

/// What a script may read of a refusal, beside its body.
const EXPOSED: HeaderValue =
    HeaderValue::from_static("retry-after, www-authenticate, x-handstamp-code, x-request-id");

/// Lets scripts of other origins of ours read why they were refused (the CORS protocol of the
/// [Fetch standard](https://fetch.spec.whatwg.org/#http-cors-protocol)). Everybody else's browser keeps it from them.
fn share(reply: &mut HeaderMap, asked: &HeaderMap, allowed: &AllowedOrigins) {
    reply.insert(header::VARY, HeaderValue::from_static("origin"));
    let Some(origin) = question::only(asked, &header::ORIGIN) else { return };
    if origin.to_str().is_ok_and(|origin| allowed.contains(origin)) {
        reply.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin.clone());
        reply.insert(header::ACCESS_CONTROL_ALLOW_CREDENTIALS, HeaderValue::from_static("true"));
        reply.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, EXPOSED);
    }
}
