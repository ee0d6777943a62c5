//! Asking an upstream whether a session goes on there.

use handstamp_core::flows::upstream::{Recheck, RecheckOutcome, RecheckSecret, UpstreamIdentity};
use handstamp_token::UnixTime;
use jiff::Timestamp;
use tokio::time::{Instant, timeout_at};

use super::{Claims, Upstream, UpstreamError, Upstreams, code_flow::Grant, discovery::Metadata};
use crate::problem::Chain;

/// What an upstream is asked with.
pub(crate) enum Held<'s> {
    /// A refresh token of its, which came with a sign-in.
    RefreshToken(&'s str),
    /// The session token that was exchanged.
    SessionToken(&'s str),
}

const REFRESH: &str = "refresh:";
const SESSION: &str = "session:";

impl<'s> Held<'s> {
    pub(crate) fn secret(&self) -> RecheckSecret {
        RecheckSecret::new(match self {
            Self::RefreshToken(token) => format!("{REFRESH}{token}"),
            Self::SessionToken(token) => format!("{SESSION}{token}"),
        })
    }

    fn of(secret: &'s RecheckSecret) -> Option<Self> {
        let text = secret.reveal();
        let refresh = text.strip_prefix(REFRESH).map(Self::RefreshToken);
        refresh.or_else(|| text.strip_prefix(SESSION).map(Self::SessionToken))
    }
}

impl Upstreams {
    /// Asks, and has an answer by then: afterwards somebody else may ask with the same token, which may be good once. Whatever is
    /// neither yes nor no is no answer, and in the log.
    pub(crate) async fn recheck(&self, recheck: &Recheck, by: Instant, now: Timestamp) -> RecheckOutcome {
        // An upstream that is gone from the configuration is never asked.
        let Some(upstream) = self.find(recheck.upstream.as_str()) else { return RecheckOutcome::Unreachable };
        let Some(held) = Held::of(&recheck.secret) else { return RecheckOutcome::Unreachable };
        let answer = match held {
            Held::RefreshToken(token) => upstream.renew(token, recheck.subject.sub(), by, now).await,
            Held::SessionToken(token) => in_time(by, upstream.who_holds(token, now)).await,
        };
        match answer {
            Ok(Some(identity)) => RecheckOutcome::StillThere(Box::new(identity)),
            Ok(None) => RecheckOutcome::Ended,
            Err(error) => {
                let (upstream, cause) = (recheck.upstream.as_str(), Chain(&error).to_string());
                tracing::warn!(upstream, cause, "an upstream did not say whether a session goes on");
                RecheckOutcome::Unreachable
            }
        }
    }
}

impl Upstream {
    /// Renews the upstream's tokens, and reads from them what holds of the person now. `None`: it takes the refresh token no more.
    async fn renew(
        &self,
        refresh_token: &str,
        sub: &str,
        by: Instant,
        now: Timestamp,
    ) -> Result<Option<UpstreamIdentity>, UpstreamError> {
        let metadata = in_time(by, self.metadata()).await?;
        let now = UnixTime::from_secs(now.as_second());
        let grant =
            match self.code_flow(&metadata).renew(self.http(), refresh_token, self.entropy(), now).await {
                Ok(grant) => grant,
                Err(UpstreamError::CodeRefused { error, .. }) if error == "invalid_grant" => return Ok(None),
                Err(error) => return Err(error),
            };
        let identity = self.renewed(&metadata, &grant, sub, by, now).await?;
        // Without a new one, the one before goes on (RFC 6749 §6).
        let next = grant.refresh_token.as_deref().map_or(refresh_token, |token| token.as_str());
        Ok(Some(UpstreamIdentity { recheck: Some(Held::RefreshToken(next).secret()), ..identity }))
    }

    /// Returns what holds of the person now. Where that cannot be found out, they are who they were: the upstream has taken the token,
    /// and a new one that came with the answer must not be lost.
    async fn renewed(
        &self,
        metadata: &Metadata,
        grant: &Grant,
        sub: &str,
        by: Instant,
        now: UnixTime,
    ) -> Result<UpstreamIdentity, UpstreamError> {
        let said = in_time(by, self.what_renewal_says(metadata, grant, now)).await;
        match said.and_then(|claims| self.mapped_as_far_as_said(metadata, &claims)) {
            Ok(identity) => Ok(identity),
            Err(error) => {
                let cause = Chain(&error).to_string();
                tracing::warn!(upstream = %self.name(), cause, "an upstream renewed its tokens and did not say who it is");
                let path = self.config().claims.subject.clone();
                let known = Claims::new(serde_json::Map::from_iter([(path, sub.into())]));
                self.mapped_as_far_as_said(metadata, &known)
            }
        }
    }

    /// An ID token may come with a renewal, and then has no nonce; without one it is the userinfo endpoint that says who it is
    /// ([OpenID Connect Core §12.2](https://openid.net/specs/openid-connect-core-1_0.html#RefreshTokenResponse)).
    async fn what_renewal_says(
        &self,
        metadata: &Metadata,
        grant: &Grant,
        now: UnixTime,
    ) -> Result<Claims, UpstreamError> {
        let Some((validator, _)) = self.id_token_validator().zip(grant.id_token.as_ref()) else {
            let said = self.userinfo(metadata, &grant.access_token).await?;
            return said.map(Claims::new).ok_or(UpstreamError::NoIdToken);
        };
        let mut claims = self.id_token_claims(metadata, validator, grant, now).await?;
        self.add_userinfo(metadata, &grant.access_token, &mut claims).await?;
        Ok(claims)
    }

    /// Returns who somebody is here. What the upstream does not say this time stays as it is.
    pub(super) fn mapped_as_far_as_said(
        &self,
        metadata: &Metadata,
        claims: &Claims,
    ) -> Result<UpstreamIdentity, UpstreamError> {
        let mut identity = self.mapped(metadata, claims)?;
        let is_said = |path: &Option<String>| path.as_deref().is_some_and(|path| claims.at(path).is_some());
        let paths = &self.config().claims;
        identity.roles = identity.roles.filter(|_| is_said(&paths.roles));
        identity.org = identity.org.filter(|_| is_said(&paths.org));
        Ok(identity)
    }
}

async fn in_time<T>(
    by: Instant,
    work: impl Future<Output = Result<T, UpstreamError>>,
) -> Result<T, UpstreamError> {
    timeout_at(by, work).await.unwrap_or(Err(UpstreamError::TooSlow))
}

#[cfg(test)]
mod tests {
    use handstamp_core::flows::upstream::RecheckSecret;

    use super::Held;

    #[test]
    fn what_is_asked_with_comes_back_as_what_it_was() {
        let read = |secret: &RecheckSecret| match Held::of(secret) {
            Some(Held::RefreshToken(token)) => Some(("refresh", token.to_owned())),
            Some(Held::SessionToken(token)) => Some(("session", token.to_owned())),
            None => None,
        };

        assert_eq!(read(&Held::RefreshToken("a:b").secret()), Some(("refresh", "a:b".to_owned())));
        assert_eq!(
            read(&Held::SessionToken("refresh:x").secret()),
            Some(("session", "refresh:x".to_owned()))
        );
        assert_eq!(read(&RecheckSecret::new("what a later version keeps")), None);
    }
}
