use std::sync::Arc;
use std::time::Duration;

use futures_util::{Stream, StreamExt};
use handstamp_api_types::Rev;
use handstamp_token::UnixTime;
use tokio::sync::watch;
use tokio::time::sleep;

use super::{Memo, Revocations, SilencePolicy, TokenIdentity, Verdict};
use crate::Clock;

/// Watches the token behind an open connection: an event stream or WebSocket ends when its session does.
///
/// Ends within some 50 ms of the news, and at the token's expiry: the client comes back with a fresh one.
pub struct Watch {
    revocations: Revocations,
    token: Token,
    memo: Memo,
    expires_at: UnixTime,
    policy: SilencePolicy,
    clock: Arc<dyn Clock>,
    changes: Option<watch::Receiver<u64>>,
}

/// Why a connection has to end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Ended {
    /// The token has expired.
    Expired,
    /// Its claims are out of date: refresh and come back.
    Stale,
    /// It was taken back.
    Revoked,
    /// There is no news, and the policy says to refuse then.
    Unavailable,
}

/// A [`TokenIdentity`] of its own.
struct Token {
    rev: Option<Rev>,
    kid: String,
    jti: String,
    sid: Option<String>,
    sub: String,
    org_id: Option<String>,
    client_id: Option<String>,
    iat: UnixTime,
}

/// In a busy log every event wakes every watch. This often at most, or ten thousand connections would do nothing else.
const BETWEEN_CHECKS: Duration = Duration::from_millis(50);

/// Time passes without waking anybody: expiry and silence are looked for this often.
const AT_LEAST: Duration = Duration::from_secs(1);

impl Revocations {
    /// Watches a verified token for as long as a connection is open.
    pub fn watch(
        &self,
        token: &TokenIdentity<'_>,
        expires_at: UnixTime,
        policy: SilencePolicy,
        clock: Arc<dyn Clock>,
    ) -> Watch {
        let token = Token::from(token);
        let changes = self.changes();
        Watch { revocations: self.clone(), token, memo: Memo::default(), expires_at, policy, clock, changes }
    }
}

impl Watch {
    /// Waits until the connection has to end. Nothing is lost when the future is dropped and made again.
    pub async fn ended(&mut self) -> Ended {
        loop {
            if let Some(ended) = self.look() {
                return ended;
            }
            sleep(BETWEEN_CHECKS).await;
            let Some(changes) = &mut self.changes else {
                sleep(AT_LEAST).await;
                continue;
            };
            tokio::select! {
                news = changes.changed() => if news.is_err() {
                    // The feed has ended, and with it the news; its silence shows in time.
                    self.changes = None;
                },
                () = sleep(AT_LEAST) => {}
            }
        }
    }

    /// Returns the stream, cut off when the connection has to end.
    pub fn guard<S: Stream>(mut self, stream: S) -> impl Stream<Item = S::Item> {
        stream.take_until(async move { self.ended().await })
    }

    fn look(&self) -> Option<Ended> {
        let now = self.clock.now();
        if now >= self.expires_at {
            return Some(Ended::Expired);
        }
        match self.revocations.check(&self.token.identity(), &self.memo, self.policy, now) {
            Verdict::Pass => None,
            Verdict::Stale { .. } => Some(Ended::Stale),
            Verdict::Dead => Some(Ended::Revoked),
            Verdict::Unavailable { .. } => Some(Ended::Unavailable),
        }
    }
}

impl Token {
    fn identity(&self) -> TokenIdentity<'_> {
        TokenIdentity {
            rev: self.rev,
            kid: &self.kid,
            jti: &self.jti,
            sid: self.sid.as_deref(),
            sub: &self.sub,
            org_id: self.org_id.as_deref(),
            client_id: self.client_id.as_deref(),
            iat: self.iat,
        }
    }
}

impl From<&TokenIdentity<'_>> for Token {
    fn from(token: &TokenIdentity<'_>) -> Self {
        Self {
            rev: token.rev,
            kid: token.kid.to_owned(),
            jti: token.jti.to_owned(),
            sid: token.sid.map(str::to_owned),
            sub: token.sub.to_owned(),
            org_id: token.org_id.map(str::to_owned),
            client_id: token.client_id.map(str::to_owned),
            iat: token.iat,
        }
    }
}
