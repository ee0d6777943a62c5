use std::time::UNIX_EPOCH;

use http::HeaderValue;
use url::{Host, Url};

use super::site::{Relation, is_trustworthy};

/// Browsers cap a cookie's life at 400 days (RFC 6265bis §5.5).
const LONGEST_LIFE: i64 = 400 * 24 * 60 * 60;
/// Name and value together (RFC 6265bis §5.6).
const LARGEST_PAIR: usize = 4096;

/// A cookie that the browser keeps.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cookie {
    /// Its name.
    pub name: String,
    /// Its value.
    pub value: String,
    /// The host that set it, or the parent domain it was set for.
    pub domain: String,
    /// Whether hosts below `domain` get it too.
    pub host_only: bool,
    /// Below which path it is sent.
    pub path: String,
    /// Sent over trustworthy connections alone.
    pub secure: bool,
    /// Hidden from scripts.
    pub http_only: bool,
    /// Whether other sites' requests carry it.
    pub same_site: SameSite,
    /// When it is forgotten, in Unix seconds; `None` when the browser closes.
    pub expires: Option<i64>,
}

/// Whether other sites' requests carry a cookie.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SameSite {
    /// Never.
    Strict,
    /// When the user follows a link.
    Lax,
    /// Always.
    None,
}

/// A `Set-Cookie` line that the browser refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dropped {
    /// The cookie's name, as far as it was read.
    pub name: String,
    /// The rule it broke.
    pub why: &'static str,
}

#[derive(Default)]
struct Attributes {
    domain: Option<String>,
    path: Option<String>,
    secure: bool,
    http_only: bool,
    same_site: Option<SameSite>,
    max_age: Option<i64>,
    expires: Option<i64>,
}

impl Cookie {
    /// Reads a `Set-Cookie` line as RFC 6265bis §5.6 and §5.7 do.
    pub(super) fn parse(
        line: &HeaderValue,
        url: &Url,
        relation: Relation,
        navigation: bool,
        now: i64,
    ) -> Result<Self, Dropped> {
        let unread = |why| Dropped { name: String::new(), why };
        let line = line.to_str().map_err(|_| unread("not ASCII"))?;
        let mut parts = line.split(';');
        let (name, value) = parts.next().and_then(|pair| pair.split_once('=')).ok_or(unread("no name"))?;
        let (name, value) = (name.trim().to_owned(), value.trim().to_owned());
        let attributes = Attributes::parse(parts);
        let host = url.host_str().unwrap_or_default().to_owned();
        let same_site = attributes.same_site.unwrap_or(SameSite::Lax);
        let host_only = attributes.domain.is_none();
        let cookie = Self {
            domain: attributes.domain.clone().unwrap_or_else(|| host.clone()),
            host_only,
            path: attributes.path.clone().unwrap_or_else(|| default_path(url)),
            secure: attributes.secure,
            http_only: attributes.http_only,
            same_site,
            expires: attributes.expires_at(now).map(|at| at.min(now + LONGEST_LIFE)),
            name,
            value,
        };
        let verdict = cookie.check(&attributes, url, relation, navigation);
        verdict.map_err(|why| Dropped { name: cookie.name.clone(), why })?;
        Ok(cookie)
    }

    fn check(
        &self,
        attributes: &Attributes,
        url: &Url,
        relation: Relation,
        navigation: bool,
    ) -> Result<(), &'static str> {
        let rule = |broken: bool, why| if broken { Err(why) } else { Ok(()) };
        rule(self.name.is_empty(), "no name")?;
        rule(self.name.len() + self.value.len() > LARGEST_PAIR, "larger than 4096 bytes")?;
        rule(self.secure && !is_trustworthy(url), "Secure from an address that is not trustworthy")?;
        rule(self.same_site == SameSite::None && !self.secure, "SameSite=None without Secure")?;
        if let Some(domain) = &attributes.domain {
            rule(!domain_matches(url, domain), "Domain does not cover the host that set it")?;
            rule(
                !domain.contains('.') && Some(domain.as_str()) != url.host_str(),
                "Domain is a public suffix",
            )?;
        }
        let crosses = !relation.is_same_site() && !navigation;
        rule(crosses && self.same_site != SameSite::None, "SameSite cookie in a cross-site reply")?;
        self.check_prefix(attributes.path.as_deref() == Some("/"))
    }

    fn check_prefix(&self, path_is_root: bool) -> Result<(), &'static str> {
        let name = self.name.to_ascii_lowercase();
        let host = self.secure && self.host_only && path_is_root;
        let http = self.secure && self.http_only;
        let broken = if name.starts_with("__host-http-") {
            (!host || !http).then_some("__Host-Http- wants Secure, HttpOnly, Path=/ and no Domain")
        } else if name.starts_with("__host-") {
            (!host).then_some("__Host- wants Secure, Path=/ and no Domain")
        } else if name.starts_with("__http-") {
            (!http).then_some("__Http- wants Secure and HttpOnly")
        } else if name.starts_with("__secure-") {
            (!self.secure).then_some("__Secure- wants Secure")
        } else {
            None
        };
        broken.map_or(Ok(()), Err)
    }

    /// Returns whether two cookies are the same one, so that the newer replaces the older.
    pub(super) fn is_same_as(&self, other: &Self) -> bool {
        self.name == other.name
            && self.domain == other.domain
            && self.host_only == other.host_only
            && self.path == other.path
    }

    pub(super) fn reaches(&self, url: &Url, now: i64) -> bool {
        let host_fits = if self.host_only {
            url.host_str() == Some(&self.domain)
        } else {
            domain_matches(url, &self.domain)
        };
        host_fits
            && path_matches(url.path(), &self.path)
            && (!self.secure || is_trustworthy(url))
            && self.expires.is_none_or(|at| now < at)
    }
}

impl Attributes {
    fn parse<'a>(parts: impl Iterator<Item = &'a str>) -> Self {
        let mut read = Self::default();
        for part in parts {
            let (name, value) = part.split_once('=').unwrap_or((part, ""));
            let value = value.trim();
            match name.trim().to_ascii_lowercase().as_str() {
                "domain" if !value.is_empty() => {
                    read.domain = Some(value.trim_start_matches('.').to_ascii_lowercase());
                }
                "path" => read.path = value.starts_with('/').then(|| value.to_owned()),
                "secure" => read.secure = true,
                "httponly" => read.http_only = true,
                "samesite" => {
                    read.same_site = match value.to_ascii_lowercase().as_str() {
                        "strict" => Some(SameSite::Strict),
                        "none" => Some(SameSite::None),
                        _ => Some(SameSite::Lax),
                    }
                }
                "max-age" => read.max_age = value.parse().ok(),
                "expires" => read.expires = unix_seconds(value),
                _ => {}
            }
        }
        read
    }

    /// `Max-Age` is stronger (RFC 6265bis §5.7 step 3).
    fn expires_at(&self, now: i64) -> Option<i64> {
        self.max_age.map(|seconds| now.saturating_add(seconds)).or(self.expires)
    }
}

fn unix_seconds(date: &str) -> Option<i64> {
    let since = httpdate::parse_http_date(date).ok()?.duration_since(UNIX_EPOCH).ok()?;
    i64::try_from(since.as_secs()).ok()
}

fn domain_matches(url: &Url, domain: &str) -> bool {
    match url.host() {
        Some(Host::Domain(host)) => {
            host == domain || host.strip_suffix(domain).is_some_and(|front| front.ends_with('.'))
        }
        Some(address) => address.to_string() == domain,
        None => false,
    }
}

/// RFC 6265bis §5.1.4.
fn path_matches(request: &str, cookie: &str) -> bool {
    request == cookie
        || request.strip_prefix(cookie).is_some_and(|rest| cookie.ends_with('/') || rest.starts_with('/'))
}

fn default_path(url: &Url) -> String {
    match url.path().rfind('/') {
        None | Some(0) => "/".to_owned(),
        Some(end) => url.path()[..end].to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn expiry(attributes: &str, now: i64) -> Option<i64> {
        let line = HeaderValue::from_str(&format!("a=b; {attributes}")).expect("a header");
        let url = Url::parse("http://localhost/").expect("a URL");
        Cookie::parse(&line, &url, Relation::User, true, now).expect("it is kept").expires
    }

    #[test]
    fn a_date_says_until_when_a_cookie_is_kept() {
        assert_eq!(expiry("expires=Thu, 01 Jan 1970 00:01:00 GMT", 30), Some(60));
        assert_eq!(expiry("expires=some day", 30), None, "what is no date says nothing");
    }

    #[test]
    fn max_age_is_stronger_than_a_date() {
        assert_eq!(expiry("max-age=5; expires=Thu, 01 Jan 1970 00:01:00 GMT", 30), Some(35));
    }

    #[test]
    fn no_cookie_is_kept_for_longer_than_four_hundred_days() {
        assert_eq!(expiry("expires=Tue, 01 Jan 2999 00:00:00 GMT", 30), Some(30 + LONGEST_LIFE));
    }
}
