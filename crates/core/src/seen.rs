//! Which sessions this process has already noted as seen, so that asking `whoami` a thousand times reads nothing.

use std::sync::{Mutex, PoisonError};

use crate::model::{SessionId, Step};

const SHARDS: usize = 16;
const SLOTS_PER_SHARD: usize = 4096;

/// A small table of sessions and the newest step each was seen under. It forgets by being overwritten, which costs one
/// read of the store and nothing else.
pub(crate) struct SeenSessions {
    shards: Box<[Mutex<Shard>]>,
}

type Shard = Box<[Option<Seen>]>;
type Seen = (SessionId, Step);

impl Default for SeenSessions {
    fn default() -> Self {
        let shard = || Mutex::new(vec![None; SLOTS_PER_SHARD].into_boxed_slice());
        Self { shards: (0..SHARDS).map(|_| shard()).collect() }
    }
}

impl SeenSessions {
    /// Returns whether there is nothing to learn from this session being seen under this step.
    pub(crate) fn knows(&self, session: SessionId, step: Step) -> bool {
        self.with_slot(session, |slot| *slot == Some((session, step)))
    }

    /// Notes that the store has been told.
    pub(crate) fn note(&self, session: SessionId, step: Step) {
        self.with_slot(session, |slot| *slot = Some((session, step)));
    }

    fn with_slot<T>(&self, session: SessionId, act: impl FnOnce(&mut Option<Seen>) -> T) -> T {
        // Session ids are drawn, so their bytes are as good as a hash.
        let [a, b, c, ..] = *session.as_bytes();
        let shard = usize::from(a) % SHARDS;
        let slot = (usize::from(b) << 8 | usize::from(c)) % SLOTS_PER_SHARD;
        let mut slots = self.shards[shard].lock().unwrap_or_else(PoisonError::into_inner);
        act(&mut slots[slot])
    }
}

#[cfg(test)]
mod tests {
    use super::SeenSessions;
    use crate::model::{SessionId, Step};

    #[test]
    fn a_session_is_known_under_the_step_it_was_noted_with_and_no_other() {
        let seen = SeenSessions::default();
        let session = SessionId::from_bytes([7; 16]);
        let next = Step { generation: 1, branch: 0 };
        assert!(!seen.knows(session, Step::FIRST));
        seen.note(session, Step::FIRST);
        assert!(seen.knows(session, Step::FIRST));
        assert!(!seen.knows(session, next));
        seen.note(session, next);
        assert!(!seen.knows(session, Step::FIRST));
    }
}
