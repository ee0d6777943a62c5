use crate::{CookieConfig, PublicUrl};

/// What the cookies are called at this deployment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CookieNames {
    /// The access token's cookie. Services that verify for themselves read this one.
    pub access: String,
    /// The refresh token's cookie.
    pub refresh: String,
    /// The readable hint.
    pub hint: String,
}

impl CookieNames {
    /// Returns the configured names, or the strictest that browsers accept at this address.
    pub fn new(config: &CookieConfig, url: &PublicUrl) -> Self {
        // Ports of one host share one jar: two development systems must not overwrite each other's cookies.
        let suffix = url.development_port().map(|port| format!("-{port}")).unwrap_or_default();
        let access = match (url.is_trustworthy(), config.domain.is_some()) {
            (true, false) => "__Host-Http-at",
            (true, true) => "__Secure-at",
            (false, _) => "at",
        };
        let refresh = if url.is_trustworthy() { "__Secure-rt" } else { "rt" };
        let named = |given: &Option<String>, default: &str| {
            given.clone().unwrap_or_else(|| format!("{default}{suffix}"))
        };
        Self {
            access: named(&config.access_name, access),
            refresh: named(&config.refresh_name, refresh),
            hint: named(&config.hint_name, "auth_hint"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::CookieNames;
    use crate::{CookieConfig, PublicUrl};

    fn names(config: &CookieConfig, url: &str) -> [String; 3] {
        let names = CookieNames::new(config, &PublicUrl::parse(url, true).unwrap());
        [names.access, names.refresh, names.hint]
    }

    #[test]
    fn production_uses_the_strictest_prefixes() {
        let names = names(&CookieConfig::default(), "https://auth.example");

        assert_eq!(names, ["__Host-Http-at", "__Secure-rt", "auth_hint"]);
    }

    #[test]
    fn a_parent_domain_rules_out_the_host_prefix() {
        let config = CookieConfig { domain: Some("example.org".to_owned()), ..CookieConfig::default() };

        assert_eq!(names(&config, "https://auth.example.org")[0], "__Secure-at");
    }

    #[test]
    fn development_names_carry_the_port() {
        let names = names(&CookieConfig::default(), "http://localhost:8600");

        assert_eq!(names, ["__Host-Http-at-8600", "__Secure-rt-8600", "auth_hint-8600"]);
    }

    #[test]
    fn insecure_http_uses_names_that_browsers_keep_there() {
        assert_eq!(names(&CookieConfig::default(), "http://auth.intranet"), ["at", "rt", "auth_hint"]);
    }
}
