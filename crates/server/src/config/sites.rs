use std::collections::BTreeMap;

use handstamp_core::model::SiteName;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{CookieConfig, Problems, PublicUrl, ServerConfig};

/// `[sites.NAME]`: another domain to which sign-ins at the public URL are carried. `/auth/*` there has to lead to this service.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct SiteConfig {
    /// Where the world reaches the site, such as `https://shop.example`: scheme and host only.
    pub url: String,
}

/// Checks all sites: against each other, and against what they share.
pub(super) fn check(
    sites: &BTreeMap<String, SiteConfig>,
    server: &ServerConfig,
    cookies: &CookieConfig,
    problems: &mut Problems,
) {
    if sites.is_empty() {
        return;
    }
    // What cannot be read is reported there.
    let home = server.public_url.as_deref().and_then(|url| PublicUrl::parse(url, server.insecure_http).ok());
    if server.public_url.is_none() {
        problems.wrong("sites", "people sign in at server.public_url: set it");
    }
    if cookies.domain.is_some() {
        problems.wrong(
            "sites",
            "with cookies.domain the cookies belong to one domain and would be lost on others: leave that out",
        );
    }
    let mut hosts: BTreeMap<String, &str> = BTreeMap::new();
    hosts.extend(home.iter().map(|home| (home.host(), "server.public_url")));
    for (name, site) in sites {
        let key = format!("sites.{name}.url");
        if let Err(error) = name.parse::<SiteName>() {
            problems.wrong(&format!("sites.{name}"), error);
        }
        let url = match PublicUrl::parse(&site.url, server.insecure_http) {
            Ok(url) => url,
            Err(error) => {
                problems.wrong(&key, error);
                continue;
            }
        };
        // The names of cookies tell how they came: one set of names for all.
        let kind = |url: &PublicUrl| (url.is_https(), url.is_trustworthy());
        if home.as_ref().is_some_and(|home| kind(home) != kind(&url)) {
            problems
                .wrong(&key, "must be https where server.public_url is, and on this machine where that is");
        }
        // Ports of one host share one cookie jar.
        if let Some(other) = hosts.insert(url.host(), name) {
            problems
                .wrong(&key, format_args!("{other} is at the same host, and they would share their cookies"));
        }
    }
}
