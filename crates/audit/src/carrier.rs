use std::fmt;

use handstamp_testkit::recipe::{Forged, Mode};

use crate::openapi::{Access, Alternative};
use crate::wire::Shot;

/// Where requests carry their token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Carrier {
    /// In `Authorization: Bearer`.
    Bearer,
    /// In the cookie of this name.
    Cookie(String),
    /// In a header of this name, without a scheme.
    Header(String),
}

/// The cookie of a service that has none, for cases that name one all the same.
const NO_COOKIE: &str = "token";

impl Carrier {
    /// Returns the places an operation takes a token from, as far as its document says; `Bearer` where it says nothing.
    pub(crate) fn of(access: &Access) -> Vec<Self> {
        let Access::Needs { alternatives, .. } = access else { return vec![Self::Bearer] };
        let mut carriers: Vec<Self> = Vec::new();
        for (carrier, _) in alternatives.iter().filter_map(way_in) {
            if !carriers.contains(&carrier) {
                carriers.push(carrier);
            }
        }
        carriers
    }

    /// Returns what an operation asks of a token that is carried here, as far as its document says: all of one of these lists of
    /// roles and scopes. Empty where every good token will do.
    pub(crate) fn asks<'a>(&self, access: &'a Access) -> Vec<&'a [String]> {
        // Where nobody has to show anything, a token without rights is as good as none.
        let Access::Needs { alternatives, optional: false } = access else { return Vec::new() };
        let ways: Vec<_> = alternatives.iter().filter_map(way_in).collect();
        let is_said = ways.iter().any(|(carrier, _)| carrier == self);
        let lists: Vec<_> =
            ways.iter().filter(|(carrier, _)| !is_said || carrier == self).map(|(_, names)| *names).collect();
        if lists.iter().any(|names| names.is_empty()) { Vec::new() } else { lists }
    }

    pub(crate) fn mode(&self) -> Mode {
        match self {
            Self::Bearer | Self::Header(_) => Mode::Bearer,
            Self::Cookie(_) => Mode::Cookie,
        }
    }

    /// Puts a token where a well-meaning client puts it. Returns whether it could be written.
    pub(crate) fn put(&self, token: &str, shot: &mut Shot) -> bool {
        match self {
            Self::Bearer => shot.add_header("authorization", &format!("Bearer {token}")),
            Self::Header(name) => shot.add_header(name, token),
            // As a page of the service's own would send it.
            Self::Cookie(name) => {
                shot.add_header("sec-fetch-site", "same-origin")
                    && shot.add_cookie(&format!("{name}={token}"))
            }
        }
    }

    /// Puts a forged token where it belongs, or where its case says. Returns whether it could be written.
    pub(crate) fn put_forged(&self, forged: &Forged, shot: &mut Shot) -> bool {
        let cookie = match self {
            Self::Cookie(name) => name.as_str(),
            Self::Bearer | Self::Header(_) => NO_COOKIE,
        };
        if let Some(query) = forged.query(cookie) {
            shot.add_query(&query);
        }
        forged.headers(self.mode(), cookie).iter().all(|(name, value)| match self {
            Self::Header(own) if name == "authorization" => {
                shot.add_header(own, value.strip_prefix("Bearer ").unwrap_or(value))
            }
            _ => shot.add_header(name, value),
        })
    }
}

/// Returns where an alternative carries its token, and which roles and scopes it asks for; none for what is no token.
fn way_in(alternative: &Alternative) -> Option<(Carrier, &[String])> {
    match alternative {
        Alternative::Bearer { scopes } => Some((Carrier::Bearer, scopes)),
        Alternative::Cookie { name, scopes } => Some((Carrier::Cookie(name.clone()), scopes)),
        Alternative::Header { name, scopes } => Some((Carrier::Header(name.clone()), scopes)),
        Alternative::Other { .. } => None,
    }
}

impl fmt::Display for Carrier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bearer => f.write_str("bearer"),
            Self::Cookie(name) => write!(f, "cookie {name}"),
            Self::Header(name) => write!(f, "header {name}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Carrier;
    use crate::openapi::{Access, Alternative};

    fn bearer(names: &[&str]) -> Alternative {
        Alternative::Bearer { scopes: names.iter().map(|&name| name.to_owned()).collect() }
    }

    fn cookie() -> Alternative {
        Alternative::Cookie { name: "at".to_owned(), scopes: Vec::new() }
    }

    fn asks(carrier: &Carrier, alternatives: Vec<Alternative>, optional: bool) -> Vec<Vec<String>> {
        let access = Access::Needs { alternatives, optional };
        carrier.asks(&access).into_iter().map(<[String]>::to_vec).collect()
    }

    #[test]
    fn each_place_of_a_token_is_asked_for_its_own_rights() {
        let all = || vec![bearer(&["admin"]), cookie()];

        assert_eq!(asks(&Carrier::Bearer, all(), false), [["admin"]]);
        assert!(asks(&Carrier::Cookie("at".to_owned()), all(), false).is_empty());
    }

    #[test]
    fn a_way_in_that_asks_for_nothing_is_open_to_every_good_token() {
        assert!(asks(&Carrier::Bearer, vec![bearer(&["admin"]), bearer(&[])], false).is_empty());
        assert!(asks(&Carrier::Bearer, vec![bearer(&["admin"])], true).is_empty());
        assert_eq!(asks(&Carrier::Bearer, vec![bearer(&["a"]), bearer(&["b"])], false), [["a"], ["b"]]);
    }
}
