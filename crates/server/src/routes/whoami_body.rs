use handstamp_api_types::Whoami;
use handstamp_core::claims::AccessClaims;
use handstamp_token::UnixTime;
use handstamp_verify::{AuthError, Principal};
use serde_json::{Map, Value};

use crate::AppState;

/// Says who a verified token is about.
pub(super) fn of_principal<'p>(state: &AppState, principal: &'p Principal) -> Result<Whoami<'p>, AuthError> {
    Ok(Whoami {
        sub: principal.sub().into(),
        preferred_username: principal.preferred_username().map(Into::into),
        email: principal.email().map(Into::into),
        roles: principal.roles().into(),
        org_id: principal.org_id().map(Into::into),
        sid: principal.sid().map(Into::into),
        auth_time: principal.auth_time(),
        amr: principal.amr().into(),
        expires_in: left(principal.expires_at(), now(state)),
        custom: custom(state, principal)?,
    })
}

/// Says who a token that was just made is about.
pub(super) fn of_claims<'c>(state: &AppState, claims: &'c AccessClaims) -> Whoami<'c> {
    Whoami {
        sub: claims.sub.to_string().into(),
        preferred_username: Some(claims.preferred_username.as_str().into()),
        email: claims.email.as_deref().map(Into::into),
        roles: claims.roles.iter().map(ToString::to_string).collect(),
        org_id: claims.org_id.as_ref().map(|org| org.to_string().into()),
        sid: Some(claims.sid.to_string().into()),
        auth_time: Some(claims.auth_time),
        amr: claims.amr.as_slice().into(),
        expires_in: left(claims.exp, now(state)),
        custom: claims.custom.clone().into_iter().collect(),
    }
}

/// Custom claims stand beside ours in the token; the configuration knows which they are.
fn custom(state: &AppState, principal: &Principal) -> Result<Map<String, Value>, AuthError> {
    let names = &state.core().settings.tokens.custom_claims;
    if names.is_empty() {
        return Ok(Map::new());
    }
    let all = principal.with_claims::<Map<String, Value>>()?;
    Ok(names.iter().filter_map(|name| Some((name.clone(), all.claims().get(name)?.clone()))).collect())
}

fn now(state: &AppState) -> UnixTime {
    UnixTime::from_secs(state.now().as_second())
}

fn left(expires_at: UnixTime, now: UnixTime) -> u64 {
    expires_at.saturating_since(now).as_secs()
}
