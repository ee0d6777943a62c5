use std::path::PathBuf;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Problems, ServerConfig};
use crate::{
    assets::Logo,
    pages::{Accent, ReturnTo},
};

/// More does not fit beside a logo on a phone.
const LONGEST_TITLE: usize = 40;

/// Whoever is signed in is sent home from the one, and the other is the way out: a home there would be a loop, or none.
const NO_HOMES: [&str; 2] = ["/auth/sign-in", "/auth/sign-out"];

/// `[pages]`: how the sign-in page and the account page look and speak.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct PagesConfig {
    /// What the pages call the service: the name that your people know.
    pub title: String,
    /// The languages of the pages. The browser's wish decides among them; the first is for everybody else.
    pub languages: Vec<Language>,
    /// The colour of the main button, such as `#2456c9`. The text on it is black or white, whichever reads better.
    pub accent: String,
    /// An image file (SVG, PNG, JPEG or WebP) that stands above the form, in the place of the title.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub logo_file: Option<PathBuf>,
    /// What stands in that file, which is for the caller to read.
    #[serde(skip)]
    pub logo: Option<Logo>,
    /// Where people go who sign in without having come from anywhere: a path, or a URL at one of `server.allowed_origins`.
    pub home: String,
}

/// A language of the pages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Language {
    /// English.
    En,
    /// German.
    De,
}

impl Language {
    /// Every language there is.
    pub const ALL: [Self; 2] = [Self::En, Self::De];

    /// Returns the language's tag (BCP 47).
    pub const fn tag(self) -> &'static str {
        match self {
            Self::En => "en",
            Self::De => "de",
        }
    }
}

impl Default for PagesConfig {
    fn default() -> Self {
        Self {
            title: "Handstamp".to_owned(),
            languages: Language::ALL.to_vec(),
            accent: "#2456c9".to_owned(),
            logo_file: None,
            logo: None,
            home: "/auth/account".to_owned(),
        }
    }
}

impl PagesConfig {
    pub(super) fn check(&self, server: &ServerConfig, problems: &mut Problems) {
        let length = self.title.chars().count();
        if self.title.trim().is_empty() || length > LONGEST_TITLE || self.title.chars().any(char::is_control)
        {
            problems.wrong(
                "pages.title",
                format!("write 1 to {LONGEST_TITLE} characters in one line, not {length}"),
            );
        }
        if self.languages.is_empty() {
            problems.wrong("pages.languages", "the pages need a language: one at least");
        }
        if Accent::parse(&self.accent).is_none() {
            problems.wrong(
                "pages.accent",
                format!("{:?} is not a colour: write it like \"#2456c9\"", self.accent),
            );
        }
        let own = server.public_url.as_deref().map(|url| url.trim_end_matches('/'));
        let ours = |origin: &str| {
            own == Some(origin) || server.allowed_origins.iter().any(|allowed| allowed == origin)
        };
        match ReturnTo::parse(&self.home, ours) {
            None => problems.wrong(
                "pages.home",
                format!(
                    "{:?} is not a place to send people to: write a path such as \"/auth/account\", or a URL at one of server.allowed_origins",
                    self.home
                ),
            ),
            Some(home) if NO_HOMES.contains(&home.path()) && (home.origin().is_none() || home.origin() == own) => {
                problems.wrong(
                    "pages.home",
                    format!(
                        "{:?} would send people who have just signed in back to where they came from: write where they go next, such as \"/auth/account\"",
                        self.home
                    ),
                );
            }
            Some(_) => {}
        }
    }
}
