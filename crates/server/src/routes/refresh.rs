use axum::{extract::State, http::HeaderMap, response::Response};
use handstamp_api_types::{Delivery, RefreshRequest};
use handstamp_core::{
    flows::{
        Issued,
        refresh::{self as flow, RefreshError},
        upstream::{Due, RecheckVerdict, recheck_due, rechecked},
    },
    model::EndReason,
};
use tokio::time::Instant;
use tracing::Instrument as _;

use super::{issued, upstream_failed::patience};
use crate::{
    AppState, access::OriginCheck, cookies::Presented, extract::OptionalJson, layers::ClientAddress,
    problem::ApiError,
};

/// `POST /auth/refresh`
///
/// A failed refresh clears and sets no cookie: the loser of a race must not sign out the winner.
pub(super) async fn refresh(
    State(state): State<AppState>,
    address: ClientAddress,
    origin: OriginCheck,
    headers: HeaderMap,
    OptionalJson(request): OptionalJson<RefreshRequest>,
) -> Result<Response, ApiError> {
    let RefreshRequest { refresh_token, delivery } = request.unwrap_or_default();
    if let Some(token) = refresh_token {
        origin.for_body()?;
        expect_delivery(delivery, Delivery::Body)?;
        let command = flow::Refresh { token: &token, beside: None, address: address.ip };
        return Ok(issued::in_body(&run(&state, command).await?));
    }
    let origin = origin.for_cookies()?;
    expect_delivery(delivery, Delivery::Cookie)?;
    let pair = Presented::new(&headers, &state, origin).refresh_pair()?;
    let command = flow::Refresh { token: pair.token, beside: Some(pair.beside), address: address.ip };
    Ok(issued::in_cookies(&state, &run(&state, command).await?, origin))
}

/// Refuses to change the way: out of `HttpOnly` cookies into a body, a script in the page could take the tokens away.
fn expect_delivery(asked: Option<Delivery>, way: Delivery) -> Result<(), ApiError> {
    if asked.is_none_or(|asked| asked == way) {
        return Ok(());
    }
    let detail = match way {
        Delivery::Body => "A token that comes in the body is exchanged in the body.",
        Delivery::Cookie => "Without a refresh_token in the body, cookies are exchanged for cookies.",
    };
    Err(ApiError::invalid("/delivery", detail))
}

/// Refreshes, and counts what came of it.
pub(super) async fn run(state: &AppState, command: flow::Refresh<'_>) -> Result<Issued, RefreshError> {
    let outcome = match ask_upstream(state, command).await {
        Ok(()) => flow::refresh(state.core(), command, state.now()).await,
        Err(error) => Err(error),
    };
    state.metrics().events.refresh(match &outcome {
        Ok(issued) => issued.kind.as_str(),
        Err(RefreshError::Rejected(_)) => "rejected",
        Err(RefreshError::OtherSession) => "other_session",
        Err(RefreshError::Theft(_)) => "theft",
        Err(RefreshError::SessionEnded { reason: EndReason::Expired }) => "expired",
        Err(RefreshError::UpstreamAway) => "upstream_away",
        Err(RefreshError::Store(_)) => "store_failed",
        Err(RefreshError::Mint(_)) => "mint_failed",
        Err(_) => "session_ended",
    });
    if let Err(error @ RefreshError::Theft(_)) = &outcome {
        tracing::warn!(%error, "a session was ended");
        state.follow_revocations().await;
    }
    outcome
}

/// Asks the upstream at which the session began whether it goes on there, if it is time to. A session that is over there is over
/// here when this returns, and the refresh finds it so.
async fn ask_upstream(state: &AppState, command: flow::Refresh<'_>) -> Result<(), RefreshError> {
    let recheck = match recheck_due(state.core(), command.token, state.now()).await? {
        Due::Nothing => return Ok(()),
        Due::Unavailable => return Err(RefreshError::UpstreamAway),
        Due::Ask(recheck) => recheck,
    };
    // Beside the request, which may be dropped: the answer may hold a token in the place of the one we asked with.
    let asking = tokio::spawn({
        let (state, by) = (state.clone(), Instant::now() + patience(state));
        let asking = async move {
            let outcome = state.upstreams().recheck(&recheck, by, state.now()).await;
            let verdict = rechecked(state.core(), recheck, outcome, state.now()).await;
            // What the upstream takes away has made older tokens stale, or ended the session.
            state.follow_revocations().await;
            verdict
        };
        asking.in_current_span()
    });
    match asking.await {
        Ok(verdict) => match verdict? {
            RecheckVerdict::GoOn | RecheckVerdict::Ended => Ok(()),
            RecheckVerdict::Unavailable => Err(RefreshError::UpstreamAway),
        },
        // It panicked, or the service stops.
        Err(_) => Err(RefreshError::UpstreamAway),
    }
}
