use std::sync::Arc;
use std::time::Duration;

use handstamp_server::Shared;
use handstamp_server::config::Config;
use handstamp_store_redis::{Redis, RedisOptions};
use handstamp_token::Entropy;

use super::secret_file;
use super::store::OpenStore;
use crate::failure::Failure;

/// How long an attempt waits to be counted in the database, which has other work as well.
const DATABASE_TIMEOUT: Duration = Duration::from_millis(250);

/// Returns what this replica shares with others: by way of Redis, if there is one, or else of a store that others share.
///
/// Nothing is waited for: Redis may come later, and go.
pub(crate) fn open(config: &Config, entropy: Arc<dyn Entropy>, store: &OpenStore) -> Result<Shared, Failure> {
    let Some(redis) = redis(config, entropy)? else {
        let (limits, fan_out) = (store.limits(), store.fan_out());
        return Ok(Shared { limits, fan_out, shelf: None, timeout: DATABASE_TIMEOUT });
    };
    Ok(Shared {
        limits: Some(Arc::new(redis.limits())),
        fan_out: Some(Arc::new(redis.fan_out())),
        shelf: Some(Arc::new(redis.shelf())),
        timeout: config.redis.timeout,
    })
}

/// Returns the Redis of the configuration.
fn redis(config: &Config, entropy: Arc<dyn Entropy>) -> Result<Option<Redis>, Failure> {
    let Some(options) = redis_options(config)? else { return Ok(None) };
    let opened = Redis::open(&options, entropy);
    opened.map(Some).map_err(|cause| Failure::because("[redis] cannot be used", &cause))
}

/// Returns how the Redis of the configuration is reached, with what its files hold; nothing where there is none.
pub(crate) fn redis_options(config: &Config) -> Result<Option<RedisOptions>, Failure> {
    let section = &config.redis;
    let Some(url) = &section.url else { return Ok(None) };
    let password = match &section.password_file {
        Some(file) => Some(secret_file::password(file, "the password of Redis", "redis.password_file")?),
        None => None,
    };
    let root_certificates = match &section.ca_file {
        Some(path) => Some(std::fs::read(path).map_err(|cause| {
            Failure::because(format_args!("redis.ca_file: cannot read {}", path.display()), &cause)
        })?),
        None => None,
    };
    Ok(Some(RedisOptions {
        url: url.as_str().to_owned(),
        password,
        prefix: section.prefix.clone(),
        timeout: section.timeout,
        root_certificates,
    }))
}
