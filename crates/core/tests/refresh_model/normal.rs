//! One form for worlds that behave alike, so that they are one state: times older than every window are equally old, tokens
//! older than every parent are equally old, and only the order of generations and branches counts.

use handstamp_core::model::Step;

use super::{
    request::Phase,
    row::Row,
    world::{Rules, World},
};

/// How far a power cut takes the row back, in generations.
const MOST_LOST: u32 = 2;

/// Where the row's generation stands in every state.
const GENERATION: u32 = 10;

impl World {
    /// Lets one tick pass, if that means anything.
    pub(crate) fn tick(&mut self, rules: &Rules) {
        for row in self.rows() {
            row.rotated += 1;
            row.handed_out += 1;
        }
        for request in &mut self.requests {
            request.age += 1;
            if let Phase::Arrived { since, .. } = &mut request.phase {
                *since += 1;
            }
        }
        if let Some(whoami) = &mut self.whoami {
            whoami.age += 1;
        }
        // One of those that are written late is as good as many: whichever is first makes the others void.
        let mut dropped = 0;
        self.requests.retain(|request| match request.phase {
            Phase::Sent | Phase::Answered { .. } => request.age <= rules.client_timeout,
            Phase::Arrived { since, .. } => {
                dropped += usize::from(request.is_dropped(rules));
                since <= rules.service_timeout + rules.late_writes && dropped <= 1
            }
        });
        self.whoami = self.whoami.filter(|whoami| whoami.age <= rules.client_timeout + rules.service_timeout);
    }

    /// Brings the world into its one form.
    pub(crate) fn normalise(&mut self, rules: &Rules) {
        // The disk is synced now and then, whatever happens.
        if !rules.power_cuts || self.row.current.generation > self.durable.current.generation + MOST_LOST {
            self.durable = self.row;
        }
        // Decisions look at differences between the row's times and the arrival of a request, which is at most one service
        // time-out ago, and the time in which it may be written late.
        let oldest = rules.all_windows() + rules.service_timeout + rules.late_writes + 1;
        for row in self.rows() {
            row.rotated = row.rotated.min(oldest);
            row.handed_out = row.handed_out.min(oldest);
        }
        self.shift_generations();
        self.compress_branches();
        self.requests.sort_unstable();
        self.stolen.sort_unstable();
        self.stolen.dedup();
    }

    fn shift_generations(&mut self) {
        let current = self.row.current.generation;
        // A row that was read, or that a power cut would bring back, may be behind: its parent is still told apart.
        let lowest = self.rows().map(|row| row.current.generation).min().unwrap_or(current);
        let floor = lowest.saturating_sub(2);
        let shift = |generation: u32| (generation.max(floor) + GENERATION).saturating_sub(current);
        for step in self.steps() {
            if step.generation <= floor {
                step.branch = 0;
            }
            step.generation = shift(step.generation);
        }
        for row in self.rows() {
            row.current.generation = shift(row.current.generation);
        }
    }

    fn compress_branches(&mut self) {
        if self.steps().all(|step| step.branch == 0) && self.rows().all(|row| row.current.branch == 0) {
            return;
        }
        let mut generations: Vec<u32> = self.steps().map(|step| step.generation).collect();
        generations.extend(self.rows().flat_map(|row| [row.current.generation, row.current.generation - 1]));
        generations.sort_unstable();
        generations.dedup();
        for generation in generations {
            let mut used: Vec<u16> =
                self.steps().filter(|step| step.generation == generation).map(|step| step.branch).collect();
            for row in self.rows() {
                used.extend((row.current.generation == generation).then_some(row.current.branch));
                used.extend(row.parent_branch.filter(|_| row.current.generation == generation + 1));
            }
            used.sort_unstable();
            used.dedup();
            let rank = |branch: u16| {
                u16::try_from(used.iter().position(|used| *used == branch).expect("it is used"))
                    .expect("they are few")
            };
            for step in self.steps().filter(|step| step.generation == generation) {
                step.branch = rank(step.branch);
            }
            for row in self.rows() {
                if row.current.generation == generation {
                    row.current.branch = rank(row.current.branch);
                }
                if row.current.generation == generation + 1 {
                    row.parent_branch = row.parent_branch.map(rank);
                }
            }
        }
    }

    fn rows(&mut self) -> impl Iterator<Item = &mut Row> {
        let read = self.requests.iter_mut().filter_map(|request| match &mut request.phase {
            Phase::Arrived { read, .. } => Some(&mut read.row),
            Phase::Sent | Phase::Answered { .. } => None,
        });
        [&mut self.row, &mut self.durable].into_iter().chain(read)
    }

    fn steps(&mut self) -> impl Iterator<Item = &mut Step> {
        let requests = self.requests.iter_mut().flat_map(|request| {
            let carried: [Option<&mut Step>; 2] = match &mut request.phase {
                Phase::Answered { refresh, access, .. } => [refresh.as_mut(), Some(access)],
                Phase::Sent | Phase::Arrived { .. } => [None, None],
            };
            [Some(&mut request.token)].into_iter().chain(carried).flatten()
        });
        let whoami = self.whoami.as_mut().map(|whoami| &mut whoami.access);
        let jar = [&mut self.jar.refresh, &mut self.jar.access];
        jar.into_iter().chain(whoami).chain(self.stolen.iter_mut()).chain(requests)
    }
}
