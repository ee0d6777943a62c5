//! Other sign-in servers, through which people sign in here: what is sent to them, and what is believed of their answers.

mod address;
mod answer;
mod attempt;
mod claims;
mod code_flow;
mod credential;
mod discovery;
mod error;
mod http;
mod kept;
mod logout;
mod mapping;
mod recheck;
mod secrets;
mod session_token;
mod token_memory;
mod upstream;

use std::{collections::BTreeMap, sync::Arc};

use handstamp_token::Entropy;

use crate::config::{Config, PublicUrl};

pub(crate) use address::Address;
pub(crate) use answer::Answer;
pub(crate) use attempt::{Aim, Attempt, AttemptError, LIFETIME};
pub(crate) use claims::Claims;
pub use credential::{ClientCredential, ClientSecret};
pub(crate) use error::{Fault, RETRY, UpstreamError};
pub(crate) use secrets::Secrets;
pub(crate) use upstream::{UnusableUpstream, Upstream};

/// Every upstream of the configuration.
#[derive(Debug)]
pub(crate) struct Upstreams(BTreeMap<String, Upstream>);

impl Upstreams {
    /// Prepares them. None is asked before somebody wants to sign in through it.
    pub(crate) fn new(
        config: &Config,
        public_url: &PublicUrl,
        entropy: &Arc<dyn Entropy>,
    ) -> Result<Self, (String, UnusableUpstream)> {
        let made = config.upstreams.iter().map(|(name, config)| {
            let upstream = Upstream::new(name, config, public_url, Arc::clone(entropy));
            upstream.map(|upstream| (name.clone(), upstream)).map_err(|error| (name.clone(), error))
        });
        made.collect::<Result<_, _>>().map(Self)
    }

    pub(crate) fn find(&self, name: &str) -> Option<&Upstream> {
        self.0.get(name)
    }

    /// Returns them by their names.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &Upstream> {
        self.0.values()
    }
}
