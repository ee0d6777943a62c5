use std::time::Duration;

use handstamp_core::minting::AccessToken;
use http::{HeaderMap, HeaderValue, header};
use jiff::Timestamp;

use super::{CookieNames, attempts::AttemptCookies, hint};
use crate::config::{CookieConfig, PublicUrl, SameSite};

/// Browsers forget every cookie after 400 days (RFC 6265bis §5.5); saying more than they do would be a lie.
const LONGEST_LIFE: Duration = Duration::from_hours(400 * 24);

/// The refresh token goes to the auth service's own endpoints alone.
const REFRESH_PATH: &str = "/auth";

/// Writes the cookies.
#[derive(Debug, Clone)]
pub(crate) struct Cookies {
    names: CookieNames,
    attempts: AttemptCookies,
    domain: Option<String>,
    access_same_site: SameSite,
    refresh_same_site: SameSite,
    secure: bool,
}

/// A cookie about to be written.
struct Line<'a> {
    name: &'a str,
    value: &'a str,
    path: &'a str,
    domain: Option<&'a str>,
    same_site: SameSite,
    /// Kept from scripts, and sent first.
    secret: bool,
    max_age: Duration,
}

impl Cookies {
    pub(crate) fn new(config: &CookieConfig, url: &PublicUrl) -> Self {
        Self {
            names: CookieNames::new(config, url),
            attempts: AttemptCookies::new(url),
            domain: config.domain.clone(),
            access_same_site: config.access_same_site,
            refresh_same_site: config.refresh_same_site,
            secure: url.is_trustworthy(),
        }
    }

    pub(crate) fn names(&self) -> &CookieNames {
        &self.names
    }

    /// Returns the cookies of sign-ins that were begun at upstreams.
    pub(crate) fn attempts(&self) -> &AttemptCookies {
        &self.attempts
    }

    /// Hands out tokens. The cookies live as long as the session can: an expired access token still names it.
    ///
    /// Without a new refresh token that cookie is left alone: this answer could arrive after one that has set a newer one.
    pub(crate) fn hand_out(
        &self,
        headers: &mut HeaderMap,
        access: &AccessToken,
        refresh: Option<&str>,
        session_ends: Timestamp,
        now: Timestamp,
    ) {
        let left = Duration::try_from(session_ends.duration_since(now)).unwrap_or_default().min(LONGEST_LIFE);
        self.append(headers, &self.access(&access.text, left));
        if let Some(refresh) = refresh {
            self.append(headers, &self.refresh(refresh, left));
        }
        self.append(headers, &self.hint(&hint::value(Some(access.claims.sid), now), left));
    }

    /// Makes the browser forget all of them, at the same path and domain at which they were set.
    pub(crate) fn clear(&self, headers: &mut HeaderMap, now: Timestamp) {
        self.append(headers, &self.access("", Duration::ZERO));
        self.append(headers, &self.refresh("", Duration::ZERO));
        // The hint stays, and says "out": other tabs notice.
        self.append(headers, &self.hint(&hint::value(None, now), LONGEST_LIFE));
    }

    fn access<'a>(&'a self, value: &'a str, max_age: Duration) -> Line<'a> {
        Line {
            name: &self.names.access,
            value,
            path: "/",
            domain: self.domain.as_deref(),
            same_site: self.access_same_site,
            secret: true,
            max_age,
        }
    }

    fn refresh<'a>(&'a self, value: &'a str, max_age: Duration) -> Line<'a> {
        // Never with a domain: no other host has any use for it.
        Line {
            name: &self.names.refresh,
            value,
            path: REFRESH_PATH,
            domain: None,
            same_site: self.refresh_same_site,
            secret: true,
            max_age,
        }
    }

    fn hint<'a>(&'a self, value: &'a str, max_age: Duration) -> Line<'a> {
        Line {
            name: &self.names.hint,
            value,
            path: "/",
            domain: self.domain.as_deref(),
            same_site: self.access_same_site,
            secret: false,
            max_age,
        }
    }

    fn append(&self, headers: &mut HeaderMap, line: &Line<'_>) {
        let mut text =
            format!("{}={}; Max-Age={}; Path={}", line.name, line.value, line.max_age.as_secs(), line.path);
        if let Some(domain) = line.domain {
            text.push_str("; Domain=");
            text.push_str(domain);
        }
        if self.secure {
            text.push_str("; Secure");
        }
        if line.secret {
            text.push_str("; HttpOnly");
        }
        text.push_str("; SameSite=");
        text.push_str(line.same_site.as_str());
        if line.secret {
            text.push_str("; Priority=High");
        }
        // Names are checked at start, tokens are base64url with dots: always a valid header value.
        if let Ok(mut value) = HeaderValue::try_from(text) {
            value.set_sensitive(line.secret);
            headers.append(header::SET_COOKIE, value);
        }
    }
}
