use std::sync::Arc;

use handstamp_server::Shared;
use handstamp_server::config::Config;
use handstamp_store_redis::{Redis, RedisOptions};
use handstamp_token::Entropy;

use crate::failure::Failure;

/// Returns what this replica shares with others by way of Redis, if there is one. Nothing is waited for: it may come later, and go.
pub(crate) fn open(config: &Config, entropy: Arc<dyn Entropy>) -> Result<Shared, Failure> {
    let timeout = config.redis.timeout;
    let Some(redis) = redis(config, entropy)? else { return Ok(Shared { timeout, ..Shared::default() }) };
    Ok(Shared {
        limits: Some(Arc::new(redis.limits())),
        fan_out: Some(Arc::new(redis.fan_out())),
        shelf: Some(Arc::new(redis.shelf())),
        timeout,
    })
}

/// Returns the Redis of the configuration.
pub(crate) fn redis(config: &Config, entropy: Arc<dyn Entropy>) -> Result<Option<Redis>, Failure> {
    let section = &config.redis;
    let Some(url) = &section.url else { return Ok(None) };
    let root_certificates = match &section.ca_file {
        Some(path) => Some(std::fs::read(path).map_err(|cause| {
            Failure::because(format_args!("redis.ca_file: cannot read {}", path.display()), &cause)
        })?),
        None => None,
    };
    let options = RedisOptions {
        url: url.clone(),
        prefix: section.prefix.clone(),
        timeout: section.timeout,
        root_certificates,
    };
    let opened = Redis::open(&options, entropy);
    opened.map(Some).map_err(|cause| Failure::because("[redis] cannot be used", &cause))
}
