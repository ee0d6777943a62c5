use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;

use super::{Quota, SharedError, SharedKey};

/// Counts attempts, by one or for several replicas.
///
/// Every implementation passes `test_support::shared::limits`. One that replicas share goes by the clock of the server that it
/// is on: theirs may differ.
#[async_trait]
pub trait Limits: Send + Sync + 'static {
    /// Returns how many may ask at the same time. Where the server does other work as well, that is few: in a flood the others go by
    /// what their replica has counted.
    fn at_once(&self) -> usize {
        256
    }

    /// Takes an attempt from each of these buckets, or from none of them. An empty list asks whether anybody is there.
    async fn take(&self, wanted: &[Take], now: Timestamp) -> Result<Outcome, SharedError>;

    /// Gives attempts back, and sets marks.
    async fn settle(&self, settled: &Settled, now: Timestamp) -> Result<(), SharedError>;

    /// Frees what nobody needs any more, a limited number at a time. Returns whether there may be more.
    async fn clean_up(&self, now: Timestamp) -> Result<bool, SharedError>;
}

/// A bucket to take one attempt from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Take {
    /// Which.
    pub bucket: SharedKey,
    /// How many it holds.
    pub quota: Quota,
    /// What counts in its place for somebody who is known.
    pub known: Option<Known>,
}

/// Somebody is known while a mark is set: a stranger cannot use up their attempts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Known {
    /// The mark.
    pub mark: SharedKey,
    /// The bucket that counts in the place of the strangers'; `None` where nothing does.
    pub instead: Option<SharedKey>,
}

/// What became of a list of [`Take`]s.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// One was taken from each of these, in the order of the list; `None` where nothing counts.
    Taken(Vec<Option<SharedKey>>),
    /// Nothing was taken.
    Refused(Refusal),
}

impl Outcome {
    /// Reads what a server has counted. For each bucket, up to the first that refuses, it says in how many microseconds the bucket would be
    /// full again with one attempt more, and which has counted: 0 for none, 1 for the bucket, any other number for the one in its place.
    pub fn read(wanted: &[Take], answers: &[[i64; 2]]) -> Result<Self, SharedError> {
        if answers.len() > wanted.len() {
            return Err(SharedError::Unreadable { found: "another number of answers than of questions" });
        }
        let mut taken = Vec::with_capacity(wanted.len());
        for (by, (take, [used, which])) in wanted.iter().zip(answers).enumerate() {
            if let Some(wait) = take.quota.refusal(*used) {
                return Ok(Self::Refused(Refusal { by, wait }));
            }
            taken.push(match which {
                0 => None,
                1 => Some(take.bucket),
                _ => take.known.and_then(|known| known.instead),
            });
        }
        if taken.len() < wanted.len() {
            return Err(SharedError::Unreadable { found: "fewer answers than questions" });
        }
        Ok(Self::Taken(taken))
    }
}

/// A bucket is empty.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Refusal {
    /// The place in the list of the first one that is.
    pub by: usize,
    /// When there is an attempt in it again.
    pub wait: Duration,
}

/// What is known of attempts when they are over.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Settled {
    /// Each of these gets one attempt back.
    pub back: Vec<(SharedKey, Quota)>,
    /// These marks are set.
    pub marks: Vec<SharedKey>,
    /// For so long.
    pub marked_for: Duration,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_support::shared::key;

    fn two() -> [Take; 2] {
        let take =
            |name| Take { bucket: key(name), quota: Quota::new(1, Duration::from_mins(1)), known: None };
        [take("ann"), take("bob")]
    }

    #[test]
    fn what_counts_is_told_for_each_bucket() {
        let wanted = two();
        let taken = Outcome::read(&wanted, &[[1, 1], [0, 0]]).unwrap();
        assert_eq!(taken, Outcome::Taken(vec![Some(wanted[0].bucket), None]));
    }

    #[test]
    fn what_comes_after_a_refusal_needs_no_answer() {
        let refused = Outcome::read(&two(), &[[120_000_000, 1]]).unwrap();
        assert!(matches!(refused, Outcome::Refused(Refusal { by: 0, .. })), "{refused:?}");
    }

    #[test]
    fn fewer_answers_than_questions_are_none() {
        assert!(matches!(Outcome::read(&two(), &[[1, 1]]), Err(SharedError::Unreadable { .. })));
    }

    #[test]
    fn more_answers_than_questions_are_none() {
        assert!(matches!(Outcome::read(&two(), &[[1, 1]; 3]), Err(SharedError::Unreadable { .. })));
    }
}
