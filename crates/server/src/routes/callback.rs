use axum::{
    extract::{FromRequestParts as _, Path, Request, State},
    http::HeaderMap,
    response::{IntoResponse as _, Response},
};
use handstamp_core::{
    flows::upstream::{
        LinkUpstream, UpstreamIdentity, UpstreamSignIn, link_upstream, sign_in_through_upstream,
    },
    model::SessionId,
};

use super::{
    account, issued,
    login::find,
    sign_in::device_of,
    sign_in_page::{checked, go_on},
    upstream_failed::{Failed, Trip, in_time},
    visitor::{Visit, Visitor},
};
use crate::{
    AppState,
    access::{OriginCheck, OriginPassed},
    cookies::Presented,
    extract::Query,
    layers::ClientAddress,
    pages::Done,
    problem::ApiError,
    upstreams::{Aim, Answer, Attempt, AttemptError, Fault, Upstream},
};

/// `GET /auth/callback/{upstream}`: an upstream sends people back. Whichever replica gets this finishes it.
pub(super) async fn callback(
    State(state): State<AppState>,
    Path(name): Path<String>,
    address: ClientAddress,
    request: Request,
) -> Result<Response, ApiError> {
    let (mut parts, _) = request.into_parts();
    let upstream = find(&state, &name)?;
    let answer = Answer::read(&mut Query::parse(parts.uri.query().unwrap_or_default()));
    let attempt = match open(&state, upstream, &answer, &parts.headers) {
        Ok(attempt) => attempt,
        Err(error) => return Ok(no_attempt(&state, upstream, &answer, &parts.headers, error)),
    };
    let return_to = attempt.return_to.as_deref().and_then(|to| checked(&state, to));
    let back = Back { state: &state, upstream, attempt: &attempt, address };
    let done = match attempt.aim {
        Aim::SignIn { replaces } => {
            let Ok(origin) = OriginCheck::from_request_parts(&mut parts, &state).await;
            let origin = origin.for_cookies()?;
            let onward = go_on(&state, None, return_to.as_ref());
            back.sign_in(answer, replaces, onward, &parts.headers, origin).await
        }
        Aim::Link { session } => match Visit::from_request_parts(&mut parts, &state).await? {
            // The attempt is kept: the browser comes again at once, with all of its cookies.
            Visit::ComeAgain => return Ok(state.pages().view(&parts.headers).come_again().into_response()),
            Visit::SignedIn(visitor) if visitor.session == session => back.link(answer, visitor).await,
            Visit::SignedIn(_) | Visit::Nobody => Err(Failed::SignedOut),
        },
    };
    let linking = matches!(attempt.aim, Aim::Link { .. });
    let trip = Trip { upstream, return_to: return_to.as_ref(), linking };
    let mut reply = match done {
        Ok(reply) => reply,
        Err(failed) => failed.reply(&state, &parts.headers, &trip),
    };
    state.cookies().attempts().forget(&attempt.secrets.state, reply.headers_mut());
    Ok(reply)
}

/// Finds the attempt that an answer belongs to, in the browser that has brought it.
fn open(
    state: &AppState,
    upstream: &Upstream,
    answer: &Answer,
    headers: &HeaderMap,
) -> Result<Attempt, AttemptError> {
    let unverified_state = answer.unverified_state().ok_or(AttemptError::NoState)?;
    let cookie = state.cookies().attempts().find(headers, unverified_state).ok_or(AttemptError::Unknown)?;
    let attempt = Attempt::open(state.core(), cookie.state, cookie.value, state.now())?;
    // Each upstream has an address of its own, so that one cannot hand in the answer of another (RFC 9700 §4.4.2).
    if attempt.upstream != *upstream.name() {
        return Err(AttemptError::OtherUpstream { actual: attempt.upstream });
    }
    Ok(attempt)
}

fn no_attempt(
    state: &AppState,
    upstream: &Upstream,
    answer: &Answer,
    headers: &HeaderMap,
    error: AttemptError,
) -> Response {
    let return_to = match &error {
        AttemptError::Expired { return_to } => return_to.as_deref().and_then(|to| checked(state, to)),
        _ => None,
    };
    let trip = Trip { upstream, return_to: return_to.as_ref(), linking: false };
    let attempts = state.cookies().attempts();
    // One that another upstream was asked with may yet be finished there.
    let is_useless = !matches!(error, AttemptError::OtherUpstream { .. });
    let useless =
        answer.unverified_state().and_then(|name| attempts.find(headers, name)).filter(|_| is_useless);
    let mut reply = Failed::Attempt(error).reply(state, headers, &trip);
    if let Some(cookie) = useless {
        attempts.forget(cookie.state, reply.headers_mut());
    }
    reply
}

/// Somebody is back from an upstream, in the browser in which they went there.
struct Back<'a> {
    state: &'a AppState,
    upstream: &'a Upstream,
    attempt: &'a Attempt,
    address: ClientAddress,
}

impl Back<'_> {
    async fn sign_in(
        &self,
        answer: Answer,
        replaces: Option<SessionId>,
        mut onward: Response,
        headers: &HeaderMap,
        origin: OriginPassed,
    ) -> Result<Response, Failed> {
        let state = self.state;
        let identity = self.identify(answer).await?;
        let command = UpstreamSignIn {
            identity,
            attempt: Some(self.attempt.once()),
            device: device_of(headers),
            address: self.address.ip,
        };
        let issued = sign_in_through_upstream(state.core(), command, state.now()).await?;
        self.count("signed_in");
        issued::add_cookies(state, &issued, onward.headers_mut(), origin);
        let presented = Presented::new(headers, state, origin);
        let held = presented.held_session().await;
        for old in replaces.into_iter().chain(held) {
            presented.end_session_replaced_by(issued.session.id, old, self.address.ip).await;
        }
        // New roles have made older tokens stale: the next request here must know it.
        state.follow_revocations().await;
        Ok(onward)
    }

    async fn link(&self, answer: Answer, visitor: Visitor) -> Result<Response, Failed> {
        let command = LinkUpstream {
            user: visitor.user,
            session: visitor.session,
            identity: self.identify(answer).await?,
            attempt: self.attempt.once(),
            address: self.address.ip,
        };
        link_upstream(self.state.core(), &command, self.state.now()).await?;
        self.count("linked");
        Ok(account::done(self.state, visitor, Done::UpstreamLinked))
    }

    /// Asks the upstream who it is. Codes that it refuses count against the address they come from: nobody makes us ask all day.
    async fn identify(&self, answer: Answer) -> Result<UpstreamIdentity, Failed> {
        let (state, now) = (self.state, self.state.now());
        let attempt = state.limits().attempt_from(self.address.ip, now).await.map_err(Failed::RateLimited)?;
        let identity = in_time(state, self.upstream.identify(answer, &self.attempt.secrets, now)).await;
        if !identity.as_ref().is_err_and(|error| error.fault() == Fault::Untrusted) {
            state.limits().forget(&attempt, now).await;
        }
        Ok(identity?)
    }

    fn count(&self, outcome: &'static str) {
        self.state.metrics().events.upstream_sign_in(self.upstream.name().as_str(), outcome);
    }
}
