use std::collections::BTreeSet;

use handstamp_token::UnixTime;
use jiff::Timestamp;

use super::{Asked, ClientToken, ClientTokenError, as_of_now, audiences};
use crate::{
    Context,
    claims::{self, ClientClaims},
    flows::clients::AuthenticatedClient,
    minting,
    model::Client,
};

/// Issues a token of the client's own ([RFC 6749 §4.4](https://www.rfc-editor.org/rfc/rfc6749#section-4.4)).
pub async fn client_credentials(
    ctx: &Context,
    client: &AuthenticatedClient,
    asked: &Asked,
    now: Timestamp,
) -> Result<ClientToken, ClientTokenError> {
    let (rev, client) = as_of_now(ctx, &client.client().id).await?;
    let scope = scope(&client, asked)?;
    let iat = UnixTime::from_secs(now.as_second());
    let claims = ClientClaims {
        iss: ctx.settings.issuer.clone(),
        sub: client.id.clone(),
        aud: audiences(ctx, &client, asked)?,
        exp: iat.saturating_add(ctx.settings.tokens.lifetime),
        iat,
        jti: claims::new_sessionless_jti(&*ctx.entropy),
        client_id: client.id,
        scope: scope.clone(),
        rev,
    };
    let text = minting::seal(ctx, &claims)?;
    Ok(ClientToken { text, scope, expires_in: ctx.settings.tokens.lifetime })
}

/// Without a wish the client gets all it may have (RFC 6749 §3.3).
fn scope(client: &Client, asked: &Asked) -> Result<Option<String>, ClientTokenError> {
    let may_have: BTreeSet<&str> = client.token_scopes().collect();
    let granted = match &asked.scope {
        None => may_have,
        Some(asked) => {
            let asked: BTreeSet<&str> = asked.split(' ').filter(|scope| !scope.is_empty()).collect();
            if let Some(&scope) = asked.difference(&may_have).next() {
                return Err(ClientTokenError::Scope { scope: scope.to_owned() });
            }
            asked
        }
    };
    let granted: Vec<_> = granted.into_iter().collect();
    Ok((!granted.is_empty()).then(|| granted.join(" ")))
}
