//! The same on PostgreSQL, where what counts is how many ask at the same time: one after the other pays a way there and back each.

use std::sync::Arc;
use std::time::{Duration, Instant};

use deadpool_postgres::{Manager, ManagerConfig, Pool, RecyclingMethod};
use handstamp_bench::load::{self, Load};
use handstamp_bench::machine::{processor_time, processor_time_of_other_threads};
use handstamp_bench::report::Report;
use handstamp_bench::service::{Draw, House, Sessions, database_name, runtime};
use handstamp_bench::{Outcome, failed};
use handstamp_server::Clock as _;
use handstamp_store_postgres::PostgresOptions;
use handstamp_testbed::Postgres;
use tokio::runtime::Runtime;
use tokio_postgres::NoTls;
use uuid::Uuid;

use super::{CLIENTS, Row, endpoint, flow, table, working};

/// The same condition and the same columns as the store's own statement, for one session.
const ROTATE: &str = "UPDATE sessions SET generation = $3, branch = 0, parent_branch = 0, rotated_at = $4, handed_out_at = $4, \
                      confirmed = false, idle_expiry = greatest(idle_expiry, $5) \
                      WHERE id = $1 AND generation = $2 AND branch = 0 AND ended_at IS NULL";

pub(crate) fn measure(report: &mut Report, count: usize, rounds: usize, turn: Duration) -> Outcome {
    let postgres = Postgres::start();
    let url = postgres.database();
    let runtime = runtime(2)?;
    let house = runtime.block_on(House::open_on_postgres(&url))?;
    let sessions = runtime.block_on(Sessions::add(&house.context, count, house.clock.now()))?;
    let sessions = Arc::new(sessions);
    postgres.sql(database_name(&url), "VACUUM ANALYZE");
    let bare = Bare::open(&runtime, &house, &url)?;
    let server = endpoint::Endpoint::start(&runtime, &house, &sessions)?;
    for clients in [1, CLIENTS] {
        let names = [
            format!("floor: the UPDATE alone, {clients} at a time"),
            "flows::refresh".to_owned(),
            "POST /auth/refresh".to_owned(),
        ];
        let mut rows: Vec<Row> = names.into_iter().map(|name| Row { name, loads: Vec::new() }).collect();
        for round in 0..=rounds {
            let loads = [
                working(processor_time, || bare.rotate_for(&runtime, &sessions, clients, turn))?,
                working(processor_time, || flow::rotate_for(&runtime, &house, &sessions, clients, turn))?,
                working(processor_time_of_other_threads, || server.load(clients, turn))?,
            ];
            // In the first, connections are made and statements prepared.
            if round > 0 {
                rows.iter_mut().zip(loads).for_each(|(row, load)| row.loads.push(load));
            }
        }
        let title = format!("PostgreSQL, {count} sessions in the table, clients at a time: {clients}");
        report.table(table(title, &rows));
    }
    Ok(())
}

/// Connections of our own to the service's database, by the same driver and the same pool.
struct Bare {
    pool: Pool,
    idle_lifetime: Duration,
}

impl Bare {
    fn open(runtime: &Runtime, house: &House, url: &str) -> Outcome<Self> {
        let mut config: tokio_postgres::Config = url.parse().map_err(failed("the database URL"))?;
        // As the store's own: a rotation does not wait for the disk.
        config.options("-c synchronous_commit=off");
        let manager =
            Manager::from_config(config, NoTls, ManagerConfig { recycling_method: RecyclingMethod::Fast });
        let pool = Pool::builder(manager).max_size(PostgresOptions::CONNECTIONS).build();
        let pool = pool.map_err(failed("making a pool"))?;
        drop(runtime.block_on(pool.get()).map_err(failed("connecting"))?);
        Ok(Self { pool, idle_lifetime: house.context.settings.sessions.idle_lifetime })
    }

    fn rotate_for(
        &self,
        runtime: &Runtime,
        sessions: &Arc<Sessions>,
        clients: usize,
        time: Duration,
    ) -> Outcome<Load> {
        load::by_clients(runtime, clients, time, |end| {
            client(self.pool.clone(), Arc::clone(sessions), self.idle_lifetime, end)
        })
    }
}

async fn client(
    pool: Pool,
    sessions: Arc<Sessions>,
    idle_lifetime: Duration,
    end: Instant,
) -> Outcome<Vec<f64>> {
    let mut latencies = Vec::new();
    while Instant::now() < end {
        let draw = sessions.draw();
        let began = Instant::now();
        let changed = rotate(&pool, &draw, idle_lifetime).await?;
        #[expect(clippy::cast_precision_loss, reason = "nanoseconds of one statement")]
        latencies.push(began.elapsed().as_nanos() as f64);
        if changed != 1 {
            return Err(format!("the bare update changed {changed} rows"));
        }
        sessions.rotated(&draw, draw.now);
    }
    Ok(latencies)
}

async fn rotate(pool: &Pool, draw: &Draw, idle_lifetime: Duration) -> Outcome<u64> {
    let nanos = |time: jiff::Timestamp| i64::try_from(time.as_nanosecond()).unwrap_or(i64::MAX);
    let idle_expiry = draw.now.checked_add(idle_lifetime).unwrap_or(jiff::Timestamp::MAX);
    let (from, to) = (i64::from(draw.step.generation), i64::from(draw.step.generation) + 1);
    let client = pool.get().await.map_err(failed("connecting"))?;
    let statement = client.prepare_cached(ROTATE).await.map_err(failed("preparing"))?;
    let id = Uuid::from_bytes(*draw.id.as_bytes());
    let changed = client.execute(&statement, &[&id, &from, &to, &nanos(draw.now), &nanos(idle_expiry)]).await;
    changed.map_err(failed("rotating"))
}
