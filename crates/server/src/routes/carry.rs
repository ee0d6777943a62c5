use axum::{
    extract::State,
    http::HeaderMap,
    response::{IntoResponse as _, Response},
};
use handstamp_api_types::ErrorCode;
use url::form_urlencoded;

use super::{
    sign_in_page::checked,
    visitor::{Visit, Visitor, refresh_is_held_back_on_the_way, see_other},
};
use crate::{
    AppState,
    access::OriginCheck,
    cookies::AttemptCookie,
    extract::Query,
    pages::{ReturnTo, SignInForm, sign_in_address},
    problem::ApiError,
    sites::{CarryAttempt, CarryCode, Challenge, Here, Site},
    upstreams::LIFETIME,
};

/// How long the name of an attempt is: 128 bits in base64url.
const STATE_LEN: usize = 22;

/// Sends somebody who is on a site home, to be signed in there. What comes back is taken by [`carried`](super::carried).
pub(super) fn begin(
    state: &AppState,
    site: &Site,
    return_to: Option<&ReturnTo>,
    headers: &HeaderMap,
) -> Result<Response, ApiError> {
    let (core, now) = (state.core(), state.now());
    // To other origins nobody is sent from here: home's form is allowed to lead to this site alone.
    let to = return_to.filter(|to| to.origin().is_none_or(|origin| origin == site.url.as_str()));
    let attempt = CarryAttempt::begin(&*core.entropy, to.map(|to| to.as_str().to_owned()), now);
    let sealed = attempt.seal(core).map_err(internal)?;
    let question = address(site, &attempt.challenge(), &attempt.state);
    let mut reply = see_other(&format!("{}{question}", state.public_url()));
    let until = |cookie: AttemptCookie<'_>| {
        let attempt = CarryAttempt::open(core, cookie.state, cookie.value, now).ok()?;
        Some(attempt.expires_at.as_second())
    };
    let cookie = AttemptCookie { state: &attempt.state, value: &sealed };
    state.cookies().attempts().add(headers, cookie, LIFETIME, until, reply.headers_mut());
    Ok(reply)
}

/// `GET /auth/carry`, at home: a site asks for whoever is signed in here. Whoever is not signs in first.
pub(super) async fn carry(
    State(state): State<AppState>,
    here: Here,
    visit: Visit,
    origin: OriginCheck,
    headers: HeaderMap,
    mut query: Query,
) -> Result<Response, ApiError> {
    if here.site().is_some() {
        return Err(ApiError::new(ErrorCode::NotFound).detail("Sign-ins are carried from home alone."));
    }
    let question = Question::read(&state, &mut query)?;
    top_level(&headers)?;
    let view = state.pages().view(&headers);
    let visitor = match visit {
        Visit::ComeAgain => return Ok(view.come_again().into_response()),
        Visit::Nobody => return Ok(see_other(&sign_in_address(Some(&question.address())))),
        Visit::SignedIn(visitor) => visitor,
    };
    if visitor.holds_session(&state, &headers, origin.for_cookies()?).await? {
        let reply = question.answer(&state, &visitor)?;
        return Ok(visitor.reply(&state, reply));
    }
    if refresh_is_held_back_on_the_way(&state, &headers) {
        return Ok(view.come_again().into_response());
    }
    // Not the sign-in page: it sends on whoever has a token, and would send them here.
    let return_to = checked(&state, &question.address());
    let leads_to = Some(question.site.url.as_str().to_owned());
    Ok(view.sign_in(&SignInForm { return_to, leads_to, ..SignInForm::default() }).into_response())
}

/// Returns the site to which a sign-in at home leads that goes on here: the form has to be allowed to.
pub(super) fn site_behind<'s>(state: &'s AppState, return_to: &ReturnTo) -> Option<&'s Site> {
    if let Some(origin) = return_to.origin() {
        return state.sites().at(origin);
    }
    let (_, query) = return_to.as_str().split_once('?').filter(|(path, _)| *path == "/auth/carry")?;
    Some(Question::read(state, &mut Query::parse(query)).ok()?.site)
}

/// Refuses to carry anything within a page of somebody else's: people are to see where they are.
pub(super) fn top_level(headers: &HeaderMap) -> Result<(), ApiError> {
    let says = |name, wanted| headers.get(name).is_none_or(|value| value == wanted);
    if says("sec-fetch-mode", "navigate") && says("sec-fetch-dest", "document") {
        return Ok(());
    }
    Err(ApiError::invalid("", "A sign-in is carried by going there, never within another page."))
}

pub(super) fn internal(error: handstamp_core::root_key::RootKeyError) -> ApiError {
    ApiError::new(ErrorCode::Internal).cause(error)
}

/// What a site asks.
struct Question<'s> {
    site: &'s Site,
    challenge: Challenge,
    state: String,
}

impl<'s> Question<'s> {
    fn read(state: &'s AppState, query: &mut Query) -> Result<Self, ApiError> {
        let mut one = |name: &str| <[String; 1]>::try_from(query.take(name)).ok().map(|[value]| value);
        let missing = || ApiError::new(ErrorCode::NotFound).detail("There is no site of this name.");
        let site = one("site").and_then(|name| state.sites().find(&name)).ok_or_else(missing)?;
        let challenge = one("challenge").as_deref().and_then(Challenge::parse);
        let challenge = challenge.ok_or_else(|| ApiError::invalid("/challenge", "256 bits in base64url."))?;
        let name = one("state").filter(|name| is_state(name));
        let state = name.ok_or_else(|| ApiError::invalid("/state", "128 bits in base64url."))?;
        Ok(Self { site, challenge, state })
    }

    fn address(&self) -> String {
        address(self.site, &self.challenge, &self.state)
    }

    /// Sends somebody back to the site, with a code for the session they are in.
    fn answer(&self, state: &AppState, visitor: &Visitor) -> Result<Response, ApiError> {
        let Self { site, challenge, state: name } = self;
        let (core, now) = (state.core(), state.now());
        let sealed = CarryCode::new(&*core.entropy, visitor.session, site.name.clone(), *challenge, now);
        let sealed = sealed.seal(core).map_err(internal)?;
        let answer = [("code", &sealed), ("state", name)];
        let answer = form_urlencoded::Serializer::new(String::new()).extend_pairs(answer).finish();
        Ok(see_other(&format!("{}/auth/carried?{answer}", site.url)))
    }
}

/// Nothing in it needs an escape.
fn address(site: &Site, challenge: &Challenge, state: &str) -> String {
    format!("/auth/carry?site={}&challenge={challenge}&state={state}", site.name)
}

fn is_state(text: &str) -> bool {
    text.len() == STATE_LEN && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
}
