use aws_lc_rs::digest::{SHA256, digest};
use axum::{
    extract::{Path, State},
    http::{HeaderMap, HeaderName, StatusCode, header},
    response::{IntoResponse, Response},
};
use handstamp_api_types::{
    ErrorCode, Rev,
    profile::{KEEP_HEADER, ProfileSnapshot, REV_HEADER},
};
use handstamp_core::{
    flows::profiles::{self, Snapshot},
    model::{LogPosition, UserId, UserStatus},
    store::StoreError,
};
use handstamp_token::UnixTime;

use crate::{AppState, access::ProfileReader, extract::has_it, problem::ApiError, shared::ProfileRead};

/// So much of the hash tells two answers about one user apart.
const TAG_BYTES: usize = 16;

/// `GET /profiles/{sub}`: what services may know of a user and what does not fit a token. People read their own.
///
/// What somebody may not read is not there, as if there were no such user.
pub(super) async fn profile(
    State(state): State<AppState>,
    reader: ProfileReader,
    Path(sub): Path<String>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let not_found = || ApiError::new(ErrorCode::NotFound);
    let user: UserId = sub.parse().map_err(|_| not_found())?;
    if !reader.may_read(user) {
        return Err(not_found());
    }
    let read = read(&state, user).await?.ok_or_else(not_found)?;
    reply(&state, reader, &headers, &read)
}

/// Reads a profile: from the shelf, where another replica has put it a moment ago and nothing has happened since; or from the store.
async fn read(state: &AppState, user: UserId) -> Result<Option<ProfileRead>, ApiError> {
    let now = UnixTime::from_secs(state.now().as_second());
    let Some(shelf) = state.profile_shelf() else { return Ok(from_store(state, user, now).await?) };
    if let Some(read) = shelf.find(&user.to_string(), state.feed().revocations(), now).await {
        return Ok(Some(read));
    }
    let read = from_store(state, user, now).await?;
    if let Some(read) = &read {
        shelf.put(read).await;
    }
    Ok(read)
}

async fn from_store(
    state: &AppState,
    user: UserId,
    now: UnixTime,
) -> Result<Option<ProfileRead>, StoreError> {
    let found = profiles::find(state.core(), user).await?;
    Ok(found.map(|found| {
        let LogPosition { epoch, seq } = found.subject.rev;
        ProfileRead { rev: Rev { epoch, seq }, snapshot: snapshot(found), at: now }
    }))
}

fn reply(
    state: &AppState,
    reader: ProfileReader,
    request: &HeaderMap,
    read: &ProfileRead,
) -> Result<Response, ApiError> {
    let body = serde_json::to_vec(&read.snapshot)
        .map_err(|error| ApiError::new(ErrorCode::Internal).cause(error))?;
    let hash = digest(&SHA256, &body);
    let tag = format!("\"{}\"", base64_simd::URL_SAFE_NO_PAD.encode_to_string(&hash.as_ref()[..TAG_BYTES]));
    let said = [
        (header::CACHE_CONTROL, kept_by(reader).to_owned()),
        (header::VARY, "authorization, cookie".to_owned()),
        (header::ETAG, tag.clone()),
        (HeaderName::from_static(REV_HEADER), read.rev.to_string()),
        // The log forgets an event no sooner than a token that was issued before it ends.
        (HeaderName::from_static(KEEP_HEADER), state.core().settings.tokens.lifetime.as_secs().to_string()),
    ];
    if has_it(request, &tag) {
        return Ok((StatusCode::NOT_MODIFIED, said).into_response());
    }
    Ok((said, [(header::CONTENT_TYPE, "application/json")], body).into_response())
}

/// A service keeps it and asks whether it still holds; a browser keeps nothing that names a person.
fn kept_by(reader: ProfileReader) -> &'static str {
    match reader {
        ProfileReader::Service => "private, no-cache",
        ProfileReader::Person(_) => "no-store",
    }
}

fn snapshot(found: Snapshot) -> ProfileSnapshot {
    let Snapshot { subject, profile } = found;
    let user = subject.user;
    ProfileSnapshot {
        sub: user.id.to_string(),
        preferred_username: user.username.to_string(),
        email: user.email.as_ref().map(ToString::to_string),
        org_id: user.org_id.as_ref().map(ToString::to_string),
        org_name: subject.organization.map(|organization| organization.name),
        roles: user.roles.iter().map(ToString::to_string).collect(),
        active: user.status == UserStatus::Active,
        profile: profile.members().clone(),
    }
}
