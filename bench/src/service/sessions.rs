use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::time::Duration;

use handstamp_core::Context;
use handstamp_core::model::{ClientId, RefreshState, Session, SessionId, SessionState, Step, UserId};
use handstamp_core::store::{Applied, Change, Changes};
use jiff::Timestamp;

use super::new_user;
use crate::{Outcome, failed};

/// Sessions in the database, drawn one after the other for their next rotation.
pub struct Sessions {
    ids: Vec<SessionId>,
    generations: Vec<AtomicU32>,
    drawn: AtomicU64,
    /// Walks through all of them in an order that has nothing to do with that of their birth.
    stride: usize,
    start: Timestamp,
    /// After this long a session may rotate again.
    pause: Duration,
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
        let mut ids = Vec::with_capacity(count);
        let mut user = None;
        while ids.len() < count {
            let mut changes = Changes::default();
            for _ in 0..IN_ONE_TRANSACTION.min(count - ids.len()) {
                if ids.len() % SESSIONS_PER_USER == 0 {
                    let next = new_user(context, ids.len(), None, start)?;
                    user = Some(next.id);
                    changes = changes.and(Change::CreateUser(next));
                }
                let session = new_session(context, user.ok_or("no user")?, start);
                ids.push(session.id);
                changes = changes.and(Change::StartSession { session, user_version: 1, at_most: None });
            }
            match context.store.apply(changes).await.map_err(failed("adding sessions"))? {
                Applied::Committed { .. } => {}
                Applied::Conflict(conflict) => return Err(format!("adding sessions: {conflict}")),
            }
        }
        let pause =
            settings.refresh_grace + settings.straggling() + settings.slack() + Duration::from_secs(1);
        let generations = ids.iter().map(|_| AtomicU32::new(0)).collect();
        Ok(Self { stride: stride(count), ids, generations, drawn: AtomicU64::new(0), start, pause })
    }

    /// Draws the next session. Each comes up once before any comes up again, and by then it may be rotated.
    pub fn draw(&self) -> Draw {
        let drawn = self.drawn.fetch_add(1, Ordering::Relaxed);
        let count = self.ids.len() as u64;
        let place = usize::try_from(drawn % count).unwrap_or_default();
        let index = place * self.stride % self.ids.len();
        // Time flows evenly, two pauses for each turn of everybody: a request that is handled a little after others were
        // drawn still leaves more than one pause until its session comes up again.
        let nanos = self.pause.as_nanos() * 2 * u128::from(drawn + count) / u128::from(count);
        let waited = Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX));
        let now = self.start.checked_add(waited).unwrap_or(Timestamp::MAX);
        let generation = self.generations[index].load(Ordering::Relaxed);
        Draw { index, id: self.ids[index], step: Step { generation, branch: 0 }, now }
    }

    /// Notes that the drawn session was rotated.
    pub fn rotated(&self, draw: &Draw) {
        self.generations[draw.index].store(draw.step.generation + 1, Ordering::Relaxed);
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

    use super::*;

    #[test]
    fn a_stride_visits_everybody() {
        for count in [1, 2, 10, 1_000, 10_000] {
            let stride = stride(count);
            let visited: BTreeSet<usize> = (0..count).map(|place| place * stride % count).collect();
            assert_eq!(visited.len(), count);
        }
    }
}
