//! The looks that a sign-in and a refresh take, by the store that the service has.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use handstamp_bench::statistics::percentile;
use handstamp_bench::{Outcome, failed};
use handstamp_core::model::SessionId;
use handstamp_core::store::{Applied, Change, Changes, Durability, Store};
use jiff::Timestamp;

use super::{USERS_PER_SESSION, rows};

/// What is measured.
#[derive(Clone, Copy)]
pub(crate) enum LookUp {
    /// A sign-in's first step.
    UserByLogin,
    /// All that a refresh reads.
    SessionSubject,
    /// All that a refresh writes.
    Rotation,
}

/// Who comes next, in an order that has nothing to do with that of the rows.
pub(crate) struct Visitors {
    users: u64,
    /// How many of them come.
    come: u64,
    drawn: AtomicU64,
}

impl LookUp {
    pub(crate) const ALL: [Self; 3] = [Self::UserByLogin, Self::SessionSubject, Self::Rotation];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::UserByLogin => "a user by name",
            Self::SessionSubject => "a session with its user and the log's position",
            Self::Rotation => "the conditional update of a rotation",
        }
    }

    /// Returns the nanoseconds of each look.
    pub(crate) async fn run(
        self,
        store: &Arc<dyn Store>,
        visitors: &Visitors,
        looks: u64,
    ) -> Outcome<Vec<f64>> {
        let mut times = Vec::new();
        for _ in 0..looks {
            let took = self.once(&**store, visitors.next()).await?;
            #[expect(clippy::cast_precision_loss, reason = "nanoseconds of one look")]
            times.push(took.as_nanos() as f64);
        }
        Ok(times)
    }

    async fn once(self, store: &dyn Store, user: u64) -> Outcome<Duration> {
        if let Self::UserByLogin = self {
            let login = format!("user-{user}").parse().map_err(failed("a name"))?;
            let start = Instant::now();
            let found = store.user_by_login(&login).await.map_err(failed("looking up a user"))?;
            let took = start.elapsed();
            return found.map(|_| took).ok_or_else(|| format!("user-{user} is missing"));
        }
        let id = SessionId::from_bytes(rows::key(user - user % USERS_PER_SESSION));
        let start = Instant::now();
        let found = store.session_subject(id).await.map_err(failed("looking up a session"))?;
        let took = start.elapsed();
        let (session, _) = found.ok_or_else(|| format!("the session of user-{user} is missing"))?;
        if let Self::SessionSubject = self {
            return Ok(took);
        }
        let to = session.refresh.rotated(Timestamp::now(), Duration::from_secs(1));
        let to = to.ok_or("too many rotations")?;
        let rotation =
            Change::RotateSession { id, from: session.refresh, to, idle_expiry: session.idle_expiry };
        let mut changes = Changes::default().and(rotation);
        changes.durability = Durability::Relaxed;
        let start = Instant::now();
        match store.apply(changes).await.map_err(failed("rotating"))? {
            Applied::Committed { .. } => Ok(start.elapsed()),
            Applied::Conflict(conflict) => Err(format!("rotating: {conflict}")),
        }
    }
}

impl Visitors {
    /// Everybody comes, one after the other.
    pub(crate) fn all(users: u64) -> Self {
        Self::some(users, users)
    }

    /// So many come, again and again.
    pub(crate) fn some(users: u64, come: u64) -> Self {
        Self { users, come, drawn: AtomicU64::new(0) }
    }

    /// Returns a number from `USERS_PER_SESSION` to the last user's.
    fn next(&self) -> u64 {
        // A prime near the golden section of 2^32: neighbours in the order of visits are far apart in the order of rows.
        const STRIDE: u64 = 2_654_435_761;
        let visit = self.drawn.fetch_add(1, Ordering::Relaxed) % self.come;
        let first = USERS_PER_SESSION;
        first + visit.wrapping_mul(STRIDE) % (self.users - first + 1)
    }
}

/// Returns of each turn the time that this share of its looks stayed below.
pub(crate) fn at(turns: &[Vec<f64>], share: f64) -> Vec<f64> {
    turns.iter().map(|times| percentile(times, share)).collect()
}
