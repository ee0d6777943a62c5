use std::{convert::Infallible, sync::Arc};

use axum::{
    extract::FromRequestParts,
    http::{HeaderMap, HeaderName, Uri, header, request::Parts},
};
use handstamp_listen::Peer;

use super::{Site, Sites};
use crate::{
    AppState,
    config::{Network, PublicUrl},
};

static X_FORWARDED_HOST: HeaderName = HeaderName::from_static("x-forwarded-host");

/// Where a request is: on one of the sites, or at home. A host that nobody has configured is home, as it is without sites.
#[derive(Debug, Clone)]
pub(crate) struct Here(Option<Arc<Site>>);

impl Here {
    /// Finds out where a request is.
    pub(crate) fn of(state: &AppState, parts: &Parts) -> Self {
        let trusted = &state.config().server.trusted_proxies;
        state.sites().here(parts.extensions.get(), &parts.headers, &parts.uri, trusted)
    }

    /// Returns the site; `None` at home.
    pub(crate) fn site(&self) -> Option<&Site> {
        self.0.as_deref()
    }

    /// Returns where the world reaches the service here.
    pub(crate) fn url<'a>(&'a self, state: &'a AppState) -> &'a PublicUrl {
        self.site().map_or(state.public_url(), |site| &site.url)
    }
}

impl FromRequestParts<AppState> for Here {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, Infallible> {
        Ok(Self::of(state, parts))
    }
}

impl Sites {
    /// Finds out where a request is: as a trusted proxy says, or by its own `Host`.
    ///
    /// Whoever lies about it gets a code for that site in their own browser at worst, as they get by going there.
    pub(crate) fn here(
        &self,
        peer: Option<&Peer>,
        headers: &HeaderMap,
        uri: &Uri,
        trusted: &[Network],
    ) -> Here {
        if self.0.is_empty() {
            return Here(None);
        }
        let is_trusted =
            peer.is_some_and(|peer| trusted.iter().any(|network| network.contains(peer.address.ip())));
        let forwarded = headers.contains_key(&X_FORWARDED_HOST) && is_trusted;
        let named = if forwarded { only(headers, &X_FORWARDED_HOST) } else { only(headers, &header::HOST) };
        // HTTP/2 has it in the address.
        let authority = uri.authority().map(http::uri::Authority::as_str).filter(|_| !forwarded);
        let host = authority.or(named);
        Here(host.and_then(|host| self.0.iter().find(|site| is_at(&site.url, host))).cloned())
    }
}

/// Of two values, each reader would believe another one.
fn only<'h>(headers: &'h HeaderMap, name: &HeaderName) -> Option<&'h str> {
    let mut lines = headers.get_all(name).iter();
    let line = lines.next()?.to_str().ok()?.trim();
    (lines.next().is_none() && !line.contains(',')).then_some(line)
}

/// Compares host and port as browsers write them; the port of the scheme may be left out.
fn is_at(url: &PublicUrl, host: &str) -> bool {
    let (scheme, authority) = url.as_str().split_once("://").unwrap_or_default();
    let port = if scheme == "https" { ":443" } else { ":80" };
    let host = host.strip_suffix(port).unwrap_or(host);
    host.eq_ignore_ascii_case(authority)
}

#[cfg(test)]
mod tests {
    use axum::http::{HeaderMap, Uri};
    use handstamp_listen::Peer;

    use crate::{config::Config, sites::Sites};

    fn here(peer: &str, lines: &[(&'static str, &'static str)]) -> Option<String> {
        let text = "[server]\npublic_url = \"https://app.one.test\"\n[sites.shop]\nurl = \"https://shop.two.test\"\n\
                    [sites.port]\nurl = \"https://port.test:8443\"\n";
        let config = Config::load(Some(("handstamp.toml", text)), &[]).unwrap();
        let mut headers = HeaderMap::new();
        for (name, value) in lines {
            headers.append(*name, value.parse().unwrap());
        }
        let peer = Peer { address: peer.parse().unwrap(), tls: false };
        let trusted = ["10.0.0.0/8".parse().unwrap()];
        let here =
            Sites::new(&config).here(Some(&peer), &headers, &Uri::from_static("/auth/sign-in"), &trusted);
        here.site().map(|site| site.name.to_string())
    }

    const STRANGER: &str = "192.0.2.1:1";
    const PROXY: &str = "10.0.0.1:1";

    #[test]
    fn a_site_is_known_by_its_host() {
        for host in ["shop.two.test", "SHOP.two.test", "shop.two.test:443"] {
            assert_eq!(here(STRANGER, &[("host", host)]).as_deref(), Some("shop"), "{host}");
        }
        assert_eq!(here(STRANGER, &[("host", "port.test:8443")]).as_deref(), Some("port"));
    }

    #[test]
    fn every_other_host_is_home() {
        for host in [
            "app.one.test",
            "evil.test",
            "shop.two.test:8443",
            "shop.two.test.evil.test",
            "port.test",
            "xshop.two.test",
            "",
        ] {
            assert_eq!(here(STRANGER, &[("host", host)]), None, "{host}");
        }
        assert_eq!(here(STRANGER, &[]), None);
        assert_eq!(here(STRANGER, &[("host", "shop.two.test"), ("host", "app.one.test")]), None);
    }

    #[test]
    fn a_proxy_of_ours_is_believed_and_a_stranger_is_not() {
        let lines = [("host", "127.0.0.1:8600"), ("x-forwarded-host", "shop.two.test")];
        assert_eq!(here(PROXY, &lines).as_deref(), Some("shop"));
        assert_eq!(here(STRANGER, &lines), None);
        assert_eq!(here(PROXY, &[("host", "shop.two.test")]).as_deref(), Some("shop"));
    }

    #[test]
    fn what_proxies_disagree_about_is_home() {
        let two = [("x-forwarded-host", "shop.two.test"), ("x-forwarded-host", "app.one.test")];
        assert_eq!(here(PROXY, &two), None);
        assert_eq!(here(PROXY, &[("x-forwarded-host", "shop.two.test, app.one.test")]), None);
    }
}
