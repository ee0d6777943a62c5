use handstamp_api_types::Whoami;
use handstamp_core::claims::AccessClaims;
use handstamp_token::UnixTime;
use handstamp_verify::{AuthError, Principal};
use serde_json::{Map, Value};

use crate::AppState;

/// Says who a verified token is about.
pub(super) fn of_principal(state: &AppState, principal: &Principal) -> Result<Whoami, AuthError> {
    Ok(Whoami {
        sub: principal.sub().to_owned(),
        preferred_username: principal.preferred_username().map(str::to_owned),
        email: principal.email().map(str::to_owned),
        roles: principal.roles().to_vec(),
        org_id: principal.org_id().map(str::to_owned),
        sid: principal.sid().map(str::to_owned),
        auth_time: principal.auth_time(),
        amr: principal.amr().to_vec(),
        expires_in: left(principal.expires_at(), now(state)),
        custom: custom(state, principal)?,
    })
}

/// Says who a token that was just made is about.
pub(super) fn of_claims(state: &AppState, claims: &AccessClaims) -> Whoami {
    Whoami {
        sub: claims.sub.to_string(),
        preferred_username: Some(claims.preferred_username.clone()),
        email: claims.email.clone(),
        roles: claims.roles.iter().map(ToString::to_string).collect(),
        org_id: claims.org_id.as_ref().map(ToString::to_string),
        sid: Some(claims.sid.to_string()),
        auth_time: Some(claims.auth_time),
        amr: claims.amr.clone(),
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
