use http::{HeaderValue, Method};
use url::Url;

use super::{
    cookie::{Cookie, Dropped, SameSite},
    site::{Relation, is_trustworthy, site},
};

/// The cookies of one profile, oldest first.
#[derive(Debug, Clone, Default)]
pub struct Jar {
    cookies: Vec<Cookie>,
}

impl Jar {
    /// Returns the cookies it holds.
    pub fn cookies(&self) -> &[Cookie] {
        &self.cookies
    }

    /// Returns the cookie with this name.
    pub fn get(&self, name: &str) -> Option<&Cookie> {
        self.cookies.iter().find(|cookie| cookie.name == name)
    }

    /// Puts a cookie in by hand, as malware or a sibling host would.
    pub fn plant(&mut self, cookie: Cookie) {
        self.cookies.retain(|old| !old.is_same_as(&cookie));
        self.cookies.push(cookie);
    }

    /// Forgets a cookie by hand.
    pub fn remove(&mut self, name: &str) {
        self.cookies.retain(|cookie| cookie.name != name);
    }

    pub(super) fn store(
        &mut self,
        line: &HeaderValue,
        url: &Url,
        relation: Relation,
        navigation: bool,
        now: i64,
    ) -> Result<(), Dropped> {
        let mut cookie = Cookie::parse(line, url, relation, navigation, now)?;
        // "Leave Secure cookies alone" (RFC 6265bis §5.7 step 15): plain http must not shadow them.
        let shadows =
            |old: &Cookie| old.secure && old.name == cookie.name && site_of(&old.domain) == site(url);
        if !cookie.secure && !is_trustworthy(url) && self.cookies.iter().any(shadows) {
            return Err(Dropped { name: cookie.name, why: "would shadow a Secure cookie" });
        }
        let place = self.cookies.iter().position(|old| old.is_same_as(&cookie));
        if cookie.expires.is_some_and(|at| at <= now) {
            if let Some(place) = place {
                self.cookies.remove(place);
            }
            return Ok(());
        }
        match place {
            Some(place) => std::mem::swap(&mut self.cookies[place], &mut cookie),
            None => self.cookies.push(cookie),
        }
        Ok(())
    }

    /// Returns the `Cookie` header of a request, longer paths first, then older cookies.
    pub(super) fn header(
        &self,
        url: &Url,
        relation: Relation,
        navigation: bool,
        method: &Method,
        now: i64,
    ) -> Option<String> {
        let crosses = relation == Relation::CrossSite;
        let follows_link = navigation && (method == Method::GET || method == Method::HEAD);
        let mut sent: Vec<_> = self
            .cookies
            .iter()
            .filter(|cookie| cookie.reaches(url, now))
            .filter(|cookie| match cookie.same_site {
                SameSite::None => true,
                SameSite::Lax => !crosses || follows_link,
                SameSite::Strict => !crosses,
            })
            .collect();
        sent.sort_by_key(|cookie| std::cmp::Reverse(cookie.path.len()));
        (!sent.is_empty()).then(|| join(&sent))
    }

    pub(super) fn document_cookie(&self, url: &Url, now: i64) -> String {
        let seen: Vec<_> =
            self.cookies.iter().filter(|cookie| !cookie.http_only && cookie.reaches(url, now)).collect();
        join(&seen)
    }

    pub(super) fn clear_site(&mut self, url: &Url) {
        self.cookies.retain(|cookie| site_of(&cookie.domain) != site(url));
    }
}

fn site_of(domain: &str) -> String {
    Url::parse(&format!("https://{domain}")).map(|url| site(&url)).unwrap_or_default()
}

fn join(cookies: &[&Cookie]) -> String {
    cookies.iter().map(|cookie| format!("{}={}", cookie.name, cookie.value)).collect::<Vec<_>>().join("; ")
}
