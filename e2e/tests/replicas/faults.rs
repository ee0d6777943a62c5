//! What goes wrong, and how it is mended.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use super::cluster::Cluster;

/// Something that goes wrong for a while.
pub(super) struct Fault {
    what: &'static str,
    pub(super) lasts: Duration,
    begin: Step,
    end: Step,
}

type Step = fn(&Cluster);

pub(super) const POSTGRES_RESTARTED: Fault =
    Fault::new("PostgreSQL restarted", 0, |cluster| cluster.postgres.restart(), |_| {});
pub(super) const POSTGRES_KILLED: Fault = Fault::new(
    "PostgreSQL killed",
    2,
    |cluster| cluster.postgres.kill(),
    |cluster| cluster.postgres.start_again(),
);
pub(super) const POSTGRES_FROZEN: Fault = Fault::new(
    "PostgreSQL frozen",
    10,
    |cluster| cluster.postgres.pause(),
    |cluster| cluster.postgres.resume(),
);
pub(super) const POSTGRES_CUT_OFF: Fault = Fault::new(
    "PostgreSQL cut off",
    3,
    |cluster| cluster.to_postgres.cut(),
    |cluster| cluster.to_postgres.mend(),
);
/// Nobody closes anything: packets are lost on the way.
pub(super) const POSTGRES_SILENT: Fault = Fault::new(
    "PostgreSQL silent",
    5,
    |cluster| cluster.to_postgres.silence(),
    |cluster| cluster.to_postgres.mend(),
);
pub(super) const REDIS_EMPTIED: Fault =
    Fault::new("Redis emptied", 0, |cluster| cluster.redis.flush(), |_| {});
pub(super) const REDIS_KILLED: Fault =
    Fault::new("Redis killed", 3, |cluster| cluster.redis.kill(), |cluster| cluster.redis.start_again());
pub(super) const REDIS_FROZEN: Fault =
    Fault::new("Redis frozen", 3, |cluster| cluster.redis.pause(), |cluster| cluster.redis.resume());
pub(super) const REDIS_SILENT: Fault =
    Fault::new("Redis silent", 3, |cluster| cluster.to_redis.silence(), |cluster| cluster.to_redis.mend());

impl Fault {
    pub(super) const fn new(what: &'static str, seconds: u64, begin: Step, end: Step) -> Self {
        Self { what, lasts: Duration::from_secs(seconds), begin, end }
    }

    pub(super) async fn begins(&self, cluster: &Arc<Cluster>) {
        cluster.aside(self.begin).await;
    }

    pub(super) async fn ends(&self, cluster: &Arc<Cluster>) {
        cluster.aside(self.end).await;
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { what, lasts, .. } = self;
        if lasts.is_zero() { f.write_str(what) } else { write!(f, "{what} for {lasts:?}") }
    }
}
