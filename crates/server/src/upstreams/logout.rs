//! The end of a session on both sides: what an upstream tells us of its own, and where people end theirs there.

use handstamp_core::{
    flows::upstream::UpstreamLogout,
    model::{UpstreamSelector, UpstreamSid, UpstreamSubject},
};
use handstamp_token::{UnixTime, Validator, VerifiedToken};
use jiff::Timestamp;
use serde::Deserialize;
use url::Url;

use super::{Upstream, UpstreamError, mapping::IdentityError};

/// What a logout token says besides what every token says.
#[derive(Deserialize)]
struct LogoutClaims {
    sid: Option<String>,
}

impl Upstream {
    /// Verifies a logout token
    /// ([OpenID Connect Back-Channel Logout §2.6](https://openid.net/specs/openid-connect-backchannel-1_0.html#Validation)).
    /// `Ok(None)`: this upstream signs nothing, so that there is no such token.
    pub(crate) async fn logout(
        &self,
        token: &str,
        now: Timestamp,
    ) -> Result<Option<UpstreamLogout>, UpstreamError> {
        let Some(validator) = self.logout_validator() else { return Ok(None) };
        let metadata = self.metadata().await?;
        let keys = self.issuer_keys(&metadata, validator.issuer())?;
        let now = UnixTime::from_secs(now.as_second());
        let verified = keys.verify::<LogoutClaims>(validator, token, now).await?;
        self.forget_holders();
        let registered = verified.registered();
        // Nobody takes it after that, however far apart the clocks of replicas are.
        let expires_at = registered.exp().saturating_add(Validator::MAX_LEEWAY);
        Ok(Some(UpstreamLogout {
            upstream: self.name().clone(),
            what: what(validator.issuer(), &verified).map_err(UpstreamError::Identity)?,
            token_id: registered.jti().unwrap_or_default().to_owned(),
            expires_at: Timestamp::from_second(expires_at.as_secs()).unwrap_or(Timestamp::MAX),
        }))
    }

    /// Returns where people end their session there as well
    /// ([OpenID Connect RP-Initiated Logout §2](https://openid.net/specs/openid-connect-rpinitiated-1_0.html#RPLogout)), if it has
    /// such a place. From there they may come back to the sign-in page.
    ///
    /// It names us and no ID token: we keep none. The upstream asks people whether they mean it.
    pub(crate) async fn end_session_url(&self, sign_in_page: &Url) -> Result<Option<Url>, UpstreamError> {
        let metadata = self.metadata().await?;
        let Some(endpoint) = &metadata.end_session_endpoint else { return Ok(None) };
        let mut url = endpoint.url().clone();
        url.query_pairs_mut()
            .append_pair("client_id", &self.config().client_id)
            .append_pair("post_logout_redirect_uri", sign_in_page.as_str());
        Ok(Some(url))
    }
}

/// A token may name the session, the person or both: the session is the narrower.
fn what(issuer: &str, token: &VerifiedToken<LogoutClaims>) -> Result<UpstreamSelector, IdentityError> {
    if let Some(sid) = &token.claims().sid {
        let sid: UpstreamSid = sid.parse()?;
        return Ok(UpstreamSelector::Session { issuer: issuer.to_owned(), sid });
    }
    let sub = token.registered().sub().unwrap_or_default();
    Ok(UpstreamSelector::Subject(UpstreamSubject::new(issuer, sub)?))
}
