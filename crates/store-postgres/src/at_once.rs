//! The look-ups and writes of every refresh, many in one statement, each statement a transaction of its own.

use std::collections::HashSet;
use std::sync::Arc;

use handstamp_core::model::{LogPosition, Session, SessionId};
use handstamp_core::store::Subject;
use handstamp_token::Entropy;

use crate::apply::session_moves::{Rotation, Sighting, rotate_all, see_all};
use crate::batches::{Batch, rounds};
use crate::connection::Connection;
use crate::failure::{Failure, Kind};
use crate::jitter;
use crate::pool::Pool;
use crate::read::subjects;
use crate::sql::refresh;
use crate::units::{FIRST_PAUSE, TRIES};

/// Looks up sessions with their users.
pub(crate) struct LookUps(pub(crate) Pool);

/// Moves refresh families on.
pub(crate) struct Rotations(pub(crate) Writes);

/// Notes that access tokens came back.
pub(crate) struct Sightings(pub(crate) Writes);

/// What all that write need.
#[derive(Clone)]
pub(crate) struct Writes {
    pub(crate) pool: Pool,
    pub(crate) entropy: Arc<dyn Entropy>,
}

impl Batch for LookUps {
    type Question = SessionId;
    /// A session that cannot be read is one client's trouble.
    type Answer = Result<Option<(Session, Subject)>, Failure>;

    async fn ask(&self, questions: &[SessionId]) -> Result<Vec<Self::Answer>, Failure> {
        let ids: HashSet<SessionId> = questions.iter().copied().collect();
        let ids: Vec<SessionId> = ids.into_iter().collect();
        let found = subjects::by_sessions(&self.0, &ids).await?;
        Ok(questions.iter().map(|id| found.get(id).cloned().transpose()).collect())
    }
}

impl Batch for Rotations {
    type Question = Rotation;
    /// Where the log stands, if it held.
    type Answer = Option<LogPosition>;

    async fn ask(&self, questions: &[Rotation]) -> Result<Vec<Self::Answer>, Failure> {
        let write = async |connection: &Connection, round: &[Rotation]| {
            rotate_all(connection, refresh::ROTATE_AT_ONCE, round).await
        };
        // Of those that rest on the same state one can hold. To try them one after the other would keep the whole batch waiting for whoever
        // sends one token a hundred times.
        let mut states = HashSet::new();
        let first = questions.iter().enumerate().filter(|(_, one)| states.insert((one.id, one.from)));
        let (places, tried): (Vec<usize>, Vec<Rotation>) = first.map(|(place, one)| (place, *one)).unzip();
        let held = self.0.in_rounds(&tried, |one| one.id, write).await?;
        let mut answers = vec![None; questions.len()];
        places.into_iter().zip(held).for_each(|(place, answer)| answers[place] = answer);
        Ok(answers)
    }
}

impl Batch for Sightings {
    type Question = Sighting;
    type Answer = Option<LogPosition>;

    async fn ask(&self, questions: &[Sighting]) -> Result<Vec<Self::Answer>, Failure> {
        let write = async |connection: &Connection, round: &[Sighting]| {
            let head = see_all(connection, round).await?;
            Ok(vec![Some(head); round.len()])
        };
        self.0.in_rounds(questions, |one| one.id, write).await
    }
}

impl Writes {
    /// Writes in rounds in which no session stands twice, and in the order of ids: two batches that share sessions lock them in one
    /// order.
    async fn in_rounds<Q: Copy, A: Clone>(
        &self,
        questions: &[Q],
        id: impl Fn(&Q) -> SessionId,
        write: impl AsyncFn(&Connection, &[Q]) -> Result<Vec<Option<A>>, Failure>,
    ) -> Result<Vec<Option<A>>, Failure> {
        let connection = self.pool.connection().await?;
        let mut answers = vec![None; questions.len()];
        for mut places in rounds(questions.iter().map(&id)) {
            places.sort_by_key(|place| id(&questions[*place]));
            let round: Vec<Q> = places.iter().map(|place| questions[*place]).collect();
            let held = self.until_undisturbed(&connection, &round, &write).await?;
            places.into_iter().zip(held).for_each(|(place, answer)| answers[place] = answer);
        }
        Ok(answers)
    }

    /// Repeats a statement that the database has undone because it stood in another's way, or not begun because it has to be
    /// prepared anew. One whose connection is lost may have been
    /// committed, and is not repeated: whoever waits hears that it is not known, and asks again with the same token.
    async fn until_undisturbed<Q, A>(
        &self,
        connection: &Connection,
        round: &[Q],
        write: &impl AsyncFn(&Connection, &[Q]) -> Result<Vec<Option<A>>, Failure>,
    ) -> Result<Vec<Option<A>>, Failure> {
        let mut pause = FIRST_PAUSE;
        for _ in 1..TRIES {
            match write(connection, round).await {
                Err(failure) if failure.kind() == Kind::Again || failure.is_stale_statement() => {
                    tokio::time::sleep(jitter::around(pause, &*self.entropy)).await;
                    pause *= 2;
                }
                done => return done,
            }
        }
        write(connection, round).await
    }
}
