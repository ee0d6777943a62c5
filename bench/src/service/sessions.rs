use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use handstamp_core::Context;
use handstamp_core::model::{ClientId, RefreshState, Session, SessionId, SessionState, Step, UserId};
use handstamp_core::store::{Change, Changes};
use jiff::Timestamp;

use super::{commit, new_user};
use crate::Outcome;

/// Sessions in the database, drawn one after the other for their next rotation.
pub struct Sessions {
    all: Vec<Mutex<Standing>>,
    drawn: AtomicU64,
    /// Walks through all of them in an order that has nothing to do with that of their birth.
    stride: usize,
    start: Timestamp,
    /// After this long a session may rotate again.
    pause: Duration,
}

/// Where a session is.
struct Standing {
    id: SessionId,
    generation: u32,
    /// Drawn, and not heard of since: nobody knows whether it has moved.
    is_under_way: bool,
    /// From when on it may rotate again.
    ready: Timestamp,
}

/// The session whose turn it is.
pub struct Draw {
    /// Where it stands in the list.
    index: usize,
    /// Its id.
    pub id: SessionId,
    /// Its current refresh token.
    pub step: Step,
    /// When it is rotated.
    pub now: Timestamp,
}

const IN_ONE_TRANSACTION: usize = 1_000;
const SESSIONS_PER_USER: usize = 10;

impl Sessions {
    /// Adds so many sessions and the people they belong to.
    pub async fn add(context: &Context, count: usize, start: Timestamp) -> Outcome<Self> {
        let settings = &context.settings.sessions;
        let mut all = Vec::with_capacity(count);
        let mut user = None;
        while all.len() < count {
            let mut changes = Changes::default();
            for _ in 0..IN_ONE_TRANSACTION.min(count - all.len()) {
                if all.len() % SESSIONS_PER_USER == 0 {
                    let next = new_user(context, all.len(), None, start)?;
                    user = Some(next.id);
                    changes = changes.and(Change::CreateUser(next));
                }
                let session = new_session(context, user.ok_or("no user")?, start);
                all.push(Mutex::new(Standing {
                    id: session.id,
                    generation: 0,
                    is_under_way: false,
                    ready: start,
                }));
                changes = changes.and(Change::StartSession { session, user_version: 1, at_most: None });
            }
            commit(context, changes, "adding sessions").await?;
        }
        let pause =
            settings.refresh_grace + settings.straggling() + settings.slack() + Duration::from_secs(1);
        Ok(Self { stride: stride(count), all, drawn: AtomicU64::new(0), start, pause })
    }

    /// Draws the next session. Each comes up once before any comes up again, and by then it may be rotated. One that is still
    /// under way is passed over, however long that takes.
    pub fn draw(&self) -> Draw {
        loop {
            let drawn = self.drawn.fetch_add(1, Ordering::Relaxed);
            let count = self.all.len() as u64;
            let place = usize::try_from(drawn % count).unwrap_or_default();
            let index = place * self.stride % self.all.len();
            let mut standing = self.standing(index);
            if !standing.is_under_way {
                standing.is_under_way = true;
                // Time flows evenly, two pauses for each turn of everybody.
                let nanos = self.pause.as_nanos() * 2 * u128::from(drawn + count) / u128::from(count);
                let waited = Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX));
                let now = self.start.checked_add(waited).unwrap_or(Timestamp::MAX).max(standing.ready);
                let step = Step { generation: standing.generation, branch: 0 };
                return Draw { index, id: standing.id, step, now };
            }
        }
    }

    /// Notes that the drawn session was rotated, at this time or before.
    pub fn rotated(&self, draw: &Draw, by: Timestamp) {
        let mut standing = self.standing(draw.index);
        standing.generation = draw.step.generation + 1;
        standing.is_under_way = false;
        standing.ready = by.checked_add(self.pause).unwrap_or(Timestamp::MAX);
    }

    fn standing(&self, index: usize) -> MutexGuard<'_, Standing> {
        self.all[index].lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// About the golden section of the count, and coprime to it.
fn stride(count: usize) -> usize {
    let greatest_common = |mut a: usize, mut b: usize| {
        while b > 0 {
            (a, b) = (b, a % b);
        }
        a
    };
    let near = (count / 1000 * 618).max(1);
    (near..near + count).find(|stride| greatest_common(*stride, count) == 1).unwrap_or(1)
}

/// Returns a session that begins now, as a sign-in starts it.
pub fn new_session(context: &Context, user_id: UserId, now: Timestamp) -> Session {
    let settings = &context.settings.sessions;
    let later = |lifetime: Duration| now.checked_add(lifetime).unwrap_or(Timestamp::MAX);
    Session {
        id: SessionId::random(&*context.entropy),
        user_id,
        client_id: ClientId::first_party(),
        device: "Firefox on Linux".to_owned(),
        created_at: now,
        auth_time: now,
        amr: vec!["pwd".to_owned()],
        absolute_expiry: later(settings.absolute_lifetime),
        idle_expiry: later(settings.idle_lifetime),
        refresh: RefreshState::first(now, settings.slack()),
        last_seen_at: now,
        status: None,
        carried: None,
        state: SessionState::Active,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use handstamp_server::Clock as _;

    use super::*;
    use crate::service::{House, runtime};

    fn sessions(count: usize) -> Sessions {
        let runtime = runtime(1).unwrap();
        let house = runtime.block_on(House::open()).unwrap();
        runtime.block_on(Sessions::add(&house.context, count, house.clock.now())).unwrap()
    }

    #[test]
    fn a_session_that_is_under_way_is_not_drawn_again() {
        let sessions = sessions(3);
        let held = sessions.draw();

        for _ in 0..10 {
            let draw = sessions.draw();
            assert_ne!(draw.id, held.id);
            sessions.rotated(&draw, draw.now);
        }
    }

    #[test]
    fn a_session_that_was_late_gets_its_pause_all_the_same() {
        let sessions = sessions(1);
        let late = sessions.draw();
        let by = late.now.checked_add(Duration::from_hours(1)).unwrap();
        sessions.rotated(&late, by);

        let next = sessions.draw();

        assert_eq!(next.step.generation, 1);
        assert_eq!(next.now, by.checked_add(sessions.pause).unwrap());
    }

    #[test]
    fn a_stride_visits_everybody() {
        for count in [1, 2, 10, 1_000, 10_000] {
            let stride = stride(count);
            let visited: BTreeSet<usize> = (0..count).map(|place| place * stride % count).collect();
            assert_eq!(visited.len(), count);
        }
    }
}
