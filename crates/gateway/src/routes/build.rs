use handstamp_settings::Problems;
use http::Uri;
use url::Url;

use super::{Pattern, Rule, ServiceLimits};
use crate::config::{GatewayConfig, RouteConfig};

/// A service's route as the configuration says it, without anything that runs.
#[derive(Debug)]
pub(crate) struct Drafted {
    pub(crate) pattern: Pattern,
    pub(crate) rule: Rule,
    pub(crate) to: Vec<Uri>,
    pub(crate) strip_prefix: Option<String>,
    pub(crate) identity_headers: bool,
    pub(crate) http2: bool,
    pub(crate) health: Option<String>,
    pub(crate) limits: ServiceLimits,
}

/// Reads the routes; what cannot be one is told, and left out.
pub(crate) fn draft(config: &GatewayConfig, problems: &mut Problems) -> Vec<Drafted> {
    let mut drafted: Vec<Drafted> = Vec::new();
    for (index, route) in config.routes.iter().enumerate() {
        let key = format!("gateway.routes[{index}]");
        let Some(route) = one(config, route, &key, problems) else { continue };
        let text = route.pattern.to_string();
        if drafted.iter().any(|other| other.pattern == route.pattern) {
            problems.wrong(&format!("{key}.path"), format!("{text:?} has a route already"));
            continue;
        }
        if config.auth_paths.contains(&text) {
            problems.wrong(
                &format!("{key}.path"),
                format!("{text:?} is the auth service's: see gateway.auth_paths"),
            );
            continue;
        }
        drafted.push(route);
    }
    drafted
}

fn one(config: &GatewayConfig, route: &RouteConfig, key: &str, problems: &mut Problems) -> Option<Drafted> {
    let at = |name: &str| format!("{key}.{name}");
    let pattern = Pattern::parse(&route.path).map_err(|error| problems.wrong(&at("path"), error)).ok();
    let names_org = pattern.as_ref().is_some_and(Pattern::names_org);
    let rule = Rule::new(route, names_org).map_err(|error| problems.wrong(&at("access"), error)).ok();
    let to = targets(route, &at("to"), problems);
    let strip_prefix = route.strip_prefix.as_deref().map(|prefix| prefix.trim_end_matches('/'));
    if let (Some(prefix), Some(pattern)) = (strip_prefix, &pattern)
        && !pattern.begins_with(prefix)
    {
        problems.wrong(
            &at("strip_prefix"),
            format!("{prefix:?} is not the beginning of the path: whole segments of {:?}", route.path),
        );
        return None;
    }
    let has_path = |health: &String| health.starts_with('/') && health.parse::<Uri>().is_ok();
    if route.health.as_ref().is_some_and(|health| !has_path(health)) {
        problems.wrong(&at("health"), "must be a path of the service, such as \"/health/ready\"");
        return None;
    }
    let limits = ServiceLimits {
        timeout: route.timeout.unwrap_or(config.timeout),
        idle_timeout: route.idle_timeout.unwrap_or(config.idle_timeout),
        max_body: route.max_body.unwrap_or(config.max_body),
        retries: route.retries.unwrap_or(config.retries),
    };
    for (name, limit) in [("timeout", limits.timeout), ("idle_timeout", limits.idle_timeout)] {
        if limit.is_zero() {
            problems.wrong(&at(name), "no service could ever answer: more than 0s is needed");
            return None;
        }
    }
    Some(Drafted {
        pattern: pattern?,
        rule: rule?,
        to: to?,
        strip_prefix: strip_prefix.map(str::to_owned),
        identity_headers: route.identity_headers,
        http2: route.http2,
        health: route.health.clone(),
        limits,
    })
}

fn targets(route: &RouteConfig, key: &str, problems: &mut Problems) -> Option<Vec<Uri>> {
    if route.to.is_empty() {
        problems.wrong(key, "say where the service is: to = [\"http://127.0.0.1:9000\"]");
        return None;
    }
    let read = |text: &String| {
        target(text).or_else(|| {
            problems.wrong(
                key,
                format!("{text:?} is not the address of a service: write scheme, host and port only, such as \"http://10.0.0.1:9000\""),
            );
            None
        })
    };
    route.to.iter().map(read).collect()
}

/// Reads the origin of a service. A path would be put before every other: a route has `strip_prefix` for the opposite, and
/// nobody has needed it yet.
pub(crate) fn target(text: &str) -> Option<Uri> {
    let url = Url::parse(text).ok().filter(|url| matches!(url.scheme(), "http" | "https"))?;
    let is_bare = matches!(url.path(), "" | "/")
        && url.query().is_none()
        && url.fragment().is_none()
        && url.username().is_empty()
        && url.password().is_none();
    is_bare.then(|| url.origin().ascii_serialization().parse().ok()).flatten()
}
