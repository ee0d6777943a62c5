//! Who may pass, and what the service behind is told of them.

use std::sync::Arc;
use std::time::Duration;

use handstamp_api_types::ErrorCode;
use handstamp_verify::cookies::Cookies;
use handstamp_verify::{AuthError, Principal};
use http::request::Parts;
use http::{HeaderValue, Method, Response, StatusCode, header};

use crate::body::ReplyBody;
use crate::gateway::Gateway;
use crate::refresh::{self, Asked, Ended, Fresh, Outcome};
use crate::refusal::Refusal;
use crate::request::{Arrived, RequestId};
use crate::routes::Rule;

/// A request that may go on.
#[derive(Debug, Default)]
pub(crate) struct Admitted {
    /// Who is asking, if anybody.
    pub(crate) caller: Option<Principal>,
    /// The verified token, as the service expects it.
    pub(crate) authorization: Option<HeaderValue>,
    /// New tokens for the browser, where there had to be some.
    pub(crate) fresh: Option<Arc<Fresh>>,
}

impl Admitted {
    /// Hands out the new cookies with a refusal as well. The service may have used the new token already, and to the auth service a
    /// browser that comes without its cookies would then be a thief; else it would refresh again with each request.
    pub(crate) fn or_refused(&self, refusal: Refusal, id: &RequestId) -> Refusal {
        let Some(fresh) = &self.fresh else { return refusal };
        let mut reply = refusal.into_reply(id.as_str());
        fresh.hand_out(reply.headers_mut());
        Refusal::Reply(Box::new(reply))
    }
}

/// Nobody is known to have sent a request.
struct Unidentified {
    refusal: Refusal,
    /// New tokens all the same, where the old one was refreshed: they belong to the browser.
    fresh: Option<Arc<Fresh>>,
}

impl From<Refusal> for Unidentified {
    fn from(refusal: Refusal) -> Self {
        Self { refusal, fresh: None }
    }
}

impl From<AuthError> for Unidentified {
    fn from(error: AuthError) -> Self {
        Refusal::from(error).into()
    }
}

impl Gateway {
    /// Decides whether a request may pass, and refreshes its token first where nothing but that is needed.
    pub(crate) async fn admit(
        &self,
        arrived: &Arrived,
        rule: &Rule,
        org: Option<&str>,
    ) -> Result<Admitted, Refusal> {
        if rule.is_public() {
            return Ok(Admitted::default());
        }
        let parts = &arrived.parts;
        let admitted = match self.identify(arrived).await {
            Ok(admitted) => admitted,
            Err(Unidentified { refusal, fresh }) => {
                let nobody = Admitted { fresh, ..Admitted::default() };
                // Whoever visits a page that is for everybody is not sent away for a session that is over.
                if !(rule.is_for_everybody() && is_navigation(parts) && refusal.is_unauthorized()) {
                    // A token that was issued a moment ago is refused by this gateway alone: the sign-in page would send people right
                    // back.
                    let refusal =
                        if nobody.fresh.is_some() { refusal } else { self.or_sign_in(parts, refusal) };
                    return Err(nobody.or_refused(refusal, &arrived.id));
                }
                nobody
            }
        };
        match rule.judge(admitted.caller.as_ref(), org, self.verifier.now()) {
            Ok(()) => Ok(admitted),
            Err(error) => Err(admitted.or_refused(self.or_sign_in(parts, error.into()), &arrived.id)),
        }
    }

    async fn identify(&self, arrived: &Arrived) -> Result<Admitted, Unidentified> {
        let parts = &arrived.parts;
        match self.verifier.authenticate(parts).await {
            Ok(None) => Ok(Admitted::default()),
            Ok(Some(caller)) if self.runs_out(&caller) => match self.refresh(arrived).await? {
                Some(Outcome::Fresh(fresh)) => self.with_fresh(fresh).await,
                // It is good for some moments yet, and whether its session has ended the feed will say.
                _ => Ok(self.as_sent(parts, caller)),
            },
            Ok(Some(caller)) => Ok(self.as_sent(parts, caller)),
            Err(error) if refresh::helps(error.code()) => match self.refresh(arrived).await? {
                Some(Outcome::Fresh(fresh)) => self.with_fresh(fresh).await,
                Some(Outcome::Ended(ended)) => Err(Refusal::Reply(Box::new(reply_of(&ended))).into()),
                Some(Outcome::Unavailable { retry_after }) => {
                    let refusal = Refusal::new(ErrorCode::Unavailable, REFRESH_UNAVAILABLE);
                    Err(refusal.retry_after(retry_after).into())
                }
                None => Err(error.into()),
            },
            Err(error) => Err(error.into()),
        }
    }

    /// Returns whether the token is about to expire: on its way to the service, or there already for one that takes no account of clocks
    /// that differ.
    fn runs_out(&self, caller: &Principal) -> bool {
        let lifetime = caller.expires_at().saturating_since(caller.issued_at());
        let left = caller.expires_at().saturating_since(self.verifier.now());
        left <= AHEAD.min(lifetime / 10)
    }

    /// Refreshes with the cookies of a request; `None` where there is nothing to refresh with.
    async fn refresh(&self, arrived: &Arrived) -> Result<Option<Outcome>, AuthError> {
        let headers = &arrived.parts.headers;
        // A token that a program sends is the program's to refresh.
        let Some(refresher) =
            self.refresher.as_ref().filter(|_| !headers.contains_key(header::AUTHORIZATION))
        else {
            return Ok(None);
        };
        let cookies = Cookies::new(headers);
        let (access, refresh) = (cookies.get(self.cookies.access())?, cookies.get(self.cookies.refresh())?);
        let refresh = refresh.filter(|refresh| refresh::looks_like_refresh_token(refresh));
        let (Some(access), Some(refresh)) = (access, refresh) else { return Ok(None) };
        let (client, headers) = (arrived.way.client(), arrived.told_to_auth(self));
        let asked = Asked { access, refresh, client, headers };
        Ok(Some(refresher.refresh(asked).await))
    }

    async fn with_fresh(&self, fresh: Arc<Fresh>) -> Result<Admitted, Unidentified> {
        match self.verifier.verify(&fresh.access).await {
            Ok(caller) => {
                let authorization = bearer(&fresh.access);
                Ok(Admitted { caller: Some(caller), authorization, fresh: Some(fresh) })
            }
            Err(error) => {
                tracing::warn!(
                    code = %error.code(),
                    "a token that was issued a moment ago is refused here: if the session has not ended meanwhile, the clocks or the \
                     issuer, audiences and algorithms under [gateway] are not those of the auth service"
                );
                Err(Unidentified { refusal: error.into(), fresh: Some(fresh) })
            }
        }
    }

    fn as_sent(&self, parts: &Parts, caller: Principal) -> Admitted {
        let authorization = self.token_of(parts).and_then(bearer);
        Admitted { caller: Some(caller), authorization, fresh: None }
    }

    /// Returns the token that was verified a moment ago.
    fn token_of<'r>(&self, parts: &'r Parts) -> Option<&'r str> {
        match parts.headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok()?.split_once(' '))
        {
            Some((scheme, token)) if scheme.eq_ignore_ascii_case("bearer") => Some(token.trim()),
            _ => Cookies::new(&parts.headers).get(self.cookies.access()).ok()?,
        }
    }

    /// Sends people who go somewhere to the sign-in page, where signing in is what helps. Programs get the refusal.
    fn or_sign_in(&self, parts: &Parts, refusal: Refusal) -> Refusal {
        // Not for a token that this gateway alone refuses: the sign-in page would send them right back.
        let helps = match &refusal {
            Refusal::Auth(error) => matches!(
                error.code(),
                ErrorCode::TokenMissing | ErrorCode::TokenExpired | ErrorCode::TokenRevoked
            ),
            Refusal::Reply(reply) => reply.status() == StatusCode::UNAUTHORIZED,
            Refusal::Problem { .. } => false,
        };
        if !(helps && self.has_sign_in_page && is_navigation(parts)) {
            return refusal;
        }
        let back = parts.uri.path_and_query().map_or("/", |path| path.as_str());
        let back: String = url::form_urlencoded::byte_serialize(back.as_bytes()).collect();
        let Ok(location) = HeaderValue::try_from(format!("{SIGN_IN}?return_to={back}")) else {
            return refusal;
        };
        let mut reply = Response::new(ReplyBody::Ours(None));
        *reply.status_mut() = StatusCode::SEE_OTHER;
        reply.headers_mut().insert(header::LOCATION, location);
        reply.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        Refusal::Reply(Box::new(reply))
    }
}

/// So long before its end a token is refreshed, unless it lives for minutes only: then a tenth of its life.
const AHEAD: Duration = Duration::from_secs(10);

const REFRESH_UNAVAILABLE: &str =
    "The token has to be refreshed, and the auth service cannot be asked just now. Nobody is signed out.";

/// The auth service's page.
pub(crate) const SIGN_IN: &str = "/auth/sign-in";

/// Returns whether a browser goes somewhere with this request, for a person to look at.
fn is_navigation(parts: &Parts) -> bool {
    if !matches!(parts.method, Method::GET | Method::HEAD) {
        return false;
    }
    if let Some(mode) = parts.headers.get("sec-fetch-mode") {
        return mode == "navigate";
    }
    let lines = parts.headers.get_all(header::ACCEPT);
    let ranges = lines.iter().filter_map(|line| line.to_str().ok()).flat_map(|line| line.split(','));
    ranges
        .filter_map(|range| range.split(';').next())
        .any(|kind| kind.trim().eq_ignore_ascii_case("text/html"))
}

fn bearer(token: &str) -> Option<HeaderValue> {
    let mut value = HeaderValue::try_from(format!("Bearer {token}")).ok()?;
    value.set_sensitive(true);
    Some(value)
}

fn reply_of(ended: &Ended) -> Response<ReplyBody> {
    let mut reply = Response::new(ended.body.clone().into());
    *reply.status_mut() = ended.status;
    reply.headers_mut().clone_from(&ended.headers);
    reply
}
