//! Several ways to do one thing, measured side by side.

use std::hint::black_box;
use std::time::{Duration, Instant};

use crate::Outcome;
use crate::statistics::{median, nanos_each};

/// One of the ways.
pub struct Contestant<'a> {
    name: String,
    run: Box<dyn FnMut(u64) -> Outcome<Duration> + 'a>,
}

impl<'a> Contestant<'a> {
    /// A contestant of this process: `operation` is one operation.
    pub fn new<T>(name: impl Into<String>, mut operation: impl FnMut() -> T + 'a) -> Self {
        let run = move |count| {
            let start = Instant::now();
            for _ in 0..count {
                black_box(operation());
            }
            Ok(start.elapsed())
        };
        Self { name: name.into(), run: Box::new(run) }
    }

    /// A contestant that measures itself: it does so many operations and says how long they took.
    pub fn measuring_itself(name: impl Into<String>, run: impl FnMut(u64) -> Outcome<Duration> + 'a) -> Self {
        Self { name: name.into(), run: Box::new(run) }
    }

    /// Returns its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Does one operation.
    pub fn once(&mut self) -> Outcome {
        self.turn(1).map(|_| ())
    }

    /// Does so many operations and returns how long they took.
    pub fn turn(&mut self, count: u64) -> Outcome<Duration> {
        (self.run)(count)
    }
}

/// How long a race goes on.
#[derive(Clone, Copy, Debug)]
pub struct Plan {
    /// Turns that each contestant gets.
    pub rounds: usize,
    /// How long a turn is meant to last.
    pub turn: Duration,
}

/// What a race found about one contestant.
#[derive(Clone, Debug)]
pub struct Finish {
    /// Its name.
    pub name: String,
    /// Nanoseconds an operation, the median of all rounds.
    pub nanos: f64,
    /// Its time over the floor's, the median of all rounds' own ratios.
    pub ratio: f64,
}

/// Lets the contestants take turns. The first is the floor that the others are compared with.
///
/// Who starts rotates, so that nobody always runs after the same neighbour. Rounds have their own ratios: a machine that
/// slows down for a second slows floor and contestant alike.
pub fn run(plan: Plan, mut contestants: Vec<Contestant<'_>>) -> Outcome<Vec<Finish>> {
    let mut counts = Vec::new();
    for contestant in &mut contestants {
        counts.push(operations_per_turn(contestant, plan.turn)?);
    }
    let mut times = vec![Vec::with_capacity(plan.rounds); contestants.len()];
    for round in 0..plan.rounds {
        for turn in 0..contestants.len() {
            let index = (round + turn) % contestants.len();
            let (contestant, count) = (&mut contestants[index], counts[index]);
            times[index].push(nanos_each((contestant.run)(count)?, count));
        }
    }
    let floor = times.first().cloned().unwrap_or_default();
    let finish = |(contestant, times): (Contestant<'_>, &Vec<f64>)| {
        let ratios: Vec<f64> = times.iter().zip(&floor).map(|(time, floor)| time / floor).collect();
        Finish { name: contestant.name, nanos: median(times), ratio: median(&ratios) }
    };
    Ok(contestants.into_iter().zip(&times).map(finish).collect())
}

/// Warms a contestant up and finds out how many operations fill a turn.
fn operations_per_turn(contestant: &mut Contestant<'_>, turn: Duration) -> Outcome<u64> {
    let mut count = 1;
    loop {
        let took = (contestant.run)(count)?;
        if took >= turn / 2 || count >= 1 << 32 {
            let per_turn = turn.as_secs_f64() * 1e9 / nanos_each(took, count);
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "positive, far below 2^64"
            )]
            return Ok((per_turn as u64).max(1));
        }
        count *= 2;
    }
}
