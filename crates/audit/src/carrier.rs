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
        for alternative in alternatives {
            let carrier = match alternative {
                Alternative::Bearer { .. } => Self::Bearer,
                Alternative::Cookie { name, .. } => Self::Cookie(name.clone()),
                Alternative::Header { name, .. } => Self::Header(name.clone()),
                Alternative::Other { .. } => continue,
            };
            if !carriers.contains(&carrier) {
                carriers.push(carrier);
            }
        }
        carriers
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

impl fmt::Display for Carrier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bearer => f.write_str("bearer"),
            Self::Cookie(name) => write!(f, "cookie {name}"),
            Self::Header(name) => write!(f, "header {name}"),
        }
    }
}
