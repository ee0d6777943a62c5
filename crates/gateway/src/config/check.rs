//! What settings must be alone and together.

use handstamp_settings::{Problems, PublicUrl, duration};
use handstamp_verify::MAX_LEEWAY;
use handstamp_verify::csrf::AllowedOrigins;
use url::Url;

use super::GatewayConfig;
use crate::routes::{self, Pattern};

/// What to do about a gateway that knows no auth service.
pub(crate) const AUTH_MISSING: &str =
    "say where the auth service is, such as auth = \"http://127.0.0.1:8600\"";

pub(super) fn gateway(config: &GatewayConfig, problems: &mut Problems) {
    if let Some(url) = &config.public_url
        && let Err(error) = PublicUrl::parse(url, config.insecure_http)
    {
        problems.wrong("gateway.public_url", error);
    }
    if let Err(error) = AllowedOrigins::new(&config.allowed_origins) {
        problems.wrong("gateway.allowed_origins", error);
    }
    config.tls.check("gateway", config.listen, config.public_url.as_deref(), problems);
    auth(config, problems);
    tokens(config, problems);
    limits(config, problems);
    routes::draft(config, problems);
}

fn auth(config: &GatewayConfig, problems: &mut Problems) {
    // A file without a word on the gateway is the auth service's alone.
    if config.auth.is_none() && *config != GatewayConfig::default() {
        problems.wrong("gateway.auth", AUTH_MISSING);
    }
    if let Some(text) = &config.auth {
        match routes::target(text) {
            None => problems.wrong(
                "gateway.auth",
                format!("{text:?} is not the address of a service: write scheme, host and port only, such as \"http://127.0.0.1:8600\""),
            ),
            Some(_) if !config.insecure_auth && PublicUrl::parse(text, false).is_err() => problems.wrong(
                "gateway.auth",
                format!("{text:?} is plain http to another machine: whoever stands between could sign in as anybody. Use https, or set gateway.insecure_auth = true if the network itself is trusted"),
            ),
            Some(_) => {}
        }
    }
    if let Some(issuer) = &config.issuer
        && Url::parse(issuer).is_err()
    {
        problems.wrong(
            "gateway.issuer",
            format!("{issuer:?} is not a URL: write it as it stands in the tokens' iss"),
        );
    }
    for path in &config.auth_paths {
        if let Err(error) = Pattern::parse(path) {
            problems.wrong("gateway.auth_paths", format!("{path:?}: {error}"));
        }
    }
}

fn tokens(config: &GatewayConfig, problems: &mut Problems) {
    if config.algorithms.is_empty() {
        problems.wrong("gateway.algorithms", "no token could ever be verified: name one at least");
    }
    for algorithm in config.algorithms.iter().filter(|algorithm| algorithm.is_symmetric()) {
        problems.wrong(
            "gateway.algorithms",
            format!("{algorithm} is not for a gateway: whoever can verify it could sign, and the gateway is the first to be attacked"),
        );
    }
    if config.leeway > MAX_LEEWAY {
        problems.wrong(
            "gateway.leeway",
            format!(
                "must not be above {}: revocations are forgotten after that",
                duration::format(MAX_LEEWAY)
            ),
        );
    }
    if config.client_id.is_none() && config.client_secret_file.is_some() {
        problems.wrong("gateway.client_secret_file", "whose secret is it? Set gateway.client_id too");
    }
}

fn limits(config: &GatewayConfig, problems: &mut Problems) {
    let durations = [
        ("gateway.max_stale", config.max_stale),
        ("gateway.header_timeout", config.header_timeout),
        ("gateway.keep_alive", config.keep_alive),
        ("gateway.write_timeout", config.write_timeout),
        ("gateway.connect_timeout", config.connect_timeout),
        ("gateway.timeout", config.timeout),
        ("gateway.idle_timeout", config.idle_timeout),
    ];
    for (key, _) in durations.into_iter().filter(|(_, duration)| duration.is_zero()) {
        problems.wrong(key, "nothing could ever be done in no time: more than 0s is needed");
    }
    if config.max_connections == 0 {
        problems.wrong("gateway.max_connections", "nobody could ever connect: 1 at least");
    }
    if config.max_connections_per_address == 0 {
        problems.wrong("gateway.max_connections_per_address", "nobody could ever connect: 1 at least");
    }
    // hyper takes no smaller buffer.
    if config.max_header < 8 * 1024 {
        problems.wrong(
            "gateway.max_header",
            format!("{} bytes are too few for the cookies of a site: 8192 at least", config.max_header),
        );
    }
}
