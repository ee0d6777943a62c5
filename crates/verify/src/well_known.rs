use url::Url;

/// Where an issuer publishes its metadata.
///
/// One with a path has RFC 8414's document at the path's front ([RFC 8414 §3.1](https://www.rfc-editor.org/rfc/rfc8414#section-3.1)),
/// and OpenID's at its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WellKnown {
    /// `/.well-known/oauth-authorization-server`
    pub oauth: Url,
    /// `/.well-known/openid-configuration`
    pub openid: Url,
}

impl WellKnown {
    /// Returns the addresses of an issuer.
    pub fn of(issuer: &Url) -> Self {
        let path = issuer.path().trim_end_matches('/');
        let at = |path: String| {
            let mut url = issuer.clone();
            url.set_path(&path);
            url
        };
        Self {
            oauth: at(format!("/.well-known/oauth-authorization-server{path}")),
            openid: at(format!("{path}/.well-known/openid-configuration")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::WellKnown;

    fn of(issuer: &str) -> [String; 2] {
        let WellKnown { oauth, openid } = WellKnown::of(&issuer.parse().unwrap());
        [oauth, openid].map(String::from)
    }

    #[test]
    fn an_issuer_at_the_root_has_both_there() {
        for issuer in ["https://auth.example", "https://auth.example/"] {
            assert_eq!(
                of(issuer),
                [
                    "https://auth.example/.well-known/oauth-authorization-server",
                    "https://auth.example/.well-known/openid-configuration"
                ]
            );
        }
    }

    #[test]
    fn an_issuer_with_a_path_has_one_before_it_and_one_behind_it() {
        assert_eq!(
            of("https://auth.example:8443/tenant/a"),
            [
                "https://auth.example:8443/.well-known/oauth-authorization-server/tenant/a",
                "https://auth.example:8443/tenant/a/.well-known/openid-configuration"
            ]
        );
    }
}
