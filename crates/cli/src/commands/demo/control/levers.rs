use std::collections::BTreeMap;
use std::str::FromStr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use handstamp_core::Context;
use handstamp_core::flows::sessions::{self, SessionsError};
use handstamp_core::flows::users;
use handstamp_core::minting::ACCESS_TOKEN_TYP;
use handstamp_core::model::{Role, UserId};
use handstamp_verify::Principal;
use http::HeaderValue;
use serde_json::{Map, Value};
use tokio::task::AbortHandle;

use super::Refusal;
use crate::commands::demo::auth_service::Handle;
use crate::edge::clock;

/// How long somebody stays disabled: time to see the page lose them and the sign-in refuse them.
pub(super) const DISABLED: Duration = Duration::from_secs(20);

/// What the levers pull at: the auth service's flows, as its administrator would use them.
#[derive(Clone)]
pub(in crate::commands::demo) struct Levers {
    context: Arc<Context>,
    auth: Handle,
    cookie_name: Arc<str>,
    disabled: Arc<Mutex<BTreeMap<UserId, AbortHandle>>>,
}

impl Levers {
    pub(in crate::commands::demo) fn new(context: Arc<Context>, auth: Handle, cookie_name: &str) -> Self {
        Self { context, auth, cookie_name: cookie_name.into(), disabled: Arc::default() }
    }

    /// Returns a cookie with these claims, expired a second ago. Nobody else is handed one.
    pub(super) fn expired_token(&self, mut claims: Map<String, Value>) -> Result<HeaderValue, Refusal> {
        let expired = clock::now().as_second() - 1;
        claims.insert("exp".to_owned(), expired.into());
        claims.insert("iat".to_owned(), (expired - 60).into());
        let key = self.context.keyring.signing_key();
        let token = key.sign(ACCESS_TOKEN_TYP, &claims).map_err(Refusal::stuck)?;
        // The browser keeps it as it keeps the real ones: an expired token still names its session.
        let line = format!(
            "{}={token}; Max-Age=86400; Path=/; Secure; HttpOnly; SameSite=Lax; Priority=High",
            self.cookie_name
        );
        let mut cookie = HeaderValue::try_from(line).map_err(Refusal::stuck)?;
        cookie.set_sensitive(true);
        Ok(cookie)
    }

    pub(super) async fn end_session(&self, caller: &Principal) -> Result<(), Refusal> {
        let session = parsed(caller.sid().unwrap_or_default())?;
        match sessions::end_own(&self.context, user(caller)?, session, None, clock::now()).await {
            // Over is over.
            Ok(()) | Err(SessionsError::NotFound) => {}
            Err(cause) => return Err(Refusal::stuck(cause)),
        }
        self.auth.publish().await;
        Ok(())
    }

    pub(super) async fn set_roles(
        &self,
        caller: &Principal,
        roles: impl Iterator<Item = &str>,
    ) -> Result<(), Refusal> {
        let user = user(caller)?;
        let roles = roles.map(str::parse::<Role>).collect::<Result<_, _>>().map_err(Refusal::stuck)?;
        users::set_roles(&self.context, user, roles, None, clock::now()).await.map_err(Refusal::stuck)?;
        self.auth.publish().await;
        Ok(())
    }

    /// Disables the caller for [`DISABLED`].
    pub(super) async fn disable(&self, caller: &Principal) -> Result<(), Refusal> {
        let user = user(caller)?;
        users::disable(&self.context, user, None, clock::now()).await.map_err(Refusal::stuck)?;
        self.auth.publish().await;
        let levers = self.clone();
        let later = tokio::spawn(async move {
            tokio::time::sleep(DISABLED).await;
            levers.enable(user).await;
        });
        let mut disabled = self.disabled.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(earlier) = disabled.insert(user, later.abort_handle()) {
            earlier.abort();
        }
        Ok(())
    }

    pub(super) fn send_auth_service_away(&self) {
        self.auth.send_away();
    }

    /// Enables at once whoever is still disabled: kept data must not begin the next time with somebody locked out.
    pub(in crate::commands::demo) async fn let_go(&self) {
        let waiting = std::mem::take(&mut *self.disabled.lock().unwrap_or_else(PoisonError::into_inner));
        for (user, later) in waiting {
            later.abort();
            self.enable(user).await;
        }
    }

    async fn enable(&self, user: UserId) {
        self.disabled.lock().unwrap_or_else(PoisonError::into_inner).remove(&user);
        if let Err(cause) = users::enable(&self.context, user, None, clock::now()).await {
            tracing::error!(%cause, %user, "somebody the demo has disabled stays so: handstamp user enable");
        }
    }
}

fn user(caller: &Principal) -> Result<UserId, Refusal> {
    parsed(caller.sub())
}

fn parsed<T: FromStr>(id: &str) -> Result<T, Refusal> {
    id.parse().map_err(|_| Refusal::Nobody)
}
