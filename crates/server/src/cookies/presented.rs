use std::net::IpAddr;

use handstamp_api_types::ErrorCode;
use handstamp_core::{
    flows::{
        introspect,
        sign_out::{self, SignOut},
    },
    model::SessionId,
};
use handstamp_verify::cookies::{CookieError, Cookies};
use http::HeaderMap;

use crate::{
    AppState,
    access::{NamedSession, OriginPassed},
    problem::ApiError,
};

/// The cookies that a request brought. Reading them takes the proof that the request came from where it may.
#[derive(Clone, Copy)]
pub(crate) struct Presented<'a> {
    cookies: Cookies<'a>,
    state: &'a AppState,
}

/// A refresh token, and the session of the access token beside it.
#[derive(Clone, Copy)]
pub(crate) struct RefreshPair<'a> {
    pub(crate) token: &'a str,
    pub(crate) beside: SessionId,
}

impl<'a> Presented<'a> {
    pub(crate) fn new(headers: &'a HeaderMap, state: &'a AppState, _origin: OriginPassed) -> Self {
        Self { cookies: Cookies::new(headers), state }
    }

    /// Returns the refresh token, if there is one.
    pub(crate) fn refresh(&self) -> Result<Option<&'a str>, CookieError> {
        self.cookies.get(&self.state.cookie_names().refresh)
    }

    /// Returns the access token, which may have expired.
    pub(crate) fn access(&self) -> Result<Option<&'a str>, CookieError> {
        self.cookies.get(&self.state.cookie_names().access)
    }

    /// Returns the session that the access token names.
    pub(crate) fn session(&self) -> Result<Option<NamedSession>, CookieError> {
        Ok(self.access()?.and_then(|token| self.state.gate().session_named_by(token)))
    }

    /// Returns the session of the refresh token, if a refresh would take that now and no access token beside it names another.
    ///
    /// A token that was replaced long ago may have been copied by anybody since: it proves nothing.
    pub(crate) async fn refresh_session(&self) -> Result<Option<SessionId>, ApiError> {
        // A second refresh cookie, which a neighbouring host can plant, must not stand in the way of a sign-out.
        let Some(token) = self.refresh().ok().flatten() else { return Ok(None) };
        let beside = self.session()?.map(NamedSession::beside_refresh);
        let found = introspect::refresh_token(self.state.core(), token, self.state.now()).await?;
        let session = found.map(|(session, _)| session.id);
        Ok(session.filter(|session| beside.is_none_or(|beside| beside == *session)))
    }

    /// Returns what a refresh by cookie takes: both cookies. One without the other is worth nothing.
    pub(crate) fn refresh_pair(&self) -> Result<RefreshPair<'a>, ApiError> {
        let Some(token) = self.refresh()? else {
            return Err(ApiError::new(ErrorCode::TokenMissing).detail("There is no refresh cookie. Sign in."));
        };
        if self.access()?.is_none() {
            return Err(ApiError::new(ErrorCode::TokenMissing).detail(
                "The refresh cookie is taken only beside the access cookie of the same session. Sign in.",
            ));
        }
        let beside = self.session()?.map(NamedSession::beside_refresh).ok_or_else(|| {
            ApiError::new(ErrorCode::TokenInvalid)
                .detail("The access cookie beside the refresh cookie is not ours. Sign in.")
        })?;
        Ok(RefreshPair { token, beside })
    }

    /// Returns the session that the browser holds, as a token proves that is good now. An old access token proves nothing.
    pub(crate) async fn held_session(&self) -> Option<SessionId> {
        let access = self.access().ok().flatten();
        let valid = access.and_then(|token| self.state.gate().verifier().try_verify(token).ok());
        match valid.and_then(|principal| principal.sid().and_then(|sid| sid.parse().ok())) {
            Some(session) => Some(session),
            None => self.refresh_session().await.ok().flatten(),
        }
    }

    /// Ends the session that a sign-in in the same browser has replaced: its cookies are gone, so nobody else could
    /// (ASVS 7.2.4). A failure costs nothing but an entry in the list of devices.
    pub(crate) async fn end_replaced_session(&self, new: SessionId, address: Option<IpAddr>) {
        // The refresh token proves that the browser held the session; an old access token alone must not end one.
        let Ok(Some(old)) = self.refresh_session().await else { return };
        self.end_session_replaced_by(new, old, address).await;
    }

    /// Ends this session, which the browser has proved to hold, in favour of the new one.
    pub(crate) async fn end_session_replaced_by(
        &self,
        new: SessionId,
        old: SessionId,
        address: Option<IpAddr>,
    ) {
        if old == new {
            return;
        }
        let core = self.state.core();
        let ended = async {
            let found = core.store.session(old).await?;
            let Some(session) = found.filter(|session| session.is_live(self.state.now())) else {
                return Ok(0);
            };
            let command = SignOut { user: session.user_id, session: old, everywhere: false, address };
            sign_out::sign_out(core, command, self.state.now()).await
        };
        match ended.await {
            Ok(_) => self.state.follow_revocations().await,
            Err(error) => {
                tracing::warn!(error = &error as &dyn std::error::Error, "ending a replaced session failed");
            }
        }
    }
}
