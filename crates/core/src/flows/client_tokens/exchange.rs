use std::time::Duration;

use handstamp_token::UnixTime;
use jiff::Timestamp;

use super::{Asked, ClientToken, ClientTokenError, as_of_now, audiences};
use crate::{
    Context,
    claims::{self, AccessClaims, Actor},
    flows::clients::AuthenticatedClient,
    minting,
    model::{
        Client, LogPosition, OrganizationStatus, Role, Session, SessionId, SessionState, TOKEN_EXCHANGE,
        UserStatus,
    },
    store::Subject,
};

/// How many clients a token may pass through. Longer chains are loops.
pub const MAX_ACTORS: usize = 4;

/// What a user's access token says, whose signature, times and revocation were checked.
#[derive(Debug, Clone)]
pub struct SubjectToken {
    /// Its `sub`.
    pub sub: String,
    /// Its `aud`.
    pub audiences: Vec<String>,
    /// Its `sid`. A machine's own token has none.
    pub session: Option<SessionId>,
    /// Its `org_id`.
    pub org_id: Option<String>,
    /// Its `roles`.
    pub roles: Vec<String>,
    /// Its `exp`.
    pub expires_at: UnixTime,
    /// Its `rev`.
    pub rev: LogPosition,
    /// Its `act`: who acts already, the last one first.
    pub actors: Vec<String>,
}

impl SubjectToken {
    /// Returns what an access token of this session would say that is issued now, to the user's own client.
    pub fn of_session(ctx: &Context, session: &Session, user: &Subject, now: Timestamp) -> Self {
        let (iat, jti) = (UnixTime::from_secs(now.as_second()), claims::new_sessionless_jti(&*ctx.entropy));
        let claims = AccessClaims::new(&ctx.settings, session, user, jti, iat);
        Self {
            sub: user.user.id.to_string(),
            audiences: vec![ctx.settings.issuer.clone()],
            session: Some(session.id),
            org_id: user.user.org_id.as_ref().map(ToString::to_string),
            roles: claims.roles.iter().map(ToString::to_string).collect(),
            expires_at: claims.exp,
            rev: user.rev,
            actors: Vec::new(),
        }
    }
}

/// Exchanges a user's access token for one with which the client acts on the user's behalf at one other service
/// ([RFC 8693](https://www.rfc-editor.org/rfc/rfc8693)).
///
/// The new token is never more than the old one: the same user, session, organisation and sign-in, no other roles, no later
/// end. It carries the old one's position in the log, so that whatever is revoked from then on hits both.
pub async fn exchange(
    ctx: &Context,
    client: &AuthenticatedClient,
    subject: &SubjectToken,
    asked: &Asked,
    now: Timestamp,
) -> Result<ClientToken, ClientTokenError> {
    let (client, audience) = granted(ctx, client, asked).await?;
    let session = subject.session.ok_or(ClientTokenError::NotAUsers)?;
    if !is_addressed_to(ctx, &client, subject) {
        return Err(ClientTokenError::NotAddressed);
    }
    if subject.actors.len() >= MAX_ACTORS {
        return Err(ClientTokenError::TooManyActors);
    }
    let found = ctx.store.session_subject(session).await?;
    let (session, user) =
        found.filter(|found| still_holds(subject, found, now)).ok_or(ClientTokenError::SubjectOver)?;
    let claims = narrowed(ctx, &session, &user, subject, (audience, &client), now);
    let text = minting::seal(ctx, &claims)?;
    let seconds = claims.exp.as_secs().saturating_sub(claims.iat.as_secs());
    let expires_in = Duration::from_secs(u64::try_from(seconds).unwrap_or(0));
    Ok(ClientToken { text, scope: None, expires_in })
}

/// Checks all that can be checked of a wish before there is a subject token: nothing is begun for one that would be refused.
pub async fn check_exchange(
    ctx: &Context,
    client: &AuthenticatedClient,
    asked: &Asked,
) -> Result<(), ClientTokenError> {
    granted(ctx, client, asked).await.map(|_| ())
}

/// Returns the client as it is now, and the one audience that it gets a token for.
async fn granted(
    ctx: &Context,
    client: &AuthenticatedClient,
    asked: &Asked,
) -> Result<(Client, String), ClientTokenError> {
    if !client.has_scope(TOKEN_EXCHANGE) {
        return Err(ClientTokenError::MayNotExchange);
    }
    let (_, client) = as_of_now(ctx, &client.client().id).await?;
    // A user's token is not limited to scopes. One that was would pass where the user's own does not.
    if let Some(scope) = asked.scope.as_deref().filter(|scope| !scope.is_empty()) {
        return Err(ClientTokenError::Scope { scope: scope.to_owned() });
    }
    match audiences(ctx, &client, asked)?.as_slice() {
        [one] => Ok((client, one.clone())),
        _ => Err(ClientTokenError::SeveralAudiences),
    }
}

/// A service that got hold of a token for another one must not use it here: a token comes from the user's client, or was
/// handed to this one.
fn is_addressed_to(ctx: &Context, client: &Client, subject: &SubjectToken) -> bool {
    let is_theirs = |audience: &String| {
        *audience == ctx.settings.issuer
            || audience == client.id.as_str()
            || client.audiences.contains(audience)
    };
    subject.audiences.iter().any(is_theirs)
}

/// The verifier has asked the revocation list. This asks the store, so that no replica that hears of an end late lengthens it.
fn still_holds(subject: &SubjectToken, (session, user): &(Session, Subject), now: Timestamp) -> bool {
    let organization = user.organization.as_ref().map(|organization| organization.status);
    session.state == SessionState::Active
        && session.absolute_expiry > now
        && session.user_id.to_string() == subject.sub
        && user.user.status == UserStatus::Active
        && organization.is_none_or(|status| status == OrganizationStatus::Active)
        && user.user.org_id.as_ref().map(crate::model::OrgId::as_str) == subject.org_id.as_deref()
}

fn narrowed(
    ctx: &Context,
    session: &Session,
    user: &Subject,
    subject: &SubjectToken,
    (audience, client): (String, &Client),
    now: Timestamp,
) -> AccessClaims {
    let iat = UnixTime::from_secs(now.as_second());
    let jti = claims::new_sessionless_jti(&*ctx.entropy);
    let whole = AccessClaims::new(&ctx.settings, session, user, jti, iat);
    let is_held = |role: &Role| subject.roles.iter().any(|held| held == role.as_str());
    AccessClaims {
        aud: vec![audience],
        exp: whole.exp.min(subject.expires_at),
        client_id: client.id.clone(),
        roles: whole.roles.into_iter().filter(is_held).collect(),
        rev: subject.rev,
        act: Some(Actor::chain(client.id.as_str(), &subject.actors)),
        ..whole
    }
}
