use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use handstamp_core::shared::{Limits, Outcome, Quota, Settled, Take};
use handstamp_core::test_support::shared::key;
use handstamp_core::test_support::shared::limits::World as _;
use handstamp_store_postgres::{PostgresOptions, PostgresStore};
use handstamp_testbed::Postgres;
use tokio_postgres::NoTls;

use crate::kit::open;

/// A database of its own, and two replicas.
struct World {
    url: String,
    one: PostgresStore,
    another: PostgresStore,
}

async fn world() -> World {
    let url = Postgres::shared().database();
    let mut options = PostgresOptions::new(&url).unwrap();
    options.connections = 6;
    (options.wait, options.connect) = (Duration::from_mins(1), Duration::from_mins(1));
    World { one: open(&options).await, another: open(&options).await, url }
}

impl World {
    async fn run(&self, sql: &str) -> Vec<String> {
        let (client, connection) = tokio_postgres::connect(&self.url, NoTls).await.unwrap();
        let driver = tokio::spawn(connection);
        let rows = client.simple_query(sql).await.unwrap();
        driver.abort();
        let text = |message: &tokio_postgres::SimpleQueryMessage| match message {
            tokio_postgres::SimpleQueryMessage::Row(row) => row.get(0).map(str::to_owned),
            _ => None,
        };
        rows.iter().filter_map(text).collect()
    }
}

#[async_trait]
impl handstamp_core::test_support::shared::limits::World for World {
    fn limits(&self) -> Arc<dyn Limits> {
        Arc::new(self.one.limits())
    }

    fn of_another_replica(&self) -> Arc<dyn Limits> {
        Arc::new(self.another.limits())
    }

    async fn pass(&self, time: Duration) {
        let by = time.as_micros();
        let sql = format!(
            "UPDATE limit_buckets SET full_again_at = full_again_at - {by}; UPDATE limit_marks SET until = until - {by}"
        );
        self.run(&sql).await;
    }
}

handstamp_core::limits_contract_tests!(world);

fn ann(quota: Quota) -> [Take; 1] {
    [Take { bucket: key("ann"), quota, known: None }]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_nobody_needs_any_more_is_forgotten() {
    let (world, quota) = (world().await, Quota::new(1, Duration::from_mins(30)));
    let limits = world.limits();
    limits.take(&ann(quota), world.now()).await.unwrap();
    let marks = vec![key("ann is known")];
    let settled = Settled { marks, marked_for: Duration::from_mins(30), ..Settled::default() };
    limits.settle(&settled, world.now()).await.unwrap();
    world.pass(Duration::from_mins(30)).await;

    assert!(!limits.clean_up(world.now()).await.unwrap());

    let left = "SELECT (SELECT count(*) FROM limit_buckets) + (SELECT count(*) FROM limit_marks)";
    assert_eq!(world.run(left).await, ["0"]);
}

/// Whoever reads along in the database learns neither names nor addresses.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn keys_name_nobody() {
    let (world, quota) = (world().await, Quota::new(1, Duration::from_mins(30)));

    world.limits().take(&ann(quota), world.now()).await.unwrap();

    assert_eq!(world.run("SELECT length(key) FROM limit_buckets").await, ["16"]);
}

/// A refused attempt leaves no row versions behind: a flood does not bloat the table.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_flood_of_refusals_writes_nothing() {
    let (world, quota) = (world().await, Quota::new(1, Duration::from_mins(30)));
    let limits = world.limits();
    limits.take(&ann(quota), world.now()).await.unwrap();
    let place = "SELECT ctid::text FROM limit_buckets";
    let before = world.run(place).await;

    for _ in 0..100 {
        let refused = limits.take(&ann(quota), world.now()).await.unwrap();
        assert!(matches!(refused, Outcome::Refused(_)));
    }

    assert_eq!(world.run(place).await, before);
}

/// Each guess of a botnet is from a new address at a new account, and all strangers together have had their attempts.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_flood_from_everywhere_leaves_no_buckets_behind() {
    let (world, quota) = (world().await, Quota::new(1, Duration::from_mins(30)));
    let limits = world.limits();
    let of = |name: &str| Take { bucket: key(name), quota, known: None };
    limits.take(&[of("strangers")], world.now()).await.unwrap();

    for number in 0..20 {
        let wanted = [of(&format!("address {number}")), of(&format!("account {number}")), of("strangers")];
        let refused = limits.take(&wanted, world.now()).await.unwrap();
        assert!(matches!(refused, Outcome::Refused(refusal) if refusal.by == 2), "{refused:?}");
    }

    assert_eq!(world.run("SELECT count(*) FROM limit_buckets").await, ["1"]);
}

/// No log is written for attempts: the disk has nothing to do with them.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_may_be_lost_is_not_logged() {
    let world = world().await;

    let kinds =
        world.run("SELECT DISTINCT relpersistence FROM pg_class WHERE relname LIKE 'limit\\_%'").await;

    assert_eq!(kinds, ["u"]);
}
