//! Other domains to which a sign-in is carried: which there are, what travels there, and on which of them a request is.

mod attempt;
mod code;
mod here;

use std::sync::Arc;

use handstamp_core::model::SiteName;

use crate::config::{Config, PublicUrl};

pub(crate) use attempt::{CarryAttempt, CarryAttemptError, Challenge};
pub(crate) use code::{CarryCode, CarryCodeError};
pub(crate) use here::Here;

/// Every site of the configuration.
#[derive(Debug)]
pub(crate) struct Sites(Vec<Arc<Site>>);

/// Another domain on which the service answers.
#[derive(Debug)]
pub(crate) struct Site {
    pub(crate) name: SiteName,
    pub(crate) url: PublicUrl,
}

impl Sites {
    /// What cannot be a site was refused when the configuration was loaded.
    pub(crate) fn new(config: &Config) -> Self {
        let made = config.sites.iter().filter_map(|(name, site)| {
            let url = PublicUrl::parse(&site.url, config.server.insecure_http).ok()?;
            Some(Arc::new(Site { name: name.parse().ok()?, url }))
        });
        Self(made.collect())
    }

    /// Returns the origins of all of them.
    pub(crate) fn origins(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|site| site.url.as_str())
    }

    /// Returns the site of this name.
    pub(crate) fn find(&self, name: &str) -> Option<&Site> {
        self.0.iter().map(|site| &**site).find(|site| site.name.as_str() == name)
    }

    /// Returns the site with this origin.
    pub(crate) fn at(&self, origin: &str) -> Option<&Site> {
        self.0.iter().map(|site| &**site).find(|site| site.url.as_str() == origin)
    }
}
