//! The auth service's cookies, under the names of this host.
//!
//! The auth service hands out cookies for a host of its own. The gateway gives them names that this host's browser keeps most
//! strictly, translates back towards the auth service, and lets no service behind see any of them.

mod clear_site_data;
mod request;
mod set_cookie;

use handstamp_settings::{CookieConfig, CookieNames, PublicUrl};

/// What each cookie is called at the auth service, and here.
#[derive(Debug, Clone)]
pub(crate) struct CookieMap {
    inside: CookieNames,
    outside: CookieNames,
    /// The refresh cookie comes with every request, so that the gateway can refresh on the way.
    refresh_everywhere: bool,
}

/// What the cookies of sign-ins that are under way begin with, without a browser's prefix.
const ATTEMPT: &str = "login-";

impl CookieMap {
    /// Returns the names for a gateway at `here`, of an auth service at `issuer` with these settings.
    pub(crate) fn new(config: &CookieConfig, issuer: &PublicUrl, here: &PublicUrl, silent: bool) -> Self {
        let inside = CookieNames::new(config, issuer);
        // A parent domain and names of its own are the auth service's affair: here the cookies are this host's alone.
        let mut outside = CookieNames::new(&CookieConfig::default(), here);
        if silent && here.is_trustworthy() {
            // With the path that takes it everywhere, it can have the strictest prefix too.
            outside.refresh = outside.refresh.replacen("__Secure-", "__Host-Http-", 1);
        }
        Self { inside, outside, refresh_everywhere: silent }
    }

    /// Returns what the access token's cookie is called here.
    pub(crate) fn access(&self) -> &str {
        &self.outside.access
    }

    /// Returns what the refresh token's cookie is called here.
    pub(crate) fn refresh(&self) -> &str {
        &self.outside.refresh
    }

    /// Returns whether a cookie is one of the auth service's: by its name here, there, or by one that a lenient reader could take for it.
    fn is_ours(&self, name: &[u8]) -> bool {
        let name = name.trim_ascii();
        let known = [&self.inside, &self.outside]
            .into_iter()
            .flat_map(|names| [&names.access, &names.refresh, &names.hint]);
        let mut known = known.map(String::as_bytes);
        known.any(|known| known.eq_ignore_ascii_case(name)) || is_attempt(name)
    }
}

/// Returns what one of the three is called on the other side.
fn translated<'n>(name: &[u8], from: &CookieNames, to: &'n CookieNames) -> Option<&'n str> {
    let pairs = [(&from.access, &to.access), (&from.refresh, &to.refresh), (&from.hint, &to.hint)];
    pairs.into_iter().find(|(from, _)| from.as_bytes() == name).map(|(_, to)| to.as_str())
}

fn is_attempt(name: &[u8]) -> bool {
    let without = |prefix: &str| {
        let (start, rest) = name.split_at_checked(prefix.len())?;
        start.eq_ignore_ascii_case(prefix.as_bytes()).then_some(rest)
    };
    let rests = ["__Host-Http-", "__Host-", "__Secure-", ""].into_iter().filter_map(without);
    rests.into_iter().any(|rest| {
        rest.get(..ATTEMPT.len()).is_some_and(|start| start.eq_ignore_ascii_case(ATTEMPT.as_bytes()))
    })
}

#[cfg(test)]
pub(crate) mod tests {
    use handstamp_settings::{CookieConfig, PublicUrl};

    use super::CookieMap;

    /// The names of an auth service at https, behind a gateway on another https host.
    pub(crate) fn map(silent: bool) -> CookieMap {
        between("https://auth.example", "https://app.test", silent)
    }

    pub(crate) fn between(issuer: &str, here: &str, silent: bool) -> CookieMap {
        let url = |text| PublicUrl::parse(text, true).unwrap();
        CookieMap::new(&CookieConfig::default(), &url(issuer), &url(here), silent)
    }

    #[test]
    fn a_refresh_cookie_that_comes_everywhere_has_the_strictest_name() {
        assert_eq!(map(true).refresh(), "__Host-Http-rt");
        assert_eq!(map(false).refresh(), "__Secure-rt");
        assert_eq!(
            between("http://localhost:8600", "http://localhost:8700", true).refresh(),
            "__Host-Http-rt-8700"
        );
        assert_eq!(between("http://auth.lan", "http://app.lan", true).refresh(), "rt");
    }

    #[test]
    fn a_parent_domain_is_the_auth_services_affair() {
        let config = CookieConfig { domain: Some("example.org".to_owned()), ..CookieConfig::default() };
        let url = |text| PublicUrl::parse(text, true).unwrap();

        let map = CookieMap::new(&config, &url("https://auth.example.org"), &url("https://app.test"), true);

        assert_eq!(map.access(), "__Host-Http-at");
        assert!(map.is_ours(b"__Secure-at"));
    }

    #[test]
    fn a_name_that_a_lenient_reader_takes_for_ours_is_ours() {
        let map = map(true);
        for ours in [
            "__Host-Http-at",
            "__host-http-at",
            " __Host-Http-at",
            "__Secure-rt",
            "auth_hint\t",
            "__Host-login-x",
            "login-7-8600",
        ] {
            assert!(map.is_ours(ours.as_bytes()), "{ours:?}");
        }
        for other in ["at", "theme", "__Host-session", "auth_hint2", "cat", "relogin-x"] {
            assert!(!map.is_ours(other.as_bytes()), "{other:?}");
        }
    }
}
