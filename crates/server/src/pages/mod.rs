//! The pages that the auth service shows itself: server-rendered, without inline script or style, and whole without JavaScript.
//!
//! A page is made of typed values and the words of one language; `maud` escapes every value when the page is written. Routes decide
//! what is shown, nothing here asks a store.

mod accent;
mod accept_language;
mod account;
mod ago;
mod carry;
mod error;
mod field;
mod layout;
mod notice;
mod return_to;
mod setup;
mod sign_in;
mod sign_out;
mod texts;
mod upstream_failure;
mod ways_in;

use http::HeaderMap;

pub(crate) use accent::Accent;
pub(crate) use account::{AccountPage, AccountProblem, Done};
pub(crate) use carry::{OnSite, OnSiteNotice};
pub(crate) use error::is_page;
pub(crate) use layout::Page;
pub(crate) use return_to::ReturnTo;
pub(crate) use setup::{SetupForm, SetupProblem};
pub(crate) use sign_in::{SignInForm, SignInNotice, StillAt, sign_in_address};
pub(crate) use upstream_failure::{UpstreamFailure, UpstreamProblem};
pub(crate) use ways_in::WayIn;

use crate::{
    assets::Assets,
    config::{Language, PagesConfig},
    upstreams::{Upstream, Upstreams},
};
use texts::Texts;

/// What all pages of this deployment have in common.
#[derive(Debug)]
pub(crate) struct Pages {
    title: String,
    languages: Vec<Language>,
    home: String,
    upstreams: Vec<UpstreamButton>,
    assets: Assets,
}

/// An upstream as the sign-in page shows it.
#[derive(Debug)]
struct UpstreamButton {
    name: String,
    label: String,
}

/// The pages as one visitor sees them.
#[derive(Debug, Clone, Copy)]
pub(crate) struct View<'a> {
    pages: &'a Pages,
    language: Language,
    texts: &'static Texts,
}

impl Pages {
    pub(crate) fn new(config: &PagesConfig, upstreams: &Upstreams) -> Self {
        let button = |upstream: &Upstream| UpstreamButton {
            name: upstream.name().to_string(),
            label: upstream.label().to_owned(),
        };
        // A colour that cannot be read was refused when the configuration was loaded.
        let accent = Accent::parse(&config.accent).unwrap_or_default();
        Self {
            title: config.title.clone(),
            languages: config.languages.clone(),
            home: config.home.clone(),
            upstreams: upstreams.iter().map(button).collect(),
            assets: Assets::new(&accent.hex(), accent.foreground(), config.logo.as_ref()),
        }
    }

    /// Returns the files that the pages load.
    pub(crate) fn assets(&self) -> &Assets {
        &self.assets
    }

    /// Returns where somebody goes who has signed in without having come from anywhere.
    pub(crate) fn home(&self) -> &str {
        &self.home
    }

    /// Returns the pages in the language that a request asks for.
    pub(crate) fn view(&self, headers: &HeaderMap) -> View<'_> {
        let language = accept_language::choose(headers, &self.languages);
        View { pages: self, language, texts: Texts::of(language) }
    }
}
