use axum::Json;
use axum::extract::State;
use handstamp_api_types::Whoami;
use handstamp_verify::Principal;
use serde_json::Map;

use crate::TestIssuer;

/// `GET /auth/whoami`: whom a token is about, as long as it holds. As at the auth service, a token of a person's that is for this
/// issuer's audience.
pub(super) async fn whoami(State(issuer): State<TestIssuer>, caller: Principal) -> Json<Whoami<'static>> {
    let owned = |text: &str| text.to_owned().into();
    Json(Whoami {
        sub: owned(caller.sub()),
        preferred_username: caller.preferred_username().map(owned),
        email: caller.email().map(owned),
        roles: caller.roles().to_vec().into(),
        org_id: caller.org_id().map(owned),
        sid: caller.sid().map(owned),
        auth_time: caller.auth_time(),
        amr: caller.amr().to_vec().into(),
        expires_in: caller.expires_at().saturating_since(issuer.now()).as_secs(),
        custom: Map::new(),
    })
}
