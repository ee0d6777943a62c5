use axum::{
    extract::State,
    http::{HeaderMap, StatusCode},
    response::{IntoResponse as _, Response},
};
use handstamp_api_types::ErrorCode;
use handstamp_core::flows::{
    Issued,
    carry::{CarryError, carry},
};

use super::{carry::top_level, issued, sign_in_page::checked, visitor::see_other};
use crate::{
    AppState,
    access::OriginCheck,
    cookies::Presented,
    extract::Query,
    layers::{self, ClientAddress},
    pages::{OnSite, OnSiteNotice, ReturnTo},
    problem::ApiError,
    sites::{CarryAttempt, CarryAttemptError, CarryCode, CarryCodeError, Here, Site},
};

/// `GET /auth/carried`, on a site: somebody comes from home, with a code. Whichever replica gets this finishes it.
pub(super) async fn carried(
    State(state): State<AppState>,
    address: ClientAddress,
    here: Here,
    origin: OriginCheck,
    headers: HeaderMap,
    mut query: Query,
) -> Result<Response, ApiError> {
    let Some(site) = here.site() else {
        return Err(ApiError::new(ErrorCode::NotFound).detail("Sign-ins are carried to sites alone."));
    };
    top_level(&headers)?;
    let origin = origin.for_cookies()?;
    let answer = Answer::read(&mut query);
    let (attempt, done) = match open(&state, &answer, &headers) {
        Ok(attempt) => {
            let done = sign_in(&state, site, &answer, &attempt, address).await;
            (Some(attempt), done)
        }
        Err(error) => (None, Err(Failed::Attempt(error))),
    };
    let return_to = attempt.as_ref().and_then(|attempt| attempt.return_to.as_deref());
    let mut reply = match done {
        Ok(issued) => {
            let return_to = return_to.and_then(|to| checked(&state, to));
            let mut reply = see_other(return_to.as_ref().map_or(home_on_site(&state), ReturnTo::as_str));
            issued::add_cookies(&state, &issued, reply.headers_mut(), origin);
            let presented = Presented::new(&headers, &state, origin);
            if let Some(old) = presented.held_session().await {
                presented.end_session_replaced_by(issued.session.id, old, address.ip).await;
            }
            // What was carried here before has ended: the next request must know it.
            state.follow_revocations().await;
            reply
        }
        Err(failed) => failed.reply(&state, site, &headers, return_to)?,
    };
    // Finished or not, it is of no more use. Only one that the browser has is forgotten.
    let attempts = state.cookies().attempts();
    if let Some(cookie) = answer.state.as_deref().and_then(|name| attempts.find(&headers, name)) {
        attempts.forget(cookie.state, reply.headers_mut());
    }
    Ok(reply)
}

/// Returns where people go on a site who came from nowhere: where everybody does, if that is a path.
pub(super) fn home_on_site(state: &AppState) -> &str {
    let home = state.pages().home();
    if home.starts_with('/') { home } else { "/" }
}

/// What the address says. Nothing of it is believed yet.
struct Answer {
    state: Option<String>,
    code: Option<String>,
}

impl Answer {
    fn read(query: &mut Query) -> Self {
        // Of two, each reader would believe another one.
        let mut one = |name: &str| <[String; 1]>::try_from(query.take(name)).ok().map(|[value]| value);
        Self { state: one("state"), code: one("code") }
    }
}

/// Finds the attempt that an answer belongs to, in the browser that has brought it.
fn open(state: &AppState, answer: &Answer, headers: &HeaderMap) -> Result<CarryAttempt, CarryAttemptError> {
    let name = answer.state.as_deref().ok_or(CarryAttemptError::NoState)?;
    let cookie = state.cookies().attempts().find(headers, name).ok_or(CarryAttemptError::Unknown)?;
    CarryAttempt::open(state.core(), cookie.state, cookie.value, state.now())
}

async fn sign_in(
    state: &AppState,
    site: &Site,
    answer: &Answer,
    attempt: &CarryAttempt,
    address: ClientAddress,
) -> Result<Issued, Failed> {
    let (core, now) = (state.core(), state.now());
    let taken = CarryCode::open(core, answer.code.as_deref().unwrap_or_default(), &site.name, attempt, now)?;
    Ok(carry(core, &taken.carry(address.ip), now).await?)
}

/// Why nobody was signed in. People get a page, and the log gets the cause.
#[derive(Debug, thiserror::Error)]
enum Failed {
    #[error(transparent)]
    Attempt(#[from] CarryAttemptError),
    #[error(transparent)]
    Code(#[from] CarryCodeError),
    #[error(transparent)]
    Flow(#[from] CarryError),
}

impl Failed {
    fn reply(
        self,
        state: &AppState,
        site: &Site,
        headers: &HeaderMap,
        return_to: Option<&str>,
    ) -> Result<Response, ApiError> {
        tracing::info!(site = %site.name, cause = %self, "nobody was signed in on a site");
        let return_to = match &self {
            Self::Attempt(CarryAttemptError::Expired { return_to }) => return_to.as_deref(),
            _ => return_to,
        };
        let return_to = return_to.and_then(|to| checked(state, to));
        let (status, why) = match self {
            Self::Attempt(_) | Self::Code(_) | Self::Flow(CarryError::AlreadyUsed) => {
                (StatusCode::BAD_REQUEST, OnSiteNotice::Over)
            }
            Self::Flow(CarryError::SessionEnded) => (StatusCode::FORBIDDEN, OnSiteNotice::Ended),
            Self::Flow(CarryError::AccountDisabled | CarryError::OrganizationSuspended) => {
                (StatusCode::FORBIDDEN, OnSiteNotice::Disabled)
            }
            // Ours to mend. The layers show a page for it as for every failure.
            Self::Flow(ours) => return Err(ours.into()),
        };
        let id = layers::id_of(headers);
        let page = OnSite { why, return_to: return_to.as_ref(), still_at: None, id };
        Ok((status, state.pages().view(headers).on_site(&page)).into_response())
    }
}
