//! What Handstamp's replicas share and may lose, on Redis or Valkey: rate limits, news, and what was looked up a moment ago.
//!
//! It refuses to hold anything that would be missed. With the server gone, slow or emptied, every call answers soon that it
//! could not be done, and whoever asked goes on without; connections come back by themselves. What lies there names nobody:
//! keys are keyed hashes.
//!
//! ```no_run
//! # async fn example(entropy: std::sync::Arc<dyn handstamp_token::Entropy>) -> Result<(), handstamp_store_redis::RedisError> {
//! use handstamp_store_redis::{Redis, RedisOptions};
//!
//! let redis = Redis::open(&RedisOptions::new("rediss://:password@cache.internal/0"), entropy)?;
//! let (limits, fan_out, shelf) = (redis.limits(), redis.fan_out(), redis.shelf());
//! # Ok(())
//! # }
//! ```

mod address;
mod fan_out;
mod limits;
mod link;
mod pause;
mod shelf;

use std::{sync::Arc, time::Duration};

use handstamp_token::Entropy;
use zeroize::Zeroizing;

pub use address::RedisError;
pub use fan_out::RedisFanOut;
pub use limits::RedisLimits;
pub use shelf::RedisShelf;

use link::Link;

/// How a server is reached and used.
#[derive(Clone)]
pub struct RedisOptions {
    /// `redis://` or `rediss://`, with user, password and database number.
    pub url: String,
    /// The password, for those who keep it apart from the URL.
    pub password: Option<Zeroizing<String>>,
    /// What every key and channel of this installation begins with.
    pub prefix: String,
    /// How long anything may take before it is given up.
    pub timeout: Duration,
    /// The certificates, as PEM, that the server's must be signed by; those of the system where there are none.
    pub root_certificates: Option<Vec<u8>>,
}

impl RedisOptions {
    /// Returns the options for this server, with the product's defaults.
    pub fn new(url: impl Into<String>) -> Self {
        Self {
            url: url.into(),
            password: None,
            prefix: "handstamp".to_owned(),
            timeout: Duration::from_millis(50),
            root_certificates: None,
        }
    }
}

/// The password in the URL is never shown.
impl std::fmt::Debug for RedisOptions {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RedisOptions")
            .field("prefix", &self.prefix)
            .field("timeout", &self.timeout)
            .finish_non_exhaustive()
    }
}

/// A server, or the absence of one: nothing here fails because it cannot be reached.
#[derive(Clone)]
pub struct Redis {
    link: Arc<Link>,
    entropy: Arc<dyn Entropy>,
}

impl Redis {
    /// Reads the options, and begins to connect. Needs a runtime.
    pub fn open(options: &RedisOptions, entropy: Arc<dyn Entropy>) -> Result<Self, RedisError> {
        let client = address::client(options)?;
        let link = Arc::new(Link::begin(client, options, Arc::clone(&entropy)));
        Ok(Self { link, entropy })
    }

    /// Connects once and asks the server for an answer, to find out what is wrong.
    pub async fn check(options: &RedisOptions) -> Result<(), RedisError> {
        link::check(&address::client(options)?, &options.prefix).await.map_err(RedisError::Unreachable)
    }

    /// Returns limits that are counted on the server.
    pub fn limits(&self) -> RedisLimits {
        RedisLimits::new(Arc::clone(&self.link))
    }

    /// Returns news by way of the server. It begins to listen.
    pub fn fan_out(&self) -> RedisFanOut {
        RedisFanOut::begin(Arc::clone(&self.link), Arc::clone(&self.entropy))
    }

    /// Returns a shelf on the server.
    pub fn shelf(&self) -> RedisShelf {
        RedisShelf::new(Arc::clone(&self.link))
    }
}
