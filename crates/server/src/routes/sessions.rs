use axum::{
    Json,
    extract::{Path, State},
    http::StatusCode,
};
use handstamp_api_types::{EndedSessions, ErrorCode, RelabelRequest, SessionList, SessionSummary};
use handstamp_core::{
    flows::sessions as flow,
    model::{Session, SessionId},
};
use handstamp_token::UnixTime;

use crate::{AppState, access::Caller, extract, layers::ClientAddress, problem::ApiError};

/// The longest name a device can be given.
pub(super) const LONGEST_LABEL: usize = 64;

/// `GET /auth/sessions`
pub(super) async fn list(
    State(state): State<AppState>,
    caller: Caller,
) -> Result<Json<SessionList>, ApiError> {
    let sessions = flow::list(state.core(), caller.user, state.now()).await?;
    let sessions = sessions.iter().map(|session| summary(session, caller.session)).collect();
    Ok(Json(SessionList { sessions }))
}

/// `DELETE /auth/sessions/{sid}`
pub(super) async fn end(
    State(state): State<AppState>,
    address: ClientAddress,
    caller: Caller,
    Path(sid): Path<String>,
) -> Result<StatusCode, ApiError> {
    flow::end_own(state.core(), caller.user, session_id(&sid)?, address.ip, state.now()).await?;
    state.follow_revocations().await;
    Ok(StatusCode::NO_CONTENT)
}

/// `POST /auth/sessions/end-others`
pub(super) async fn end_others(
    State(state): State<AppState>,
    address: ClientAddress,
    caller: Caller,
) -> Result<Json<EndedSessions>, ApiError> {
    let ended = flow::end_others(state.core(), caller.user, caller.session, address.ip, state.now()).await?;
    state.follow_revocations().await;
    Ok(Json(EndedSessions { ended }))
}

/// `PATCH /auth/sessions/{sid}`
pub(super) async fn relabel(
    State(state): State<AppState>,
    caller: Caller,
    Path(sid): Path<String>,
    extract::Json(request): extract::Json<RelabelRequest>,
) -> Result<StatusCode, ApiError> {
    let label = label(&request.device)?;
    flow::relabel(state.core(), caller.user, session_id(&sid)?, label, state.now()).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Returns what a device may be called.
pub(super) fn label(text: &str) -> Result<&str, ApiError> {
    let label = text.trim();
    if label.is_empty() || label.chars().count() > LONGEST_LABEL || label.chars().any(char::is_control) {
        let detail = format!("Write 1 to {LONGEST_LABEL} characters in one line.");
        return Err(ApiError::invalid("/device", detail));
    }
    Ok(label)
}

/// What cannot be an id names no session.
pub(super) fn session_id(text: &str) -> Result<SessionId, ApiError> {
    text.parse().map_err(|_| ApiError::new(ErrorCode::NotFound))
}

fn summary(session: &Session, current: SessionId) -> SessionSummary {
    SessionSummary {
        sid: session.id.to_string(),
        current: session.id == current,
        device: session.device.clone(),
        carried_from: session.carried.as_ref().map(|carried| carried.from.to_string()),
        site: session.carried.as_ref().map(|carried| carried.to.to_string()),
        created_at: UnixTime::from_secs(session.created_at.as_second()),
        last_seen_at: UnixTime::from_secs(session.last_seen_at.as_second()),
        expires_at: UnixTime::from_secs(session.absolute_expiry.min(session.idle_expiry).as_second()),
    }
}
