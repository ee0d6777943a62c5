use std::{
    collections::{HashMap, hash_map::Entry},
    hash::{BuildHasher as _, RandomState},
};

use super::{
    service::{Decide, HandsOut, Service},
    what::What,
    world::{Rules, World},
};

/// Far more than any of the tests has.
const MOST_STATES: usize = 8_000_000;

/// What was found.
#[derive(Debug)]
pub(crate) struct Found {
    /// How many states there are; all of them were visited, unless something is broken.
    pub states: usize,
    /// How many steps from state to state.
    pub steps: usize,
    /// The shortest run that breaks a property: what is broken, and how it came to it.
    pub broken: Option<Run>,
}

/// A run, in words.
#[derive(Debug)]
pub(crate) struct Run {
    /// What is broken.
    pub property: &'static str,
    /// What happened, from the sign-in on.
    pub steps: Vec<String>,
}

/// A step from one world to the next.
pub(crate) struct Next {
    /// What happens.
    pub what: What,
    /// The world after it.
    pub world: World,
    /// The property it breaks, if any.
    pub breaks: Option<&'static str>,
}

/// Walks every run of every length, breadth first.
pub(crate) fn explore(rules: &Rules, decide: Decide, hands_out: HandsOut) -> Found {
    let mut service = Service::new(decide, hands_out, rules.settings());
    let mut states = States::default();
    let mut first = World::signed_in();
    first.normalise(rules);
    states.add(first, 0, What::SignIn);
    let mut steps = 0;
    let mut at = 0;
    while at < states.all.len() {
        assert!(states.all.len() <= MOST_STATES, "the model is larger than was thought: it may have no end");
        let world = states.all[at].world.clone();
        for mut next in world.steps_from(rules, &mut service) {
            steps += 1;
            if let Some(property) = next.breaks {
                let run = Run { property, steps: states.trace(at, next.what) };
                return Found { states: states.all.len(), steps, broken: Some(run) };
            }
            next.world.normalise(rules);
            states.add(next.world, at, next.what);
        }
        at += 1;
    }
    Found { states: states.all.len(), steps, broken: None }
}

/// Every state that was met, in the order of meeting; each is kept once and compared in full.
#[derive(Default)]
struct States {
    all: Vec<State>,
    newest_by_hash: HashMap<u64, usize>,
    hasher: RandomState,
}

struct State {
    world: World,
    from: usize,
    what: What,
    same_hash: Option<usize>,
}

impl States {
    fn add(&mut self, world: World, from: usize, what: What) {
        let number = self.all.len();
        let newest = self.newest_by_hash.entry(self.hasher.hash_one(&world));
        let same_hash = match &newest {
            Entry::Occupied(entry) => Some(*entry.get()),
            Entry::Vacant(_) => None,
        };
        let mut candidate = same_hash;
        while let Some(known) = candidate {
            if self.all[known].world == world {
                return;
            }
            candidate = self.all[known].same_hash;
        }
        newest.insert_entry(number);
        self.all.push(State { world, from, what, same_hash });
    }

    fn trace(&self, mut at: usize, last: What) -> Vec<String> {
        let mut steps = vec![last.to_string()];
        while at != 0 {
            steps.push(self.all[at].what.to_string());
            at = self.all[at].from;
        }
        steps.reverse();
        steps
    }
}

impl World {
    fn steps_from(&self, rules: &Rules, service: &mut Service) -> Vec<Next> {
        let mut next = Vec::new();
        if self.ended {
            return next;
        }
        self.honest_steps(rules, service, &mut next);
        if rules.thief {
            self.thief_steps(rules, service, &mut next);
        }
        next
    }
}
