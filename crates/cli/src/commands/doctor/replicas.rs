//! What replicas share: the schema, connections to PostgreSQL, news of each other, Redis.

use std::sync::Arc;
use std::time::Duration;

use handstamp_core::shared::FanOut;
use handstamp_server::config::{Config, SecretUrl};
use handstamp_store_postgres::migrations::{self, StepKind, StepStatus};
use handstamp_store_postgres::{PostgresOptions, PostgresStore, Room};
use handstamp_store_redis::Redis;
use handstamp_store_sqlite::{OpenMode, SchemaVersion, ShareMode, schema_version};
use handstamp_token::SystemEntropy;

use super::{Finding, bad, good, note};
use crate::edge::store::postgres_options;
use crate::edge::{runtime, shared};
use crate::failure::Failure;

/// News between replicas takes milliseconds. After this it is none.
const NEWS_PATIENCE: Duration = Duration::from_secs(5);

/// Says how far the schema is, and whether the database can be looked into without changing it.
pub(super) fn schema(config: &Config) -> (Finding, bool) {
    let found = match postgres_options(&config.storage, OpenMode::Command) {
        Ok(Some(options)) => return postgres_schema(&options),
        Ok(None) => schema_version(&config.storage.data),
        Err(failure) => return (bad("database", failure.to_string()), false),
    };
    match found {
        Ok(SchemaVersion { found, known }) if found == known => {
            (good("schema", format!("version {found}")), true)
        }
        Ok(SchemaVersion { found, known }) => {
            let told = format!("version {found} of {known}: the next `handstamp serve` brings it up to date");
            (note("schema", told), false)
        }
        Err(cause) => (bad("database", Failure::because("cannot read it", &cause).to_string()), false),
    }
}

fn postgres_schema(options: &PostgresOptions) -> (Finding, bool) {
    let asked = runtime::block_on(async {
        let steps = migrations::status(options).await;
        steps.map_err(|cause| Failure::because("cannot read it", &cause))
    });
    let steps = match asked {
        Ok(steps) => steps,
        Err(failure) => return (bad("database", failure.to_string()), false),
    };
    let missing =
        |kind| steps.iter().filter(move |step| step.kind == kind && step.applied_at.is_none()).count();
    let newer = steps.iter().find(|step| !step.is_known && step.kind == StepKind::Contract);
    if let Some(StepStatus { number, name, .. }) = newer {
        let told =
            format!("a newer version has taken step {number} ({name}), and this one cannot live with it");
        return (bad("schema", told), false);
    }
    match (missing(StepKind::Expand), missing(StepKind::Contract)) {
        (0, 0) => (good("schema", format!("all {} steps are taken", steps.len())), true),
        (0, rest) => {
            let told = format!(
                "up to date; {rest} to take with `handstamp migrate --contract`, when no older version runs"
            );
            (good("schema", told), true)
        }
        (missing, _) => {
            let told =
                format!("{missing} steps are missing: run `handstamp migrate`, or start `handstamp serve`");
            (note("schema", told), false)
        }
    }
}

/// Says whether there is room for connections, and whether this machine would hear what other replicas do.
pub(super) async fn postgres(config: &Config) -> Result<Vec<Finding>, Failure> {
    let mode = OpenMode::Serve(ShareMode::Exclusive);
    let Some(mut options) = postgres_options(&config.storage, mode)? else { return Ok(Vec::new()) };
    // What a look needs; how many a replica opens is looked at below.
    options.connections = 2;
    options.migrate = false;
    let store = PostgresStore::open(&options, Arc::new(SystemEntropy))
        .await
        .map_err(|cause| Failure::because("cannot open the database", &cause))?;
    let asked = store.room().await;
    let listens = !config.storage.listen_url.as_ref().is_some_and(SecretUrl::is_off);
    let findings = vec![
        match asked {
            Ok(found) => room(config, found, listens),
            Err(cause) => bad("connections", cause.to_string()),
        },
        if listens { news(&*store.fan_out()).await } else { deaf_by_choice() },
    ];
    store.close().await.map_err(|cause| Failure::because("cannot close the database", &cause))?;
    Ok(findings)
}

fn room(config: &Config, Room { all, taken }: Room, listens: bool) -> Finding {
    let each = u32::try_from(config.storage.connections).unwrap_or(u32::MAX).saturating_add(listens.into());
    let told = format!("PostgreSQL allows {all}, {taken} are taken; a replica takes {each} at most");
    match all / each {
        0 => bad("connections", format!("{told}: lower storage.connections, or raise max_connections")),
        1 => note("connections", format!("{told}: there is room for one replica")),
        replicas => good("connections", format!("{told}: there is room for {replicas} replicas")),
    }
}

async fn news(desk: &dyn FanOut) -> Finding {
    let heard = async {
        while !desk.is_listening() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    match tokio::time::timeout(NEWS_PATIENCE, heard).await {
        Ok(()) => good("news", "what other replicas do is heard at once"),
        Err(_) => bad(
            "news",
            "what other replicas do is not heard at once (LISTEN), and is found a second later by asking: is there a pooler in \
             between? Name the database itself in storage.listen_url",
        ),
    }
}

fn deaf_by_choice() -> Finding {
    note("news", "storage.listen_url is off: what other replicas do is found a second later by asking")
}

/// Says whether Redis answers, where there is one.
pub(super) fn redis(config: &Config) -> Option<Finding> {
    let options = match shared::redis_options(config) {
        Ok(options) => options?,
        Err(failure) => return Some(bad("redis", failure.to_string())),
    };
    let asked = runtime::block_on(async {
        let asked = Redis::check(&options).await;
        asked.map_err(|cause| Failure::because("it cannot be used", &cause))
    });
    Some(match asked {
        Ok(()) => good("redis", "it answers"),
        Err(failure) => bad(
            "redis",
            format!(
                "{failure}: every replica counts attempts for itself, and profiles are asked for each time"
            ),
        ),
    })
}
