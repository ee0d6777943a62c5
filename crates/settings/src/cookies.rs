use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::Problems;

/// `[cookies]`: how browsers keep what sign-in hands out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct CookieConfig {
    /// Name of the access-token cookie. Default: `__Host-Http-at`, or `__Secure-at` with a domain; on plain-http loopback the port is added.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub access_name: Option<String>,
    /// Name of the refresh-token cookie. Default: `__Secure-rt`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refresh_name: Option<String>,
    /// Name of the readable cookie that lets tabs notice a change. Default: `auth_hint`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hint_name: Option<String>,
    /// A parent domain whose hosts all receive the access token, such as `example.org`. Default: this host alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub domain: Option<String>,
    /// SameSite of the access-token cookie.
    pub access_same_site: SameSite,
    /// SameSite of the refresh-token cookie.
    pub refresh_same_site: SameSite,
    /// What sign-out asks the browser to forget besides the cookies: Clear-Site-Data directives. `storage` also deletes drafts that pages keep.
    pub clear_site_data: Vec<ClearSiteData>,
}

impl Default for CookieConfig {
    fn default() -> Self {
        Self {
            access_name: None,
            refresh_name: None,
            hint_name: None,
            domain: None,
            access_same_site: SameSite::Lax,
            refresh_same_site: SameSite::Strict,
            // Not "storage": signing out must not cost unsaved work. Not "cookies": that signs people out of every
            // other service on the same registrable domain.
            clear_site_data: vec![ClearSiteData::Cache],
        }
    }
}

/// When a browser sends a cookie along with requests from other sites.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum SameSite {
    /// Never.
    Strict,
    /// Only when the user follows a link.
    Lax,
    /// Always.
    None,
}

impl SameSite {
    /// Returns the attribute's value.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Strict => "Strict",
            Self::Lax => "Lax",
            Self::None => "None",
        }
    }
}

/// What a browser can be asked to forget at sign-out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum ClearSiteData {
    /// The HTTP cache of the origin.
    Cache,
    /// Local storage, databases and service workers of the origin.
    Storage,
}

impl ClearSiteData {
    /// Returns the directive, quoted as the header wants it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Cache => "\"cache\"",
            Self::Storage => "\"storage\"",
        }
    }
}

impl CookieConfig {
    /// Finds what no browser would take.
    pub fn check(&self, problems: &mut Problems) {
        let names = [
            ("cookies.access_name", &self.access_name),
            ("cookies.refresh_name", &self.refresh_name),
            ("cookies.hint_name", &self.hint_name),
        ];
        for (key, name) in names {
            let Some(name) = name else { continue };
            if name.is_empty() || name.len() > 64 || !name.bytes().all(is_token_byte) {
                problems.wrong(
                    key,
                    format!("{name:?} cannot be a cookie's name: 1 to 64 letters, digits, '-', '_' and '.'"),
                );
            }
            // Browsers silently drop such a cookie: nobody could ever sign in.
            if has_prefix(name, "__host-") && (self.domain.is_some() || key == "cookies.refresh_name") {
                problems.wrong(
                    key,
                    format!("{name:?}: browsers refuse a __Host- cookie with a domain or a path of its own; start the name with __Secure-"),
                );
            }
            if key == "cookies.hint_name" && (has_prefix(name, "__http-") || has_prefix(name, "__host-http-"))
            {
                problems.wrong(
                    key,
                    format!("{name:?}: scripts must be able to read this cookie, and __Http- forbids that"),
                );
            }
        }
        let given: Vec<_> = names.iter().filter_map(|(_, name)| name.as_ref()).collect();
        if given.iter().enumerate().any(|(i, name)| given[..i].contains(name)) {
            problems.wrong("cookies", "two cookies have the same name");
        }
        if let Some(domain) = &self.domain {
            let fits = domain.contains('.')
                && !domain.starts_with('.')
                && domain.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b"-.".contains(&b));
            if !fits {
                problems.wrong(
                    "cookies.domain",
                    format!("{domain:?} is not a domain: write it like \"example.org\""),
                );
            }
        }
    }
}

fn is_token_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-_.".contains(&byte)
}

/// Browsers compare prefixes without regard to case (RFC 6265bis §5.7).
fn has_prefix(name: &str, prefix: &str) -> bool {
    name.get(..prefix.len()).is_some_and(|start| start.eq_ignore_ascii_case(prefix))
}
