//! The floor: what a rotation writes, and nothing else.

use std::time::{Duration, Instant};

use handstamp_bench::load::Load;
use handstamp_bench::service::{Draw, House, Sessions};
use handstamp_bench::{Outcome, failed};
use rusqlite::params;

/// The same condition and the same columns as the store's own statement.
const ROTATE: &str = "UPDATE sessions SET generation = ?3, branch = 0, parent_branch = 0, rotated_at = ?4, \
                      handed_out_at = ?4, confirmed = 0, idle_expiry = max(idle_expiry, ?5) \
                      WHERE id = ?1 AND generation = ?2 AND branch = 0 AND ended_at IS NULL";

/// A connection of our own to the service's database.
pub(crate) struct Connection {
    connection: rusqlite::Connection,
    idle_lifetime: Duration,
}

impl Connection {
    /// Opens it with the store's own cache and checkpoint sizes.
    pub(crate) fn open(house: &House, synchronous: &str) -> Outcome<Self> {
        let open = || -> rusqlite::Result<rusqlite::Connection> {
            let connection = rusqlite::Connection::open(house.database())?;
            connection.busy_timeout(Duration::from_secs(5))?;
            connection.pragma_update(None, "synchronous", synchronous)?;
            connection.pragma_update(None, "cache_size", -16 * 1024)?;
            connection.pragma_update(None, "wal_autocheckpoint", 4_000)?;
            Ok(connection)
        };
        let connection = open().map_err(failed("opening the database beside the store"))?;
        Ok(Self { connection, idle_lifetime: house.context.settings.sessions.idle_lifetime })
    }

    /// Rotates one session after the other for so long.
    pub(crate) fn rotate_for(&self, sessions: &Sessions, time: Duration) -> Outcome<Load> {
        let mut latencies = Vec::new();
        let start = Instant::now();
        while start.elapsed() < time {
            let draw = sessions.draw();
            let began = Instant::now();
            let changed = self.rotate(&draw).map_err(failed("rotating"))?;
            #[expect(clippy::cast_precision_loss, reason = "nanoseconds of one statement")]
            latencies.push(began.elapsed().as_nanos() as f64);
            if changed != 1 {
                return Err(format!("the bare update changed {changed} rows"));
            }
            sessions.rotated(&draw, draw.now);
        }
        Ok(Load::new(latencies, start.elapsed()))
    }

    fn rotate(&self, draw: &Draw) -> rusqlite::Result<usize> {
        let nanos = |time: jiff::Timestamp| i64::try_from(time.as_nanosecond()).unwrap_or(i64::MAX);
        let idle_expiry = draw.now.checked_add(self.idle_lifetime).unwrap_or(jiff::Timestamp::MAX);
        let (from, to) = (draw.step.generation, draw.step.generation + 1);
        let params = params![draw.id.as_bytes(), from, to, nanos(draw.now), nanos(idle_expiry)];
        self.connection.prepare_cached(ROTATE)?.execute(params)
    }
}
