use std::path::Path;
use std::time::Duration;

use handstamp_demo::{orders, profiles};
use handstamp_server::config::{Config, Override};

use super::control;
use super::system::Places;
use crate::edge::settings;
use crate::failure::Failure;

/// Long enough to paste a whole tour with one token, short enough to see it renewed.
const TOKEN_LIFETIME: &str = "5m";

/// Returns the auth service's configuration: the demo's defaults, variables above them, what the demo needs on top.
pub(super) fn of_auth_service(
    places: &Places,
    data: &Path,
    token_lifetime: Option<Duration>,
) -> Result<Config, Failure> {
    let audiences = format!("{},{},{}", orders::AUDIENCE, profiles::AUDIENCE, control::AUDIENCE);
    let flag = |key: &str, value: &str| Override::flag("demo", key, value);
    let mut above = vec![
        flag("server.public_url", &places.auth),
        flag("server.allowed_origins", &places.app),
        flag("server.shutdown_timeout", "1s"),
        // From the account page back to where people work.
        flag("pages.home", &format!("{}/", places.app)),
        flag("storage.data", &data.to_string_lossy()),
        flag("tokens.audiences", &audiences),
        // Whoever reaches the feed is on this machine; it names nobody.
        flag("revocation.subscribers", "open"),
        // What the demo's services accept.
        flag("tokens.algorithm", "ES256"),
    ];
    if let Some(lifetime) = token_lifetime {
        let text = format!("{}ms", lifetime.as_millis());
        above.push(Override::flag("--token-lifetime", "tokens.lifetime", text));
    }
    let mut config = settings::around_variables(&[flag("tokens.lifetime", TOKEN_LIFETIME)], &above)?;
    // They hold no key to decrypt with, whatever the variables say.
    config.tokens.encryption_key_file = None;
    Ok(config)
}
