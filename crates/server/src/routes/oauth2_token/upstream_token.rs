use handstamp_api_types::OAuthErrorCode;
use handstamp_core::flows::{
    client_tokens::{Asked, SubjectToken, check_exchange},
    clients::AuthenticatedClient,
    upstream::exchanged_before,
};

use super::super::exchanged::{By, Exchanging, NotExchanged};
use crate::{AppState, layers::ClientAddress, problem::OAuthRefusal};

/// A subject token that an upstream has issued, and the client that presents it.
pub(super) struct Presented<'a> {
    pub(super) client: &'a AuthenticatedClient,
    pub(super) asked: &'a Asked,
    /// The upstream's name: what `subject_issuer` says.
    pub(super) issuer: &'a str,
    pub(super) token: &'a str,
    pub(super) address: ClientAddress,
}

/// Returns what a token of our own would say of the holder of an upstream's token.
///
/// The client acts in a session that begins when it first brings a token, and is found again when it brings the same one: a service
/// that asks for every request of its own does not fill the list of sessions.
pub(super) async fn subject(
    state: &AppState,
    presented: &Presented<'_>,
) -> Result<SubjectToken, OAuthRefusal> {
    let (core, now) = (state.core(), state.now());
    check_exchange(core, presented.client, presented.asked).await?;
    let upstream = state.upstreams().find(presented.issuer).ok_or_else(|| {
        OAuthRefusal::new(
            OAuthErrorCode::InvalidRequest,
            "subject_issuer names no upstream of the configuration",
        )
    })?;
    let (token, address) = (presented.token, presented.address);
    let exchanging = Exchanging { state, upstream, token, address, by: By::Client };
    let refused = |why: NotExchanged| exchanging.oauth_refusal(why);
    let identity = exchanging.holder().await.map_err(refused)?;
    let client = &presented.client.client().id;
    let place = upstream.session_of(client.as_str(), presented.token, now);
    // Whoever else brings the same token waits for the session that is begun.
    let mut session = place.lock().await;
    if let Some(id) = *session {
        let before = exchanged_before(core, id, &identity, now).await;
        if let Some((session, user)) = before.map_err(|error| OAuthRefusal::Ours(error.into()))? {
            return Ok(SubjectToken::of_session(core, &session, &user, now));
        }
    }
    let device = format!("{client}, by a token of {}", upstream.label());
    let issued = exchanging.begin(identity, device).await.map_err(refused)?;
    *session = Some(issued.session.id);
    Ok(SubjectToken::of_session(core, &issued.session, &issued.subject, now))
}
